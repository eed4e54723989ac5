import {
  formatShape,
  type Region,
  regionShape,
  roomFor,
  type Shape,
  ShapeError,
  sizeOf,
  stridesOf,
  type Tensor,
} from '../engine/tensor.js';
import type { ElementType } from './dtypes.js';
import { FormatError, viewOf, type ByteSource } from './source.js';

/** Where the numbers of one tensor lie in a source. */
export interface Layout {
  /** What the tensor is, to begin a message: `Q.npy`, `model.safetensors: tensor "w"`. */
  readonly where: string;
  readonly shape: Shape;
  readonly type: ElementType;
  readonly littleEndian: boolean;
  /** `c`: the last axis varies fastest; `fortran`: the first does. */
  readonly order: 'c' | 'fortran';
  /** The byte of the source at which the first number begins. */
  readonly offset: number;
}

/** Never more than this is read from the source at once, so the bytes in flight stay small beside the result. */
const CHUNK_BYTES = 4 * 2 ** 20;

/** Skipping less than this inside the rows of a box costs more time than reading it. */
const BRIDGED_BYTES = 64 * 2 ** 10;

/** 4 GiB of float32: beyond it the caller should ask for a part. */
const MAX_NUMBERS = 2 ** 30;

/**
 * The numbers of a box, as row-major float32. Reads the contiguous runs of the box only; inside the rows of the
 * box, small gaps between the wanted columns are read through rather than skipped.
 * @throws ShapeError when the region leaves the tensor; FormatError when the source ends or the box is too large.
 */
export async function readBox(
  source: ByteSource,
  layout: Layout,
  region: Region,
  into?: Float32Array,
): Promise<Tensor<Float32Array>> {
  checkRegion(layout, region);
  const shape = regionShape(region);
  if (layout.order === 'c' || layout.shape.length < 2) {
    return { shape, data: await readRowMajor(source, layout, layout.shape, region, into) };
  }
  // Fortran order is C order with the axes reversed.
  const data = await readRowMajor(source, layout, layout.shape.toReversed(), region.toReversed());
  return { shape, data: reverseAxes(data, shape) };
}

/**
 * The numbers of a box of a tensor whose axes lie in any order, overlap, or repeat: what they span is read once.
 * @param strides in numbers, none below 0
 * @throws ShapeError when the region leaves the tensor; FormatError when the source ends or the box is too large.
 */
export async function readStrided(
  source: ByteSource,
  layout: Layout,
  strides: readonly number[],
  region: Region,
): Promise<Tensor<Float32Array>> {
  checkRegion(layout, region);
  const shape = regionShape(region);
  const out = allocate(layout, shape);
  if (out.length === 0) return { shape, data: out };
  const first = region.reduce((sum, { start }, axis) => sum + start * (strides[axis] ?? 0), 0);
  const last = region.reduce((sum, { end }, axis) => sum + (end - 1) * (strides[axis] ?? 0), 0);
  const span = allocate(layout, [last - first + 1]);
  await readRuns(source, layout, { first, count: 1, length: span.length, stride: span.length }, span, 0);
  const outer = shape.map((count, axis) => ({ start: 0, count, stride: strides[axis] ?? 0 }));
  let to = 0;
  for (const base of basesOf(outer)) out[to++] = span[base] ?? NaN;
  return { shape, data: out };
}

/** @throws ShapeError when a region leaves its tensor */
export function checkRegion(layout: Pick<Layout, 'where' | 'shape'>, region: Region): void {
  const { shape, where } = layout;
  if (region.length !== shape.length) {
    throw new ShapeError(
      `${where}: a region of ${region.length} axes does not fit the shape ${formatShape(shape)}.`,
    );
  }
  region.forEach(({ start, end }, axis) => {
    const whole = Number.isInteger(start) && Number.isInteger(end);
    if (!whole || start < 0 || start > end || end > (shape[axis] ?? 0)) {
      throw new ShapeError(
        `${where}: ${start}–${end} leaves axis ${axis} of the shape ${formatShape(shape)}.`,
      );
    }
  });
}

/** @throws FormatError when a part is too large to hold */
export function allocate(layout: Pick<Layout, 'where'>, shape: Shape, into?: Float32Array): Float32Array {
  const size = sizeOf(shape);
  const tooLarge = `${layout.where}: a part of shape ${formatShape(shape)} is too large to hold in memory; ask for a smaller one.`;
  if (size > MAX_NUMBERS) throw new FormatError(tooLarge);
  try {
    return roomFor(size, into);
  } catch (error) {
    throw new FormatError(tooLarge, { cause: error });
  }
}

