import { binding, inside } from '../../expression.js';
import type { Value } from '../../graph.js';
import { unary, type Unary } from '../elementwise.js';
import { exponential } from './exponential.js';
import { multiply } from './multiply.js';
import { wherePositive } from './relu.js';
import { scale } from './scale.js';

/**
 * The logarithm to base 10 of every entry, or of `floor` where an entry is smaller.
 * @param floor above 0
 */
export function decimalLogarithm(value: Value, floor: number): Value {
  return unary(value, descriptionFor(floor));
}

function descriptionFor(floor: number): Unary {
  const least = Math.log10(floor);
  return {
    name: 'decimal-logarithm',
    attributes: { floor },
    compute: (x) => Math.log10(Math.max(x, floor)),
    onnx: (emitter, x) =>
      emitter.node('Mul', [
        emitter.node('Log', [emitter.node('Max', [x, emitter.floats([floor], [])])]),
        emitter.floats([Math.LOG10E], []),
      ]),
    print: (language, x) => {
      switch (language) {
        case 'tex':
          return {
            text: `\\log_{10} \\max\\left(${x.text}, ${inTex(floor)}\\right)`,
            binding: binding.call,
          };
        case 'numpy':
          return { text: `np.log10(np.maximum(${x.text}, ${floor}))`, binding: binding.atom };
        case 'pytorch':
          return {
            text: `${inside(x, binding.atom, language)}.clamp(min=${floor}).log10()`,
            binding: binding.atom,
          };
      }
    },
    // 1 / x is 10 to the power of minus the result.
    vjp(upstream, _, result) {
      const above = wherePositive(upstream, aboveLeast(result, least));
      const inverse = exponential(scale(result, -Math.LN10, '-\\ln 10'));
      return scale(multiply(above, inverse), Math.LOG10E, '\\tfrac{1}{\\ln 10}');
    },
  };
}

/** 10^{-10} */
function inTex(floor: number): string {
  const power = Math.log10(floor);
  return Number.isInteger(power) ? `10^{${power}}` : String(floor);
}

/** The entries less the least that there can be. */
function aboveLeast(value: Value, least: number): Value {
  return unary(value, {
    name: 'above',
    attributes: { least },
    compute: (x) => x - least,
    onnx: (emitter, x) => emitter.node('Sub', [x, emitter.floats([least], [])]),
    print: (language, x) => ({
      text: `${inside(x, binding.sum, language)} ${least < 0 ? '+' : '-'} ${Math.abs(least)}`,
      binding: binding.sum,
    }),
    vjp: (upstream) => upstream,
  });
}
