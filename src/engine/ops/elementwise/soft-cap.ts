import { binding, number } from '../../expression.js';
import type { Value } from '../../graph.js';
import { unary, type Unary } from '../elementwise.js';
import { constant, divide } from './divide.js';
import { multiply } from './multiply.js';
import { subtract } from './subtract.js';

/** c · tanh(x / c): keeps scores between −c and c (Gemma 2 report, §2, logit soft-capping). */
export function softCap(value: Value, cap: number): Value {
  return unary(value, description(cap));
}

function description(cap: number): Unary {
  return {
    name: 'soft-cap',
    attributes: { cap },
    compute: (x) => cap * Math.tanh(x / cap),

    onnx(emitter, input) {
      const c = emitter.floats([cap], []);
      return emitter.node('Mul', [emitter.node('Tanh', [emitter.node('Div', [input, c])]), c]);
    },

    print: (language, { text }) => {
      switch (language) {
        case 'tex': {
          const c = number(cap).text;
          return { text: `${c} \\tanh\\left(\\frac{${text}}{${c}}\\right)`, binding: binding.product };
        }
        case 'numpy':
          return { text: `${cap} * np.tanh((${text}) / ${cap})`, binding: binding.product };
        case 'pytorch':
          return { text: `${cap} * torch.tanh((${text}) / ${cap})`, binding: binding.product };
      }
    },

    // The derivative is 1 − tanh²(x / c).
    vjp(upstream, _, result) {
      const ratio = divide(result, [constant(cap, 'c')]);
      return subtract(upstream, multiply(upstream, multiply(ratio, ratio)));
    },
  };
}
