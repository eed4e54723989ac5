import { binding, inside, number } from '../../expression.js';
import type { Value } from '../../graph.js';
import { unary, type Unary } from '../elementwise.js';
import { constant, divide } from './divide.js';
import { multiply } from './multiply.js';

/** 1 / √(x + ε) of every entry: what brings a variance of x to 1. */
export function inverseSquareRoot(value: Value, epsilon: number): Value {
  return unary(value, descriptionFor(epsilon));
}

function descriptionFor(epsilon: number): Unary {
  return {
    name: 'inverse-square-root',
    compute: (x) => 1 / Math.sqrt(x + epsilon),

    onnx(emitter, input) {
      const sum = emitter.node('Add', [input, emitter.floats([epsilon], [])]);
      return emitter.node('Reciprocal', [emitter.node('Sqrt', [sum])]);
    },

    print(language, inner) {
      const more = language === 'tex' ? number(epsilon).text : String(epsilon);
      const sum = epsilon === 0 ? inner.text : `${inside(inner, binding.sum, language)} + ${more}`;
      switch (language) {
        case 'tex':
          return { text: `\\frac{1}{\\sqrt{${sum}}}`, binding: binding.call };
        case 'numpy':
          return { text: `1 / np.sqrt(${sum})`, binding: binding.product };
        case 'pytorch':
          return { text: `torch.rsqrt(${sum})`, binding: binding.atom };
      }
    },

    // (x + ε)^(−3/2) is the result's cube.
    vjp: (upstream, _, result) =>
      divide(multiply(upstream, multiply(result, multiply(result, result))), [constant(-2, '-2')]),
  };
}
