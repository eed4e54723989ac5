import type { Span } from '../../protocol.js';
import { checkSpan } from './pool.js';

/**
 * Spans of an axis in rising order, those that touch or overlap joined: each index is in one of them. All of the axis where none
 * are given.
 * @throws RangeError where one leaves the axis, or there is nothing in them
 */
export function joinedSpans(spans: readonly Span[] | undefined, size: number, axis: string): Span[] {
  const asked = (spans ?? [{ start: 0, end: size }]).map((span) => checkSpan(span, size, axis));
  const joined: { start: number; end: number }[] = [];
  for (const { start, end } of asked.toSorted((a, b) => a.start - b.start)) {
    const last = joined.at(-1);
    if (start === end) continue;
    if (last !== undefined && start <= last.end) last.end = Math.max(last.end, end);
    else joined.push({ start, end });
  }
  if (joined.length === 0) throw new RangeError(`${axis}: there is nothing to look at.`);
  return joined;
}
