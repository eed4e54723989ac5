import { atom, binding, compose, inside, number } from '../../expression.js';
import { apply, type Operation, type Value } from '../../graph.js';
import { formatShape, ShapeError, type Region } from '../../tensor.js';
import { multiply } from '../elementwise/multiply.js';
import { negate } from '../elementwise/negate.js';
import { rowSum } from './row-sum.js';
import { mapped } from '../numbers.js';

/**
 * Divides each row by a number of its own.
 * @param value (…, n, m)
 * @param divisors (…, n, 1)
 */
export function divideRows(value: Value, divisors: Value): Value {
  return apply(operation, [value, divisors]);
}

const column = { start: 0, end: 1 };

const operation: Operation = {
  name: 'divide-rows',

  shape([value = [], divisors = []]) {
    const wanted = [...value.slice(0, -1), 1];
    if (formatShape(wanted) !== formatShape(divisors)) {
      throw new ShapeError(
        `The rows of ${formatShape(value)} are divided by a number each, ${formatShape(wanted)}, not by ${formatShape(divisors)}.`,
      );
    }
    return value;
  },

  reads: (region): Region[] => [region, [...region.slice(0, -1), column]],

  evaluate([value, divisors], shape) {
    const columns = shape.at(-1) ?? 1;
    return mapped(value, (each, at) => each / (divisors?.data[Math.floor(at / columns)] ?? 1));
  },

  onnx: (emitter, inputs) => emitter.node('Div', inputs),

  print(language, inputs) {
    const [value = atom(''), divisors = atom('')] = inputs;
    if (language === 'tex') return compose(`\\frac{${value.text}}{${divisors.text}}`, binding.call, inputs);
    return compose(
      `${inside(value, binding.product, language)} / ${inside(divisors, binding.negation, language)}`,
      binding.product,
      inputs,
    );
  },

  async derive(cell) {
    const [above, below] = await Promise.all([
      cell.scalar(0, cell.index),
      cell.scalar(1, [...cell.index.slice(0, -1), 0]),
    ]);
    return {
      value: above.value / below.value,
      ...(above.symbolic === undefined || below.symbolic === undefined
        ? {}
        : { symbolic: `\\frac{${above.symbolic}}{${below.symbolic}}` }),
      numbers: compose(`\\frac{${number(above.value).text}}{${number(below.value).text}}`, binding.call, []),
      sums: [...above.sums, ...below.sums],
    };
  },

  vjp(upstream, [, divisors], result) {
    if (divisors === undefined) return [];
    const lost = rowSum(multiply(divideRows(upstream, divisors), result));
    return [divideRows(upstream, divisors), negate(lost)];
  },
};
