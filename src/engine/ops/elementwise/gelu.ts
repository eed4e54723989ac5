import { atom, binding, compose } from '../../expression.js';
import { apply, type Operation, type Value } from '../../graph.js';
import { add } from './add.js';
import { multiply } from './multiply.js';
import { normalDensity, normalDistribution, shareBelow } from './normal.js';
import { oneMinus } from './one-minus.js';
import { scale } from './scale.js';
import { tanh } from './tanh.js';
import { mapped } from '../numbers.js';

/** x · Φ(x) (Hendrycks & Gimpel 2016), exactly or by the paper's approximation with tanh. */
export type GeluForm = 'erf' | 'tanh';

export function gelu(value: Value, form: GeluForm): Value {
  return apply(operationFor(form), [value]);
}

function compute(x: number, form: GeluForm): number {
  return form === 'erf'
    ? x * shareBelow(x)
    : 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));
}

function operationFor(form: GeluForm): Operation {
  return {
    name: 'gelu',
    shape: ([shape = []]) => shape,
    reads: (region) => [region],
    evaluate: ([tensor]) => mapped(tensor, (value) => compute(value, form)),
    onnx: (emitter, inputs) =>
      emitter.node('Gelu', inputs, { approximate: form === 'tanh' ? 'tanh' : 'none' }),

    print(language, inputs) {
      const [inner = atom('')] = inputs;
      switch (language) {
        case 'tex':
          return compose(`\\operatorname{GELU}\\left(${inner.text}\\right)`, binding.call, inputs);
        case 'numpy':
          return compose(
            `gelu(${inner.text})`,
            binding.atom,
            inputs,
            form === 'erf'
              ? [
                  'from math import erf',
                  'def gelu(x):\n    return 0.5 * x * (1 + np.vectorize(erf)(x / np.sqrt(2)))',
                ]
              : [
                  'def gelu(x):\n    return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x ** 3)))',
                ],
          );
        case 'pytorch':
          return compose(
            `torch.nn.functional.gelu(${inner.text}${form === 'tanh' ? ', approximate="tanh"' : ''})`,
            binding.atom,
            inputs,
          );
      }
    },

    async derive(cell) {
      const inner = await cell.scalar(0, cell.index);
      return {
        value: compute(inner.value, form),
        numbers: compose(`\\operatorname{GELU}\\left(${inner.numbers.text}\\right)`, binding.call, []),
        sums: inner.sums,
      };
    },

    vjp: (upstream, [x]) => [x && multiply(upstream, form === 'erf' ? slope(x) : approximateSlope(x))],
  };
}

/** Φ(x) + x φ(x). */
function slope(x: Value): Value {
  return add(normalDistribution(x), multiply(x, normalDensity(x)));
}

/** ½ (1 + t) + ½ x (1 − t²) u′, where t = tanh(u), u = √(2/π) (x + 0.044715 x³). */
function approximateSlope(x: Value): Value {
  const half = (value: Value): Value => scale(value, 0.5, '\\frac{1}{2}');
  const byRoot = (value: Value): Value => scale(value, Math.sqrt(2 / Math.PI), '\\sqrt{2/\\pi}');
  const square = multiply(x, x);
  const t = tanh(byRoot(add(x, scale(multiply(x, square), 0.044715, '0.044715'))));
  const inner = byRoot(oneMinus(multiply(t, t)));
  const outer = multiply(x, add(inner, scale(multiply(inner, square), 0.134145, '0.134145'))); // x (1 − t²) u′
  // ½ (1 + t) = 1 − ½ (1 − t)
  return add(oneMinus(half(oneMinus(t))), half(outer));
}
