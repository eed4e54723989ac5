import { atom, binding, compose, inside } from '../../expression.js';
import { apply, type Operation, type Value } from '../../graph.js';
import {
  formatShape,
  ShapeError,
  sizeOf,
  stridesOf,
  wholeOf,
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
  return apply(operationFor(sizes, order), [value]);
}

function operationFor(sizes: Shape, order: readonly number[]): Operation {
  const shape = order.map((axis) => sizes[axis] ?? 0);
  const isPlain = order.every((axis, at) => axis === at);
  const strides = stridesOf(sizes);

  /** Where the cell of the result lies among the value's numbers. */
  const placeOf = (index: readonly number[]): number =>
    order.reduce((place, axis, at) => place + (index[at] ?? 0) * (strides[axis] ?? 1), 0);

  return {
    name: 'rearrange',
    moves: true,

    shape([from = []]) {
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
      if (sizeOf(from) !== sizeOf(sizes)) {
        throw new ShapeError(
          `${formatShape(from)} cannot be read as ${formatShape(sizes)}: they have ${sizeOf(from)} and ${sizeOf(sizes)} numbers.`,
        );
      }
      return shape;
    },

    // A part of the result is no box of what it was made of: it is made whole.
    computes: (_, whole): Region => wholeOf(whole),
    reads: (_, [from = []]): Region[] => [wholeOf(from)],

    evaluate([tensor]) {
      const out = Float64Array.from(tensor?.data ?? []);
      if (isPlain || tensor === undefined) return out;
      const index = shape.map(() => 0);
      for (let at = 0; at < out.length; at++) {
        out[at] = tensor.data[placeOf(index)] ?? 0;
        for (let axis = shape.length - 1; axis >= 0; axis--) {
          const next = (index[axis] ?? 0) + 1;
          index[axis] = next < (shape[axis] ?? 0) ? next : 0;
          if (index[axis] !== 0) break;
        }
      }
      return out;
    },

    onnx(emitter, [input = '']) {
      const shaped = emitter.node('Reshape', [input, emitter.integers(sizes, [sizes.length])]);
      return isPlain ? shaped : emitter.node('Transpose', [shaped], { perm: order });
    },

    print(language, inputs) {
      const [inner = atom('')] = inputs;
      if (language === 'tex') {
        const form = `${sizes.join(' \\times ')}${isPlain ? '' : ` \\to ${shape.join(' \\times ')}`}`;
        return compose(`\\operatorname{reshape}_{${form}}\\left(${inner.text}\\right)`, binding.call, inputs);
      }
      const shaped = `${inside(inner, binding.atom, language)}.reshape(${sizes.join(', ')})`;
      const move = language === 'numpy' ? 'transpose' : 'permute';
      return compose(isPlain ? shaped : `${shaped}.${move}(${order.join(', ')})`, binding.atom, inputs);
    },

    derive(cell) {
      const [from = []] = cell.shapes;
      let left = placeOf(cell.index);
      const index = stridesOf(from).map((stride) => {
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
}
