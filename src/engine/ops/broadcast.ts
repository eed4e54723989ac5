import {
  formatShape,
  ShapeError,
  sizeOf,
  stridesOf,
  type Region,
  type Shape,
  type Tensor,
} from '../tensor.js';

/**
 * The shape of an element-by-element result, by NumPy's rule: axes are matched from the last; an extent of 1, or a
 * missing axis, is repeated.
 * @throws ShapeError when two extents differ and neither is 1.
 */
export function broadcastShape(shapes: readonly Shape[]): Shape {
  const rank = Math.max(0, ...shapes.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, axis) => {
    const extents = shapes.map((shape) => shape[axis - rank + shape.length] ?? 1);
    const extent = extents.find((candidate) => candidate !== 1) ?? 1;
    if (extents.some((candidate) => candidate !== 1 && candidate !== extent)) {
      throw new ShapeError(
        `Shapes ${shapes.map(formatShape).join(' and ')} do not fit together element by element.`,
      );
    }
    return extent;
  });
}

/** The box of one input that a box of the result is made from. */
export function broadcastRegion(region: Region, shape: Shape): Region {
  return shape.map((extent, axis) => {
    const range = region[axis - shape.length + region.length];
    return extent === 1 || range === undefined ? { start: 0, end: extent } : range;
  });
}

/** The index into one input that belongs to an index of the result. */
export function broadcastIndex(index: readonly number[], shape: Shape): number[] {
  return shape.map((extent, axis) => (extent === 1 ? 0 : (index[axis - shape.length + index.length] ?? 0)));
}

/** Calls `compute` for every cell of the result with the inputs' numbers there. */
export function broadcastEvaluate(
  inputs: readonly Tensor[],
  shape: Shape,
  compute: (numbers: readonly number[]) => number,
): Float64Array {
  const out = new Float64Array(sizeOf(shape));
  const numbers = inputs.map(() => 0);
  // Where nothing is repeated, the inputs' numbers lie as the result's do.
  if (inputs.every(({ data }) => data.length === out.length)) {
    for (let at = 0; at < out.length; at++) {
      for (let input = 0; input < inputs.length; input++) numbers[input] = inputs[input]?.data[at] ?? 0;
      out[at] = compute(numbers);
    }
    return out;
  }
  const steps = inputs.map((input) => {
    const strides = stridesOf(input.shape);
    return shape.map((_, axis) => {
      const own = axis - shape.length + input.shape.length;
      return own < 0 || input.shape[own] === 1 ? 0 : (strides[own] ?? 0);
    });
  });
  const index = shape.map(() => 0);
  const offsets = inputs.map(() => 0);
  const last = shape.length - 1;
  const row = shape[last] ?? 1;
  // Along the last axis each input is walked through in steps of its own.
  const walked = inputs.map(({ data }, input) => ({ data, step: steps[input]?.[last] ?? 0 }));
  for (let start = 0; start < out.length; start += row) {
    for (let at = 0; at < row; at++) {
      for (let input = 0; input < walked.length; input++) {
        const each = walked[input];
        if (each !== undefined) numbers[input] = each.data[(offsets[input] ?? 0) + at * each.step] ?? 0;
      }
      out[start + at] = compute(numbers);
    }
    for (let axis = last - 1; axis >= 0; axis--) {
      const next = (index[axis] ?? 0) + 1;
      const wraps = next >= (shape[axis] ?? 0);
      for (let input = 0; input < inputs.length; input++) {
        const step = steps[input]?.[axis] ?? 0;
        offsets[input] = (offsets[input] ?? 0) + (wraps ? -step * (next - 1) : step);
      }
      index[axis] = wraps ? 0 : next;
      if (!wraps) break;
    }
  }
  return out;
}