/** A box of a row-major tensor as a series of equal runs: `count` of them along each outer axis, `stride` apart. */
interface Runs {
  /** Numbers in one run. */
  readonly length: number;
  /** The axes outside the run; the innermost, over which reads may be joined, comes last. */
  readonly outer: readonly { readonly start: number; readonly count: number; readonly stride: number }[];
  /** Elements before the first run that the axes inside a run account for. */
  readonly start: number;
  /** Whether a run is part of one row, so that what lies between runs are columns of wanted rows. */
  readonly withinRows: boolean;
}

function runsOf(shape: Shape, region: Region): Runs {
  const strides = stridesOf(shape);
  let axis = region.length - 1;
  let length = 1;
  let start = 0;
  for (; axis >= 0; axis--) {
    const range = region[axis] ?? { start: 0, end: 0 };
    length *= range.end - range.start;
    start += range.start * (strides[axis] ?? 1);
    // A run goes on into the next axis only where this one is taken whole.
    if (range.end - range.start !== shape[axis]) break;
  }
  const outer = region.slice(0, Math.max(axis, 0)).map((range, outerAxis) => ({
    start: range.start,
    count: range.end - range.start,
    stride: strides[outerAxis] ?? 1,
  }));
  return { length, outer, start, withinRows: axis === region.length - 1 };
}

async function readRowMajor(
  source: ByteSource,
  layout: Layout,
  shape: Shape,
  region: Region,
  into?: Float32Array,
): Promise<Float32Array> {
  const out = allocate(layout, regionShape(region), into);
  if (out.length === 0) return out;
  const itemBytes = layout.type.bytes;
  const { length, outer, start, withinRows } = runsOf(shape, region);
  const inner = outer.at(-1) ?? { start: 0, count: 1, stride: length };
  const gapBytes = (inner.stride - length) * itemBytes;
  const bridged = withinRows && gapBytes <= BRIDGED_BYTES;
  const runsAtOnce = bridged ? Math.max(1, Math.floor(CHUNK_BYTES / (inner.stride * itemBytes))) : 1;

  let to = 0;
  for (const base of basesOf(outer.slice(0, -1))) {
    for (let done = 0; done < inner.count; done += runsAtOnce) {
      const count = Math.min(runsAtOnce, inner.count - done);
      const first = start + base + (inner.start + done) * inner.stride;
      await readRuns(source, layout, { first, count, length, stride: inner.stride }, out, to);
      to += count * length;
    }
  }
  return out;
}

/** Reads `count` runs, `stride` elements apart, in pieces of at most a chunk. */
async function readRuns(
  source: ByteSource,
  layout: Layout,
  runs: { first: number; count: number; length: number; stride: number },
  out: Float32Array,
  to: number,
): Promise<void> {
  const { type, littleEndian, offset } = layout;
  if (runs.count > 1) {
    const span = (runs.count - 1) * runs.stride + runs.length;
    const view = viewOf(await source.read(offset + runs.first * type.bytes, span * type.bytes));
    for (let run = 0; run < runs.count; run++) {
      type.decode(
        view,
        run * runs.stride * type.bytes,
        runs.length,
        littleEndian,
        out,
        to + run * runs.length,
      );
    }
    return;
  }
  const atOnce = CHUNK_BYTES / type.bytes;
  for (let done = 0; done < runs.length; done += atOnce) {
    const count = Math.min(atOnce, runs.length - done);
    const view = viewOf(await source.read(offset + (runs.first + done) * type.bytes, count * type.bytes));
    type.decode(view, 0, count, littleEndian, out, to + done);
  }
}

/** The first element of each combination of indices along the outer axes, in row-major order. */
export function* basesOf(axes: Runs['outer']): Generator<number> {
  const index = axes.map(() => 0);
  for (;;) {
    yield axes.reduce((sum, axis, i) => sum + (axis.start + (index[i] ?? 0)) * axis.stride, 0);
    let axis = axes.length - 1;
    for (; axis >= 0; axis--) {
      const next = (index[axis] ?? 0) + 1;
      index[axis] = next;
      if (next < (axes[axis]?.count ?? 0)) break;
      index[axis] = 0;
    }
    if (axis < 0) return;
  }
}

/** Row-major data of the reversed `shape`, rearranged into row-major data of `shape`. */
function reverseAxes(data: Float32Array, shape: Shape): Float32Array {
  const out = new Float32Array(data.length);
  // In `data` the first axis of `shape` varies fastest.
  const strides = stridesOf(shape.toReversed()).reverse();
  const last = shape.length - 1;
  const run = shape[last] ?? 1;
  const step = strides[last] ?? 1;
  let to = 0;
  const outer = shape.slice(0, -1).map((count, axis) => ({ start: 0, count, stride: strides[axis] ?? 1 }));
  if (out.length === 0) return out;
  for (const base of basesOf(outer)) {
    for (let i = 0; i < run; i++) out[to++] = data[base + i * step] ?? NaN;
  }
  return out;
}
