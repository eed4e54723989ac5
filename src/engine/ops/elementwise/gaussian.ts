import { binding, inside, number } from '../../expression.js';
import type { Value } from '../../graph.js';
import { unary, type Unary } from '../elementwise.js';
import { constant, divide } from './divide.js';
import { multiply } from './multiply.js';

/** exp(−x² / 2σ²), which is 1 at 0 (Luong et al. 2015, eq. 10). */
export function gaussian(value: Value, deviation: number): Value {
  return unary(value, description(deviation));
}

function description(deviation: number): Unary {
  const doubled = 2 * deviation ** 2;
  return {
    name: 'gaussian',
    compute: (x) => Math.exp(-(x ** 2) / doubled),

    onnx(emitter, input) {
      const square = emitter.node('Mul', [input, input]);
      return emitter.node('Exp', [emitter.node('Div', [square, emitter.floats([-doubled], [])])]);
    },

    print: (language, inner) => {
      const square = (power: string): string => `${inside(inner, binding.atom, language)}${power}`;
      switch (language) {
        case 'tex':
          return {
            text: `\\exp\\left(-\\frac{${square('^2')}}{2 \\cdot ${number(deviation).text}^2}\\right)`,
            binding: binding.call,
          };
        case 'numpy':
          return { text: `np.exp(-${square(' ** 2')} / ${doubled})`, binding: binding.atom };
        case 'pytorch':
          return { text: `torch.exp(-${square(' ** 2')} / ${doubled})`, binding: binding.atom };
      }
    },

    vjp: (upstream, x, result) =>
      divide(multiply(upstream, multiply(result, x)), [constant(-(deviation ** 2), '-\\sigma^2')]),
  };
}
