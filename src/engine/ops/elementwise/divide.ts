import { atom, binding, compose, inside, number } from '../../expression.js';
import { apply, type Operation, type Value } from '../../graph.js';
import { mapped } from '../numbers.js';

/** A constant divisor: its number, and how it is written in each language. */
export interface Divisor {
  readonly value: number;
  /** "\sqrt{d_k}" */
  readonly tex: string;
  /** With numbers put in: "\sqrt{64}" */
  readonly numbers: string;
  /** "np.sqrt(64)": what binds more tightly than a product. */
  readonly numpy: string;
  /** "64 ** 0.5" */
  readonly pytorch: string;
}

/** √d_k, of Vaswani et al. 2017, eq. 1. */
export function squareRoot(size: number): Divisor {
  return {
    value: Math.sqrt(size),
    tex: '\\sqrt{d_k}',
    numbers: `\\sqrt{${size}}`,
    numpy: `np.sqrt(${size})`,
    pytorch: `${size} ** 0.5`,
  };
}

/** A divisor given as a number. */
export function constant(value: number, tex: string): Divisor {
  return { value, tex, numbers: number(value).text, numpy: String(value), pytorch: String(value) };
}

/** Divides every entry by all of the divisors; by none, the value stays as it is. */
export function divide(value: Value, divisors: readonly Divisor[]): Value {
  return apply(operationFor(divisors), [value]);
}

function operationFor(divisors: readonly Divisor[]): Operation {
  const divisor = divisors.reduce((product, { value }) => product * value, 1);
  return {
    name: 'divide',
    attributes: { divisor },
    shape: ([shape = []]) => shape,
    reads: (region) => [region],
    evaluate: ([tensor]) => mapped(tensor, (value) => value / divisor),
    onnx: (emitter, inputs) =>
      divisors.length === 0
        ? emitter.node('Identity', inputs)
        : emitter.node('Div', [...inputs, emitter.floats([divisor], [])]),

    print(language, inputs) {
      const [inner = atom('')] = inputs;
      if (divisors.length === 0) return inner;
      if (language === 'tex') {
        return compose(
          `\\frac{${inner.text}}{${divisors.map(({ tex }) => tex).join(' \\, ')}}`,
          binding.call,
          inputs,
        );
      }
      const below = divisors.map((each) => each[language]);
      const denominator = below.length > 1 ? `(${below.join(' * ')})` : below.join('');
      return compose(`${inside(inner, binding.product, language)} / ${denominator}`, binding.product, inputs);
    },

    async derive(cell) {
      const inner = await cell.scalar(0, cell.index);
      if (divisors.length === 0) return inner;
      const frac = (above: string, below: string): string => `\\frac{${above}}{${below}}`;
      const symbolic =
        inner.symbolic === undefined
          ? {}
          : { symbolic: frac(inner.symbolic, divisors.map(({ tex }) => tex).join(' \\, ')) };
      return {
        value: inner.value / divisor,
        ...symbolic,
        numbers: compose(
          frac(inner.numbers.text, divisors.map(({ numbers }) => numbers).join(' \\cdot ')),
          binding.call,
          [],
        ),
        sums: inner.sums,
      };
    },

    vjp: (upstream) => [divide(upstream, divisors)],
  };
}
