import { binding, inside } from '../../expression.js';
import type { Value } from '../../graph.js';
import { binary, type Binary } from '../elementwise.js';

/** Entry by entry, the smaller one repeated along the axes it lacks. */
export function add(left: Value, right: Value): Value {
  return binary(left, right, description);
}

const description: Binary = {
  name: 'add',
  compute: (a, b) => a + b,
  onnx: (emitter, a, b) => emitter.node('Add', [a, b]),
  print: (language, a, b) => ({
    text: `${inside(a, binding.sum, language)} + ${inside(b, binding.sum, language)}`,
    binding: binding.sum,
  }),
  printCell: (a, b) => ({
    text: `${a.text} + ${inside(b, b.text.startsWith('-') ? binding.atom : binding.sum, 'tex')}`,
    binding: binding.sum,
  }),
  // −∞ is only ever added by a mask.
  remark: (a, b) => (a !== -Infinity && b === -Infinity ? 'Masked: the mask has −∞ here.' : undefined),
  vjp: (upstream) => [upstream, upstream],
};
