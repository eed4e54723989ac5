import { binding } from '../../expression.js';
import type { Value } from '../../graph.js';
import { unary, type Unary } from '../elementwise.js';
import { add } from '../elementwise/add.js';
import { exponential } from '../elementwise/exponential.js';
import { multiply } from '../elementwise/multiply.js';
import { negate } from '../elementwise/negate.js';

/** −ln(−ln u): uniform numbers become standard Gumbel ones (Jang et al. 2017, eq. 1). */
export function gumbel(uniform: Value): Value {
  return unary(uniform, description);
}

const description: Unary = {
  name: 'gumbel',
  compute: (u) => -Math.log(-Math.log(u)),

  onnx(emitter, input) {
    const minusLog = (x: string): string => emitter.node('Neg', [emitter.node('Log', [x])]);
    return minusLog(minusLog(input));
  },

  print: (language, { text }) => {
    switch (language) {
      case 'tex':
        return { text: `-\\ln\\left(-\\ln {${text}}\\right)`, binding: binding.negation };
      case 'numpy':
        return { text: `-np.log(-np.log(${text}))`, binding: binding.negation };
      case 'pytorch':
        return { text: `-torch.log(-torch.log(${text}))`, binding: binding.negation };
    }
  },

  // 1 / (−u ln u), where −ln u = e⁻ᵍ and so 1 / u = exp(e⁻ᵍ).
  vjp: (upstream, _, result) => multiply(upstream, exponential(add(result, exponential(negate(result))))),
};
