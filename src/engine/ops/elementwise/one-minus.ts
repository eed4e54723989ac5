import { binding, inside } from '../../expression.js';
import type { Value } from '../../graph.js';
import { unary, type Unary } from '../elementwise.js';
import { negate } from './negate.js';

/** What every entry lacks to 1: 1 − x. */
export function oneMinus(value: Value): Value {
  return unary(value, description);
}

const description: Unary = {
  name: 'one-minus',
  compute: (x) => 1 - x,
  onnx: (emitter, input) => emitter.node('Sub', [emitter.floats([1], []), input]),
  print: (language, inner) => ({
    text: `1 - ${inside(inner, inner.text.startsWith('-') ? binding.atom : binding.product, language)}`,
    binding: binding.sum,
  }),
  vjp: (upstream) => negate(upstream),
};
