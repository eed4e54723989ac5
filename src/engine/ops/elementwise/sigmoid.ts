import { binding, inside } from '../../expression.js';
import type { Value } from '../../graph.js';
import { unary, type Unary } from '../elementwise.js';
import { multiply } from './multiply.js';
import { oneMinus } from './one-minus.js';

/** The logistic function of every entry, 1 / (1 + e⁻ˣ). */
export function sigmoid(value: Value): Value {
  return unary(value, description);
}

const description: Unary = {
  name: 'sigmoid',
  // For a negative x, e⁻ˣ may overflow; then 1 / ∞ = 0, which is right.
  compute: (x) => 1 / (1 + Math.exp(-x)),
  onnx: (emitter, input) => emitter.node('Sigmoid', [input]),
  print: (language, inner) => {
    switch (language) {
      case 'tex':
        return { text: `\\sigma\\left(${inner.text}\\right)`, binding: binding.call };
      case 'numpy':
        return {
          text: `1 / (1 + np.exp(-${inside(inner, binding.atom, language)}))`,
          binding: binding.product,
        };
      case 'pytorch':
        return { text: `${inside(inner, binding.atom, language)}.sigmoid()`, binding: binding.atom };
    }
  },

  vjp: (upstream, _, result) => multiply(upstream, multiply(result, oneMinus(result))),
};
