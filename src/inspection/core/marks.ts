import type { CharacterRange } from '../../models/index.js';
import type { Labels, Mark, Medium } from '../../protocol.js';

/** One of the texts that were brought. */
export function textMedium(index: number): Medium {
  return { id: `text-${index}`, kind: 'text', index };
}

/** The parts of a text that tokens stand for; null for what stands for none. */
export function marksIn(
  { id }: Medium,
  ranges: readonly (CharacterRange | null)[],
): NonNullable<Labels['marks']> {
  return ranges.map((range): Mark | null =>
    range === null ? null : { medium: id, kind: 'span', start: range.start, end: range.end },
  );
}
