import type { AudioMedium, Interval, Labels } from '../../../src/protocol.js';

/** Labels of one side of a matrix that are moments of a recording, one after the other and evenly spaced. */
export interface Frames {
  /** The first of them, as a label of its side. */
  readonly first: number;
  readonly count: number;
  /** Where the first begins, and how far the beginnings are apart, in seconds of the recording. */
  readonly start: number;
  readonly pitch: number;
}

/**
 * The first unbroken run of frames of a recording among labels; null where there is none. What a model puts behind the sound to fill
 * its window stands for nothing in the recording, and follows the frames all the same: it is taken for more of them.
 */
export function framesOf({ marks }: Labels, { id, most }: Pick<AudioMedium, 'id' | 'most'>): Frames | null {
  if (marks === undefined) return null;
  const at = (index: number): Interval | null => {
    const mark = marks[index];
    return mark?.kind === 'interval' && mark.medium === id ? mark : null;
  };
  const first = marks.findIndex((_, index) => at(index) !== null);
  const begin = at(first);
  if (begin === null) return null;
  let last = first;
  for (let next = at(first + 1); next !== null; next = at(last + 1)) last += 1;
  const count = last - first + 1;
  const final = at(last) ?? begin;
  // What a frame hears may overlap with the next: beginnings say how far they are apart. The last may be cut off.
  const pitch = count > 1 ? (final.start - begin.start) / (count - 1) : begin.end - begin.start;
  if (!(pitch > 0)) return null;
  const rest = marks.length - first;
  const fillsWindow =
    Math.abs(rest * pitch - most) < pitch && marks.slice(last + 1).every((mark) => mark === null);
  return { first, count: fillsWindow ? rest : count, start: begin.start, pitch };
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
