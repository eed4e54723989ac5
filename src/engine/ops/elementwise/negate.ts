import { binding, inside } from '../../expression.js';
import type { Value } from '../../graph.js';
import { unary, type Unary } from '../elementwise.js';

/** The opposite of every entry, −x. */
export function negate(value: Value): Value {
  return unary(value, description);
}

const description: Unary = {
  name: 'negate',
  compute: (x) => -x,
  onnx: (emitter, input) => emitter.node('Neg', [input]),
  print: (language, inner) => ({
    text: `-${inside(inner, inner.text.startsWith('-') ? binding.atom : binding.product, language)}`,
    binding: binding.negation,
  }),
  vjp: negate,
};
