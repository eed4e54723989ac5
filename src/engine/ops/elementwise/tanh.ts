import { binding, inside } from '../../expression.js';
import type { Value } from '../../graph.js';
import { unary, type Unary } from '../elementwise.js';
import { multiply } from './multiply.js';
import { oneMinus } from './one-minus.js';

/** The hyperbolic tangent of every entry. */
export function tanh(value: Value): Value {
  return unary(value, description);
}

const description: Unary = {
  name: 'tanh',
  compute: Math.tanh,
  onnx: (emitter, input) => emitter.node('Tanh', [input]),
  print: (language, inner) =>
    language === 'tex'
      ? { text: `\\tanh\\left(${inner.text}\\right)`, binding: binding.call }
      : {
          text:
            language === 'numpy'
              ? `np.tanh(${inner.text})`
              : `${inside(inner, binding.atom, language)}.tanh()`,
          binding: binding.atom,
        },

  vjp: (upstream, _, result) => multiply(upstream, oneMinus(multiply(result, result))),
};
