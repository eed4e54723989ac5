import { binding } from '../expression.js';
import type { Value } from '../graph.js';
import { elementwise, type Elementwise } from './elementwise.js';
import { multiply } from './multiply.js';
import { negate } from './negate.js';

/** φ, the standard normal distribution's density at every entry: exp(−x² / 2) / √(2π). */
export function normalDensity(value: Value): Value {
  return elementwise(value, description);
}

const description: Elementwise = {
  name: 'normal-density',
  compute: (x) => Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI),

  onnx(emitter, input) {
    const square = emitter.node('Mul', [input, input]);
    const power = emitter.node('Exp', [emitter.node('Div', [square, emitter.floats([-2], [])])]);
    return emitter.node('Div', [power, emitter.floats([Math.sqrt(2 * Math.PI)], [])]);
  },

  print(language, inner) {
    if (language === 'tex') return { text: `\\varphi\\left(${inner.text}\\right)`, binding: binding.call };
    const [exponential, root] =
      language === 'numpy' ? ['np.exp', 'np.sqrt(2 * np.pi)'] : ['torch.exp', '(2 * torch.pi) ** 0.5'];
    return {
      text: `normal_density(${inner.text})`,
      binding: binding.atom,
      prelude: [`def normal_density(x):\n    return ${exponential}(-x ** 2 / 2) / ${root}`],
    };
  },

  vjp: (upstream, x, result) => negate(multiply(multiply(upstream, x), result)),
};
