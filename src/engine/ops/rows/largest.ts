import { atom, binding, compose, inside, number } from '../../expression.js';
import { apply, type Operation, type Value } from '../../graph.js';
import { ShapeError, sizeOf, wholeOf } from '../../tensor.js';
import { exponential } from '../elementwise/exponential.js';
import { multiply } from '../elementwise/multiply.js';
import { negate } from '../elementwise/negate.js';
import { wherePositive } from '../elementwise/relu.js';
import { subtract } from '../elementwise/subtract.js';
import { rearrange } from '../structure/rearrange.js';
import { sumTo } from '../structure/spread.js';
import { divideRows } from './divide-rows.js';

/** The largest of all entries, under a shape of ones: (n, m) → (1, 1). */
export function largest(value: Value): Value {
  return apply(operation, [value]);
}

const operation: Operation = {
  name: 'largest',

  shape([shape = []]) {
    if (sizeOf(shape) === 0) throw new ShapeError('Of no entries, none is the largest.');
    return shape.map(() => 1);
  },

  reads: (_, [shape = []]) => [wholeOf(shape)],
  evaluate([tensor]) {
    let most = -Infinity;
    for (const each of tensor?.data ?? []) most = Math.max(most, each);
    return Float64Array.of(most);
  },
  onnx: (emitter, inputs) => emitter.node('ReduceMax', inputs, { keepdims: 1 }),

  print(language, inputs) {
    const [inner = atom('')] = inputs;
    switch (language) {
      case 'tex':
        return compose(`\\max ${inside(inner, binding.atom, language)}`, binding.call, inputs);
      case 'numpy':
        return compose(`${inside(inner, binding.atom, language)}.max(keepdims=True)`, binding.atom, inputs);
      case 'pytorch': {
        const text = inside(inner, binding.atom, language);
        return compose(`${text}.amax(dim=tuple(range(${text}.ndim)), keepdim=True)`, binding.atom, inputs);
      }
    }
  },

  async derive(cell) {
    const shape = cell.shapes[0] ?? [];
    // Row by row, so that each is a line of cells.
    const rows = sizeOf(shape.slice(0, -1));
    let most = -Infinity;
    for (let row = 0; row < rows; row++) {
      let left = row;
      const lead = shape
        .slice(0, -1)
        .toReversed()
        .map((extent) => {
          const at = left % extent;
          left = Math.floor(left / extent);
          return { start: at, end: at + 1 };
        });
      const { values } = await cell.line(0, [...lead.toReversed(), { start: 0, end: shape.at(-1) ?? 0 }]);
      most = values.reduce((found, each) => Math.max(found, each), most);
    }
    return { value: most, numbers: number(most), sums: [], remark: 'The largest of all entries.' };
  },

  // What it takes is shared among those that are the largest.
  vjp(upstream, [value]) {
    if (value === undefined) return [];
    const below = subtract(value, largest(value)); // 0 for the largest, less for the others
    const ones = exponential(below);
    const isLargest = subtract(ones, wherePositive(ones, negate(below)));
    const count = sumTo(
      isLargest,
      value.shape.map(() => 1),
    );
    const parts = rearrange(multiply(isLargest, upstream), [1, sizeOf(value.shape)]);
    return [rearrange(divideRows(parts, rearrange(count, [1, 1])), value.shape)];
  },
};
