import { binding, inside } from '../../expression.js';
import type { Value } from '../../graph.js';
import { unary, type Unary } from '../elementwise.js';
import { multiply } from './multiply.js';

/** e to the power of every entry. */
export function exponential(value: Value): Value {
  return unary(value, description);
}

const description: Unary = {
  name: 'exponential',
  compute: Math.exp,
  onnx: (emitter, input) => emitter.node('Exp', [input]),
  print: (language, inner) => {
    switch (language) {
      case 'tex':
        return { text: `e^{${inner.text}}`, binding: binding.call };
      case 'numpy':
        return { text: `np.exp(${inner.text})`, binding: binding.atom };
      case 'pytorch':
        return { text: `${inside(inner, binding.atom, language)}.exp()`, binding: binding.atom };
    }
  },
  vjp: (upstream, _, result) => multiply(upstream, result),
};
