import { binding, inside } from '../../expression.js';
import type { Value } from '../../graph.js';
import { binary, type Binary } from '../elementwise.js';
import { negate } from './negate.js';

/** Entry by entry, the smaller one repeated along the axes it lacks. */
export function subtract(left: Value, right: Value): Value {
  return binary(left, right, description);
}

const description: Binary = {
  name: 'subtract',
  compute: (a, b) => a - b,
  onnx: (emitter, a, b) => emitter.node('Sub', [a, b]),
  print: (language, a, b) => ({
    text: `${inside(a, binding.sum, language)} - ${inside(b, binding.product, language)}`,
    binding: binding.sum,
  }),
  printCell: (a, b) => ({
    text: `${a.text} - ${inside(b, b.text.startsWith('-') ? binding.atom : binding.product, 'tex')}`,
    binding: binding.sum,
  }),
  vjp: (upstream) => [upstream, negate(upstream)],
};
