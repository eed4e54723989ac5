import { sizeOf, type Shape } from '../../engine/tensor.js';
import type { StepExport } from './exporter.js';

/** A row of an exported array, and the indices of its leading axes. */
export interface ExportedRow {
  /** Counted through the whole array. */
  readonly at: number;
  /** One for each axis but the last. */
  readonly index: readonly number[];
  readonly values: Float32Array;
}

/** An array's rows, one by one; valid until the next is asked for. */
export async function* rowsOf(
  { array }: StepExport,
  signal: AbortSignal,
): AsyncGenerator<readonly ExportedRow[]> {
  const width = array.shape.at(-1) ?? 1;
  const leading = array.shape.slice(0, -1);
  let at = 0;
  for await (const band of array.bands(signal)) {
    const rows: ExportedRow[] = [];
    for (let start = 0; start < band.length; start += width) {
      rows.push({ at, index: indexOf(at, leading), values: band.subarray(start, start + width) });
      at++;
    }
    yield rows;
  }
}

function indexOf(at: number, shape: Shape): number[] {
  let rest = at;
  const index = shape.map(() => 0);
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const extent = shape[axis] ?? 1;
    index[axis] = rest % extent;
    rest = Math.floor(rest / extent);
  }
  return index;
}

/** About how many bytes an array takes as text: a number, a separator, and what stands before each row. */
export function textSize(shape: Shape, before: number): number {
  const width = shape.at(-1) ?? 1;
  return 12 * sizeOf(shape) + before * (sizeOf(shape) / Math.max(1, width));
}
