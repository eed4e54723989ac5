import {
  formatShape,
  ShapeError,
  sizeOf,
  stridesOf,
  type Range,
  type Region,
  type Tensor,
  type TensorSource,
} from '../../engine/tensor.js';

/** An axis of the result: the source's axis of that index, or a new one of extent 1. */
export type Axis = number | 'new';

/**
 * A tensor with its axes in another order, read in parts like the tensor itself.
 * @param to the source's axes in the order of the result
 * @param picks the entry of each of the source's axes that is not in `to`
 */
export function rearranged(
  source: TensorSource,
  to: readonly Axis[],
  picks: ReadonlyMap<number, number> = new Map(),
): TensorSource {
  const { shape } = source;
  const plain = to.length === shape.length && to.every((axis, at) => axis === at);
  if (plain) return source;
  const extentOf = (axis: Axis): number => (axis === 'new' ? 1 : (shape[axis] ?? 0));
  const outShape = to.map(extentOf);
  return {
    shape: outShape,
    async read(region, into) {
      const wanted = shape.map((_, axis): Range => {
        const at = to.indexOf(axis);
        const start = picks.get(axis) ?? 0;
        return region[at] ?? { start, end: start + 1 };
      });
      // A picked or a new axis has one entry, so numbers keep their order but for the axes that change places.
      const part = await source.read(wanted, into);
      const resultShape = region.map(({ start, end }) => end - start);
      return { shape: resultShape, data: permuted(part, to, resultShape) };
    },
  };
}

function permuted(
  { shape, data }: Tensor<Float32Array>,
  to: readonly Axis[],
  out: readonly number[],
): Float32Array {
  const kept = to.filter((axis) => axis !== 'new' && (shape[axis] ?? 1) !== 1);
  if (kept.every((axis, at) => at === 0 || Number(axis) > Number(kept[at - 1]))) return data;
  const strides = stridesOf(shape);
  const steps = to.map((axis) => (axis === 'new' ? 0 : (strides[axis] ?? 0)));
  const result = new Float32Array(data.length);
  const index = out.map(() => 0);
  let from = 0;
  for (let at = 0; at < result.length; at++) {
    result[at] = data[from] ?? NaN;
    for (let axis = out.length - 1; axis >= 0; axis--) {
      const next = (index[axis] ?? 0) + 1;
      from += steps[axis] ?? 0;
      if (next < (out[axis] ?? 0)) {
        index[axis] = next;
        break;
      }
      from -= (steps[axis] ?? 0) * next;
      index[axis] = 0;
    }
  }
  return result;
}

/** Tensors of one shape as one with an axis more, the first. @throws ShapeError where their shapes differ */
export function stacked(sources: readonly TensorSource[]): TensorSource {
  const [first] = sources;
  const inner = first?.shape ?? [];
  for (const { shape } of sources) {
    if (formatShape(shape) !== formatShape(inner))
      throw new ShapeError(
        `Tensors of shape ${formatShape(inner)} and ${formatShape(shape)} cannot be put together.`,
      );
  }
  return {
    shape: [sources.length, ...inner],
    async read(region) {
      const [which = { start: 0, end: 0 }, ...rest] = region;
      const shape = region.map(({ start, end }) => end - start);
      const data = new Float32Array(sizeOf(shape));
      const size = sizeOf(shape.slice(1));
      for (const [at, source] of sources.slice(which.start, which.end).entries()) {
        data.set((await source.read(rest)).data, at * size);
      }
      return { shape, data };
    },
  };
}

/** A part of a tensor along one of its axes. */
export function along(source: TensorSource, axis: number, { start, end }: Range): TensorSource {
  return {
    shape: source.shape.map((extent, at) => (at === axis ? end - start : extent)),
    read: (region: Region, into) =>
      source.read(
        region.map((range, at) =>
          at === axis ? { start: range.start + start, end: range.end + start } : range,
        ),
        into,
      ),
  };
}
