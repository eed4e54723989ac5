import { binding } from '../../expression.js';
import type { Value } from '../../graph.js';
import { unary, type Unary } from '../elementwise.js';
import { multiply } from './multiply.js';
import { negate } from './negate.js';

/** Φ, the standard normal distribution's share below every entry. */
export function normalDistribution(value: Value): Value {
  return unary(value, distribution);
}

/** Φ(x) = ½ erfc(−x / √2), with all of its digits far below 0 too. */
export function shareBelow(x: number): number {
  return 0.5 * erfc(-x / Math.SQRT2);
}

/**
 * The complementary error function. Near 0 by the Maclaurin series of erf (Abramowitz & Stegun 7.1.5), further out by
 * the continued fraction (7.1.14), from its 120th term backwards; relative error below 1e-13 on both.
 */
function erfc(x: number): number {
  if (x < 0) return 2 - erfc(-x);
  if (x < 1.25) {
    let term = x;
    let sum = x;
    for (let k = 1; Math.abs(term) > 1e-17 * Math.abs(sum); k++) {
      term *= (-x * x) / k;
      sum += term / (2 * k + 1);
      if (term === 0) break;
    }
    return 1 - (2 / Math.sqrt(Math.PI)) * sum;
  }
  let fraction = x;
  for (let k = 120; k > 0; k--) fraction = x + k / 2 / fraction;
  return Math.exp(-x * x) / (fraction * Math.sqrt(Math.PI));
}

const distribution: Unary = {
  name: 'normal-distribution',
  compute: shareBelow,

  onnx(emitter, input) {
    const error = emitter.node('Erf', [emitter.node('Div', [input, emitter.floats([Math.SQRT2], [])])]);
    const doubled = emitter.node('Add', [error, emitter.floats([1], [])]);
    return emitter.node('Mul', [doubled, emitter.floats([0.5], [])]);
  },

  print(language, inner) {
    switch (language) {
      case 'tex':
        return { text: `\\Phi\\left(${inner.text}\\right)`, binding: binding.call };
      case 'numpy':
        return {
          text: `normal_distribution(${inner.text})`,
          binding: binding.atom,
          prelude: [
            'from math import erf',
            'def normal_distribution(x):\n    return 0.5 * (1 + np.vectorize(erf)(x / np.sqrt(2)))',
          ],
        };
      case 'pytorch':
        return { text: `torch.special.ndtr(${inner.text})`, binding: binding.atom };
    }
  },

  vjp: (upstream, x) => multiply(upstream, normalDensity(x)),
};

/** φ, the standard normal distribution's density at every entry: exp(−x² / 2) / √(2π). */
export function normalDensity(value: Value): Value {
  return unary(value, density);
}

const density: Unary = {
  name: 'normal-density',
  compute: (x) => Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI),

  onnx(emitter, input) {
    const square = emitter.node('Mul', [input, input]);
    const power = emitter.node('Exp', [emitter.node('Div', [square, emitter.floats([-2], [])])]);
    return emitter.node('Div', [power, emitter.floats([Math.sqrt(2 * Math.PI)], [])]);
  },

  print(language, inner) {
    if (language === 'tex') return { text: `\\varphi\\left(${inner.text}\\right)`, binding: binding.call };
    const [exponential, root] =
      language === 'numpy' ? ['np.exp', 'np.sqrt(2 * np.pi)'] : ['torch.exp', '(2 * torch.pi) ** 0.5'];
    return {
      text: `normal_density(${inner.text})`,
      binding: binding.atom,
      prelude: [`def normal_density(x):\n    return ${exponential}(-x ** 2 / 2) / ${root}`],
    };
  },

  vjp: (upstream, x, result) => negate(multiply(multiply(upstream, x), result)),
};
