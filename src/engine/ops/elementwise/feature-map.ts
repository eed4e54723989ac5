import { binding } from '../../expression.js';
import type { Value } from '../../graph.js';
import { unary, type Unary } from '../elementwise.js';
import { multiply } from './multiply.js';
import { oneMinus } from './one-minus.js';
import { wherePositive } from './relu.js';

/** φ(x) = elu(x) + 1, which is positive everywhere (Katharopoulos et al. 2020, eq. 7). */
export function featureMap(value: Value): Value {
  return unary(value, description);
}

const description: Unary = {
  name: 'feature-map',
  compute: (x) => (x > 0 ? x + 1 : Math.exp(x)),
  onnx: (emitter, input) => emitter.node('Add', [emitter.node('Elu', [input]), emitter.floats([1], [])]),
  print: (language, { text }) => {
    switch (language) {
      case 'tex':
        return { text: `\\phi\\left(${text}\\right)`, binding: binding.call };
      case 'numpy':
        return {
          text: `np.where(${text} > 0, ${text} + 1, np.exp(np.minimum(${text}, 0)))`,
          binding: binding.atom,
        };
      case 'pytorch':
        return { text: `(torch.nn.functional.elu(${text}) + 1)`, binding: binding.atom };
    }
  },
  vjp: (upstream, _, result) => multiply(upstream, atMostOne(result)),
};

/** φ′ = min(1, φ). */
function atMostOne(value: Value): Value {
  return unary(value, {
    name: 'at-most-one',
    compute: (x) => Math.min(1, x),
    onnx: (emitter, input) => emitter.node('Min', [input, emitter.floats([1], [])]),
    print: (language, { text }) => {
      switch (language) {
        case 'tex':
          return { text: `\\min\\left(1, ${text}\\right)`, binding: binding.call };
        case 'numpy':
          return { text: `np.minimum(1, ${text})`, binding: binding.atom };
        case 'pytorch':
          return { text: `torch.clamp(${text}, max=1)`, binding: binding.atom };
      }
    },
    vjp: (upstream, x) => wherePositive(upstream, oneMinus(x)),
  });
}
