import type { Slice, SliceRequest } from '../protocol.js';

/** True where each number is one cell. */
export function isExact(slice: Slice): boolean {
  return (
    slice.shape[0] === slice.rows.end - slice.rows.start &&
    slice.shape[1] === slice.columns.end - slice.columns.start
  );
}

/** The number at a cell where the slice has it, unpooled. */
export function exactAt(slice: Slice | null, row: number, column: number): number | undefined {
  if (slice === null || !isExact(slice)) return undefined;
  const { rows, columns } = slice;
  if (row < rows.start || row >= rows.end || column < columns.start || column >= columns.end)
    return undefined;
  return slice.data[(row - rows.start) * (columns.end - columns.start) + column - columns.start];
}

/** Where slices are asked for. */
export interface SliceSource {
  slice(request: SliceRequest, signal: AbortSignal): Promise<Slice>;
}
