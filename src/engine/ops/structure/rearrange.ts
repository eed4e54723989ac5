import { remembered } from '../remembered.js';
import { atom, binding, compose, inside } from '../../expression.js';
import { apply, type Operation, type Value } from '../../graph.js';
import {
  formatShape,
  ShapeError,
  sizeOf,
  stridesOf,
  wholeOf,
  type Range,
  type Region,
  type Shape,
} from '../../tensor.js';

/**
 * The same numbers under another shape, and then with their axes in another order: what `reshape` and `permute` give one after
 * the other, whether or not that is what was meant. (n, 12) as (n, 4, 3) in the order 2, 0, 1 is (3, n, 4).
 * @param sizes the shape in between: as many numbers as the value has, row by row
 * @param order which of these axes comes first, second, …; as they are where left out
 * @throws ShapeError where the numbers are not as many, or the order does not name each axis once
 */
export function rearrange(
  value: Value,
  sizes: Shape,
  order: readonly number[] = sizes.map((_, at) => at),
): Value {
  return apply(operationFor(value.shape, sizes, order), [value]);
}

/** The smallest box of a value that holds its numbers from `start` to `end`, row by row, which lie together in it, and where it begins. */
function boxOf(shape: Shape, start: number, end: number): { readonly box: Region; readonly first: number } {
  let [first, low, high, together] = [0, start, Math.max(start, end - 1), true];
  const strides = stridesOf(shape);
  const box = shape.map((extent, axis): Range => {
    const stride = strides[axis] ?? 1;
    if (!together) return { start: 0, end: extent };
    const [from, to] = [Math.floor(low / stride), Math.floor(high / stride)];
    first += from * stride;
    low -= from * stride;
    high -= to * stride;
    together = from === to;
    return { start: from, end: to + 1 };
  });
  return { box, first };
}

/**
 * @param from the value's shape
 * @param offset where the numbers begin, of a part of the value that holds more than them
 */
const operationFor = remembered(
  (from: Shape, sizes: Shape, order: readonly number[], offset?: number): Operation => {
    const shape = order.map((axis) => sizes[axis] ?? 0);
    const isPlain = order.every((axis, at) => axis === at);
    const strides = stridesOf(sizes);
    // What only exchanges axes is read in parts; so are whole rows that are only cut otherwise.
    const isExchange = formatShape(from) === formatShape(sizes);
    const isOfRows = (region: Region): boolean =>
      isPlain && region.every(({ start, end }, axis) => axis === 0 || (start === 0 && end === shape[axis]));
    const rowsOf = (region: Region): ReturnType<typeof boxOf> & { readonly start: number } => {
      const [{ start, end } = { start: 0, end: 0 }] = region;
      const row = strides[0] ?? 1;
      return { ...boxOf(from, start * row, end * row), start: start * row };
    };

    /** Where the cell of the result lies among the value's numbers. */
    const placeOf = (index: readonly number[]): number =>
      order.reduce((place, axis, at) => place + (index[at] ?? 0) * (strides[axis] ?? 1), offset ?? 0);

    return {
      name: 'rearrange',
      moves: true,

      shape([given = []]) {
        const named = new Set(order);
        if (
          order.length !== sizes.length ||
          named.size !== sizes.length ||
          !sizes.every((_, at) => named.has(at))
        ) {
          throw new ShapeError(
            `An order of ${order.join(', ')} does not name each axis of ${formatShape(sizes)} once.`,
          );
        }
        const holds = sizeOf(given) - (offset ?? 0);
        if (offset === undefined ? holds !== sizeOf(sizes) : holds < sizeOf(sizes)) {
          throw new ShapeError(
            `${formatShape(given)} cannot be read as ${formatShape(sizes)}: they have ${sizeOf(given)} and ${sizeOf(sizes)} numbers.`,
          );
        }
        return shape;
      },

      // Any other part of the result is no box of what it was made of: it is made whole.
      computes: (region, whole): Region => (isExchange || isOfRows(region) ? region : wholeOf(whole)),

      reads(region, [given = []]): Region[] {
        if (isExchange) return [sizes.map((end, axis) => region[order.indexOf(axis)] ?? { start: 0, end })];
        return [isOfRows(region) ? rowsOf(region).box : wholeOf(given)];
      },

      restrict(region) {
        const extents = region.map(({ start, end }) => end - start);
        if (isExchange) {
          const own = sizes.map((extent, axis) => extents[order.indexOf(axis)] ?? extent);
          return operationFor(own, own, order);
        }
        if (!isOfRows(region)) return operationFor(from, sizes, order);
        const { first, start } = rowsOf(region);
        return operationFor(from, extents, order, start - first);
      },

      evaluate([tensor]) {
        const out = new Float64Array(sizeOf(shape));
        const data = tensor?.data ?? [];
        const index = shape.map(() => 0);
        const last = shape.length - 1;
        const row = shape[last] ?? 1;
        const step = strides[order[last] ?? 0] ?? 1;
        for (let to = 0; to < out.length; to += row) {
          const place = placeOf(index);
          for (let at = 0; at < row; at++) out[to + at] = data[place + at * step] ?? 0;
          for (let axis = last - 1; axis >= 0; axis--) {
            const next = (index[axis] ?? 0) + 1;
            index[axis] = next < (shape[axis] ?? 0) ? next : 0;
            if (index[axis] !== 0) break;
          }
        }
        return out;
      },

      onnx(emitter, [input = '']) {
        const count = sizeOf(sizes);
        const one = (each: number): string => emitter.integers([each], [1]);
        const own =
          offset === undefined
            ? input
            : emitter.node('Slice', [
                emitter.node('Reshape', [input, one(-1)]),
                one(offset),
                one(offset + count),
              ]);
        const shaped = emitter.node('Reshape', [own, emitter.integers(sizes, [sizes.length])]);
        return isPlain ? shaped : emitter.node('Transpose', [shaped], { perm: order });
      },

      print(language, inputs) {
        const [inner = atom('')] = inputs;
        if (language === 'tex') {
          const form = `${sizes.join(' \\times ')}${isPlain ? '' : ` \\to ${shape.join(' \\times ')}`}`;
          return compose(
            `\\operatorname{reshape}_{${form}}\\left(${inner.text}\\right)`,
            binding.call,
            inputs,
          );
        }
        const shaped = `${inside(inner, binding.atom, language)}.reshape(${sizes.join(', ')})`;
        const move = language === 'numpy' ? 'transpose' : 'permute';
        return compose(isPlain ? shaped : `${shaped}.${move}(${order.join(', ')})`, binding.atom, inputs);
      },

      derive(cell) {
        const [own = []] = cell.shapes;
        let left = placeOf(cell.index);
        const index = stridesOf(own).map((stride) => {
          const at = Math.floor(left / stride);
          left -= at * stride;
          return at;
        });
        return cell.scalar(0, index);
      },

      vjp(upstream, [value]) {
        const back = order.map((_, axis) => order.indexOf(axis));
        return [value && rearrange(rearrange(upstream, shape, back), value.shape)];
      },
    };
  },
);
