import type { Slice, SliceRequest, Span } from '../../../src/protocol.js';
import type { SliceSource } from '../../../src/drawing/slices.js';
import type { TimedMatrix } from './shown.js';

/** Asks for the frames of a matrix alone; columns are counted from the first of them, either way. */
export async function framed(
  source: SliceSource,
  { frames, step }: TimedMatrix,
  request: SliceRequest,
  signal: AbortSignal,
): Promise<Slice> {
  const { first, count } = frames;
  const shift = ({ start, end }: Span, by: number): Span => ({ start: start + by, end: end + by });
  const whole = request.columns === undefined && first === 0 && count === step.columns.size;
  const columns = shift(request.columns ?? { start: 0, end: count }, first);
  const slice = await source.slice(whole ? request : { ...request, columns }, signal);
  return { ...slice, columns: shift(slice.columns, -first) };
}
