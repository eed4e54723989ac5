import type { InspectionSummary, Labels, Place, Slice, Span, Step } from '../../protocol.js';
import { isExact } from '../slices.js';
import type { SliceSource } from '../slices.js';
import type { LeftOut } from './choice.js';
import type { LeaveOut } from './matrix-scale.js';
import { leaveOutOf } from './matrix-scale.js';

/** The keys that can be left out: the first, or those that stand for nothing that was read, such as [CLS], up to what was written. */
export function leftOutColumns(summary: InspectionSummary, which: LeftOut): readonly number[] {
  const { keys, continuation } = summary;
  if (which === 'nothing') return [];
  if (which === 'first') return [0];
  return specialOf(keys, keys.count - (continuation?.ids.length ?? 0));
}

function specialOf({ marks }: Labels, end: number): number[] {
  const special: number[] = [];
  for (const [index, mark] of (marks ?? []).entries()) {
    if (mark === null && index < end) special.push(index);
  }
  return special;
}

/** True where a step’s columns are keys of which some can be left out. */
export function canLeaveOut(step: Step): boolean {
  return step.scale === 'weights' && step.columns.axis === 'key';
}

/** What there is to leave out of a step’s matrix; always "nothing", too. */
export function offeredLeaveOut(summary: InspectionSummary, step: Step): LeftOut[] {
  if (!canLeaveOut(step) || step.columns.size < 3) return ['nothing'];
  const special = leftOutColumns(summary, 'special').length;
  return [
    'nothing',
    'first',
    ...(special > 0 && special < step.columns.size - 1 ? (['special'] as const) : []),
  ];
}

/** Special tokens that stand apart from each other are asked for one by one, up to this many. */
const mostSpans = 64;

function spansOf(columns: readonly number[]): Span[] {
  const spans: Span[] = [];
  for (const column of columns) {
    const last = spans.at(-1);
    if (last?.end === column) spans[spans.length - 1] = { start: last.start, end: column + 1 };
    else spans.push({ start: column, end: column + 1 });
  }
  return spans;
}

/**
 * The weights of these columns, exactly: (row, column). From what is on screen where that is exact, else asked for.
 * Null where they are too many to ask for.
 */
export async function leaveOut(
  columns: readonly number[],
  overview: Slice,
  place: Place,
  matrices: SliceSource,
  signal: AbortSignal,
): Promise<LeaveOut | null> {
  const rows = overview.rows.end - overview.rows.start;
  const count = overview.columns.end;
  const left = new Float32Array(rows * columns.length);
  if (isExact(overview)) {
    for (let row = 0; row < rows; row += 1) {
      for (const [at, column] of columns.entries())
        left[row * columns.length + at] = overview.data[row * count + column] ?? NaN;
    }
    return leaveOutOf(columns, count, left);
  }
  const spans = spansOf(columns);
  if (spans.length > mostSpans) return null;
  let at = 0;
  for (const span of spans) {
    const { data } = await matrices.slice({ ...place, columns: span }, signal);
    const width = span.end - span.start;
    for (let row = 0; row < rows; row += 1) {
      for (let column = 0; column < width; column += 1)
        left[row * columns.length + at + column] = data[row * width + column] ?? NaN;
    }
    at += width;
  }
  return leaveOutOf(columns, count, left);
}
