/** A tensor's extent along each axis, outermost first. An empty shape is a scalar. */
export type Shape = readonly number[];

/** Row-major numbers. The engine's reference evaluation is float64; what ran in ONNX Runtime is float32. */
export interface Tensor<Data extends Float32Array | Float64Array = Float32Array | Float64Array> {
  readonly shape: Shape;
  readonly data: Data;
}

/** A half-open interval of indices along one axis. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** A part of a tensor: one range per axis. */
export type Region = readonly Range[];

/**
 * A tensor that is read in parts: a file on disk, a checkpoint's weight, numbers captured from a run.
 * Only the region that is asked for is held in memory.
 */
export interface TensorSource {
  readonly shape: Shape;
  /**
   * The numbers of `region`, as float32, in a tensor of the region's own shape.
   * @param into memory that may be written to instead of new one, where it has the right size
   */
  read(region: Region, into?: Float32Array): Promise<Tensor<Float32Array>>;
}

/** Memory for `count` numbers: `into`, if it has that size. */
export function roomFor(size: number, into?: Float32Array): Float32Array {
  return into?.length === size ? into : new Float32Array(size);
}

/** A sentence about a shape that does not fit: which input, which axis, what was expected. */
export class ShapeError extends Error {
  override readonly name = 'ShapeError';
}

/** How many numbers a tensor of this shape holds. */
export function sizeOf(shape: Shape): number {
  return shape.reduce((product, extent) => product * extent, 1);
}

/** Row-major strides, in elements. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length).fill(1);
  for (let axis = shape.length - 2; axis >= 0; axis--) {
    strides[axis] = (strides[axis + 1] ?? 1) * (shape[axis + 1] ?? 1);
  }
  return strides;
}

/** The region that covers a whole tensor. */
export function wholeOf(shape: Shape): Region {
  return shape.map((extent) => ({ start: 0, end: extent }));
}

/** The region that holds one cell. */
export function cellRegion(cell: readonly number[]): Region {
  return cell.map((index) => ({ start: index, end: index + 1 }));
}

/** The rows of a region, each from its first column to its last. */
export function wholeRows(region: Region, shape: Shape): Region {
  return [...region.slice(0, -1), { start: 0, end: shape.at(-1) ?? 0 }];
}

/** The shape of the tensor that a region cuts out. */
export function regionShape(region: Region): Shape {
  return region.map((range) => range.end - range.start);
}

/** Whether two regions are equal. */
export function sameRegion(a: Region, b: Region): boolean {
  return (
    a.length === b.length &&
    a.every((range, axis) => range.start === b[axis]?.start && range.end === b[axis]?.end)
  );
}

/** A region relative to the start of another that contains it. */
export function regionWithin(region: Region, holder: Region): Region {
  return region.map((range, axis) => {
    const offset = holder[axis]?.start ?? 0;
    return { start: range.start - offset, end: range.end - offset };
  });
}

/** The smallest region that contains two regions of the same rank. */
export function hullOf(a: Region, b: Region): Region {
  return a.map((range, axis) => {
    const other = b[axis] ?? range;
    return { start: Math.min(range.start, other.start), end: Math.max(range.end, other.end) };
  });
}

/** Shapes as people write them: (15, 64). */
export function formatShape(shape: Shape): string {
  return `(${shape.join(', ')}${shape.length === 1 ? ',' : ''})`;
}

/**
 * Copies `region` out of a row-major tensor.
 * @throws ShapeError when the region leaves the tensor.
 */
export function cut<Data extends Float32Array | Float64Array>(
  tensor: Tensor<Data>,
  region: Region,
): Tensor<Data> {
  const { shape, data } = tensor;
  if (region.length !== shape.length) {
    throw new ShapeError(
      `A region of ${region.length} axes does not fit a tensor of shape ${formatShape(shape)}.`,
    );
  }
  region.forEach((range, axis) => {
    const extent = shape[axis] ?? 0;
    if (!(range.start >= 0 && range.start <= range.end && range.end <= extent)) {
      throw new ShapeError(
        `${range.start}–${range.end} leaves axis ${axis} of a tensor of shape ${formatShape(shape)}.`,
      );
    }
  });
  const outShape = regionShape(region);
  const out = allocateLike(data, sizeOf(outShape));
  if (out.length === 0) return { shape: outShape, data: out };
  const strides = stridesOf(shape);
  // Whole trailing axes lie together with one range of the axis before them, and are copied in one run.
  let inner = region.length - 1;
  while (inner > 0 && isWhole(region[inner], shape[inner])) inner--;
  const range = region[inner];
  if (range === undefined) {
    out.set(data);
    return { shape: outShape, data: out };
  }
  const run = (range.end - range.start) * (strides[inner] ?? 1);
  const index = region.map((each) => each.start);
  for (let to = 0; to < out.length; to += run) {
    let from = 0;
    for (let axis = 0; axis <= inner; axis++) from += (index[axis] ?? 0) * (strides[axis] ?? 1);
    out.set(data.subarray(from, from + run), to);
    for (let axis = inner - 1; axis >= 0; axis--) {
      const next = (index[axis] ?? 0) + 1;
      index[axis] = next;
      if (next < (region[axis]?.end ?? 0)) break;
      index[axis] = region[axis]?.start ?? 0;
    }
  }
  return { shape: outShape, data: out };
}

function isWhole(range: Range | undefined, extent: number | undefined): boolean {
  return range !== undefined && range.start === 0 && range.end === extent;
}

/** A zeroed array of the same element type. */
function allocateLike<Data extends Float32Array | Float64Array>(data: Data, length: number): Data {
  const array = data instanceof Float64Array ? new Float64Array(length) : new Float32Array(length);
  // The branch above picks the constructor of `data` itself; TypeScript cannot follow that into the type parameter.
  return array as Data;
}

/** A source over a tensor that is already in memory. */
export function inMemory(tensor: Tensor): TensorSource {
  return {
    shape: tensor.shape,
    read(region) {
      const part = cut(tensor, region);
      const data = part.data instanceof Float32Array ? part.data : Float32Array.from(part.data);
      return Promise.resolve({ shape: part.shape, data });
    },
  };
}
