import { binding } from '../../expression.js';
import type { Value } from '../../graph.js';
import { binary, type Binary } from '../elementwise.js';
import { subtract } from './subtract.js';
import { wherePositive } from './relu.js';

/** The larger one of each pair of entries, the smaller value repeated along the axes it lacks. */
export function larger(left: Value, right: Value): Value {
  return binary(left, right, description);
}

const description: Binary = {
  name: 'larger',
  compute: (a, b) => Math.max(a, b),
  onnx: (emitter, a, b) => emitter.node('Max', [a, b]),
  print: (language, a, b) => {
    switch (language) {
      case 'tex':
        return { text: `\\max\\left(${a.text}, ${b.text}\\right)`, binding: binding.call };
      case 'numpy':
        return { text: `np.maximum(${a.text}, ${b.text})`, binding: binding.atom };
      case 'pytorch':
        return { text: `torch.maximum(${a.text}, ${b.text})`, binding: binding.atom };
    }
  },
  remark: (a, b) => (a < b ? 'The second is larger.' : undefined),
  vjp(upstream, a, b) {
    const first = wherePositive(upstream, subtract(a, b));
    // Of equals, the second one counts.
    return [first, subtract(upstream, first)];
  },
};
