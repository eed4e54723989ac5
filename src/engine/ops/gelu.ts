import { atom, binding, compose } from '../expression.js';
import { apply, type Operation, type Value } from '../graph.js';

/** x · Φ(x) (Hendrycks & Gimpel 2016), exactly or by the paper's approximation with tanh. */
export type GeluForm = 'erf' | 'tanh';

export function gelu(value: Value, form: GeluForm): Value {
  return apply(operationFor(form), [value]);
}

function compute(x: number, form: GeluForm): number {
  return form === 'erf'
    ? 0.5 * x * erfc(-x / Math.SQRT2)
    : 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));
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

function operationFor(form: GeluForm): Operation {
  return {
    name: 'gelu',
    shape: ([shape = []]) => shape,
    reads: (region) => [region],
    evaluate: ([tensor]) => Float64Array.from(tensor?.data ?? [], (value) => compute(value, form)),
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
  };
}
