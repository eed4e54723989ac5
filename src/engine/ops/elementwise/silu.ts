import { binding } from '../../expression.js';
import type { Value } from '../../graph.js';
import { unary, type Unary } from '../elementwise.js';
import { add } from './add.js';
import { multiply } from './multiply.js';
import { oneMinus } from './one-minus.js';
import { sigmoid } from './sigmoid.js';

/** x · σ(x) of every entry (Elfwing et al. 2018; Swish with β = 1). */
export function silu(value: Value): Value {
  return unary(value, description);
}

const description: Unary = {
  name: 'silu',
  // For a negative x, e⁻ˣ may overflow; then x / ∞ = 0, which is right.
  compute: (x) => x / (1 + Math.exp(-x)),
  onnx: (emitter, input) => emitter.node('Mul', [input, emitter.node('Sigmoid', [input])]),
  print: (language, { text }) => {
    switch (language) {
      case 'tex':
        return { text: `\\operatorname{SiLU}\\left(${text}\\right)`, binding: binding.call };
      case 'numpy':
        return {
          text: `silu(${text})`,
          binding: binding.atom,
          prelude: ['def silu(x):\n    return x / (1 + np.exp(-x))'],
        };
      case 'pytorch':
        return { text: `torch.nn.functional.silu(${text})`, binding: binding.atom };
    }
  },

  // σ + x σ (1 − σ)
  vjp(upstream, x, result) {
    const share = sigmoid(x);
    return multiply(upstream, add(share, multiply(result, oneMinus(share))));
  },
};
