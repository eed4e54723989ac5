import type { Span } from '../../protocol.js';

/** How a matrix is made smaller: the mean or the largest of the cells that share a place. */
export type Pooling = 'mean' | 'max';

/**
 * Takes a matrix row by row and keeps it at a smaller size. Masked cells (NaN) do not count; a place where all are
 * masked stays NaN. Row r of R falls into place ⌊r · rows / R⌋, likewise columns.
 */
export class Pool {
  readonly data: Float32Array;
  private readonly counts: Uint32Array | undefined;
  private readonly edges: Uint32Array;

  /**
   * @param from rows and columns that come in
   * @param to rows and columns that are kept; not more than come in
   */
  constructor(
    private readonly from: { readonly rows: number; readonly columns: number },
    readonly to: { readonly rows: number; readonly columns: number },
    by: Pooling,
  ) {
    const size = to.rows * to.columns;
    this.data = new Float32Array(size).fill(by === 'max' ? -Infinity : 0);
    this.counts = by === 'mean' ? new Uint32Array(size) : undefined;
    this.edges = Uint32Array.from({ length: to.columns + 1 }, (_, place) =>
      Math.ceil((place * from.columns) / Math.max(1, to.columns)),
    );
  }

  /** Row `row` of the matrix: `columns` numbers from `start` of `data`. */
  add(data: Float32Array, start: number, row: number): void {
    const line = Math.floor((row * this.to.rows) / this.from.rows) * this.to.columns;
    const { edges, counts, data: out } = this;
    for (let place = 0; place < this.to.columns; place++) {
      const first = start + (edges[place] ?? 0);
      const end = start + (edges[place + 1] ?? 0);
      const at = line + place;
      if (counts === undefined) {
        // A comparison with “not a number” is false: what is masked does not count.
        let most = out[at] ?? -Infinity;
        for (let index = first; index < end; index++) {
          const value = data[index] ?? -Infinity;
          if (value > most) most = value;
        }
        out[at] = most;
      } else {
        let sum = 0;
        let count = 0;
        for (let index = first; index < end; index++) {
          const value = data[index] ?? Number.NaN;
          // Only “not a number” differs from itself.
          if (value === value) {
            sum += value;
            count++;
          }
        }
        out[at] = (out[at] ?? 0) + sum;
        counts[at] = (counts[at] ?? 0) + count;
      }
    }
  }

  /** The pooled matrix; nothing can be added after. */
  finish(): Float32Array {
    const { data, counts } = this;
    for (let at = 0; at < data.length; at++) {
      if (counts !== undefined) data[at] = (data[at] ?? 0) / (counts[at] ?? 0);
      else if (data[at] === -Infinity) data[at] = Number.NaN;
    }
    return data;
  }
}

/** A span inside 0 … size; all of it where none is given. @throws RangeError when it leaves the axis. */
export function checkSpan(span: Span | undefined, size: number, axis: string): Span {
  if (span === undefined) return { start: 0, end: size };
  const { start, end } = span;
  if (!Number.isInteger(start) || !Number.isInteger(end) || start < 0 || start > end || end > size) {
    throw new RangeError(`${axis} ${start}–${end} lie outside of 0–${size}.`);
  }
  return { start, end };
}

/** A whole number from 0 to below `count`. @throws RangeError naming what it counts. */
export function checkIndex(index: number, count: number, what: string): number {
  if (!Number.isInteger(index) || index < 0 || index >= count) {
    throw new RangeError(`There is no ${what} ${index}: there are ${count}, counted from 0.`);
  }
  return index;
}
