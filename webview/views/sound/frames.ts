import type { Interval, Labels } from '../../../src/protocol.js';

/** Labels of one side of a matrix that are moments of a recording, one after the other and evenly spaced. */
export interface Frames {
  /** The first of them, as a label of its side. */
  readonly first: number;
  readonly count: number;
  /** Where the first begins, and how far the beginnings are apart, in seconds of the recording. */
  readonly start: number;
  readonly pitch: number;
}

/** The first unbroken run of frames of a recording among labels; null where there is none. */
export function framesOf({ marks }: Labels, medium: string): Frames | null {
  if (marks === undefined) return null;
  const at = (index: number): Interval | null => {
    const mark = marks[index];
    return mark?.kind === 'interval' && mark.medium === medium ? mark : null;
  };
  const first = marks.findIndex((_, index) => at(index) !== null);
  const begin = at(first);
  if (begin === null) return null;
  let last = first;
  for (let next = at(first + 1); next !== null; next = at(last + 1)) last += 1;
  const count = last - first + 1;
  const final = at(last) ?? begin;
  // What a frame hears may overlap with the next: beginnings say how far they are apart.
  const pitch = count > 1 ? (final.start - begin.start) / (count - 1) : begin.end - begin.start;
  return pitch > 0 ? { first, count, start: begin.start, pitch } : null;
}

export function extentOf({ start, count, pitch }: Frames): Interval {
  return { start, end: start + count * pitch };
}

/** The label whose moment it is; null outside of all. */
export function frameAt({ first, count, start, pitch }: Frames, time: number): number | null {
  // A hair's breadth: a frame's beginning is its own, however it was rounded.
  const at = Math.floor((time - start) / pitch + 1e-6);
  return at >= 0 && at < count ? first + at : null;
}

/** The part of the time axis that a label has; null for one that is no frame. */
export function intervalOf({ first, count, start, pitch }: Frames, label: number): Interval | null {
  const at = label - first;
  return at >= 0 && at < count ? { start: start + at * pitch, end: start + (at + 1) * pitch } : null;
}

/** How many of the frames begin before a moment. */
export function framesBefore({ start, pitch, count }: Frames, time: number): number {
  return Math.min(count, Math.max(1, Math.ceil((time - start) / pitch - 1e-6)));
}
