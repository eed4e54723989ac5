import { Tokenizer } from '@huggingface/tokenizers';
import type { Json } from '../../../formats/json-text.js';
import { isRecord } from '../../../common/values.js';
import { withoutAtomic } from './atomic.js';
import { joined, part, rewritten, unitsOf, type Aligned, type Written } from './aligned.js';

/** A stretch of text that a pattern matches, or that lies between its matches. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
  readonly matches: boolean;
}

/**
 * The expression that a "pattern" stands for: a text, or an expression in Oniguruma's language, which the library
 * translates.
 * @returns undefined where it is neither
 * @throws where the expression has parts that JavaScript does not know
 */
export function expressionOf(pattern: Json | undefined): RegExp | undefined {
  if (!isRecord(pattern)) return undefined;
  const { String: text, Regex: expression } = pattern;
  if (typeof expression !== 'string' && typeof text !== 'string') return undefined;
  const known = typeof expression === 'string' ? { Regex: withoutAtomic(expression) } : pattern;
  const { pre_tokenizer: split } = new Tokenizer(
    {
      model: { type: 'BPE', vocab: {}, merges: [] },
      pre_tokenizer: { type: 'Split', pattern: known, behavior: 'Isolated', invert: false },
      normalizer: null,
      post_processor: null,
      decoder: null,
      added_tokens: [],
    },
    {},
  );
  const made = split !== null && 'pattern' in split ? split.pattern : undefined;
  return made instanceof RegExp ? made : undefined;
}

/** The whole text, in characters, as matches, which may be empty, and what lies between them. */
export function stretchesOf(text: Aligned, expression: RegExp): Stretch[] {
  const units = unitsOf(text);
  const stretches: Stretch[] = [];
  let done = 0;
  let ended: number | undefined;
  for (const match of text.characters.join('').matchAll(expression)) {
    const from = units[match.index] ?? 0;
    const to = units[match.index + match[0].length] ?? 0;
    // Nothing is matched once more where a match has just ended.
    if (from === to && to === ended) continue;
    ended = to;
    if (from > done) stretches.push({ from: done, to: from, matches: false });
    stretches.push({ from, to, matches: true });
    done = to;
  }
  const { length } = text.characters;
  if (done < length) stretches.push({ from: done, to: length, matches: false });
  return stretches;
}

/** Every match replaced; what stands there then comes from the last character of the match. */
export function replaced(text: Aligned, expression: RegExp, content: string): Aligned {
  const stretches = stretchesOf(text, expression);
  if (!stretches.some(({ matches }) => matches)) return text;
  const inserted = Array.from(content, (character, at): Written => ({ character, takes: at === 0 ? 1 : 0 }));
  return joined(
    stretches.map(({ from, to, matches }) => {
      if (!matches) return part(text, from, to);
      if (to > 0) return rewritten(part(text, to - 1, to), inserted);
      // What is put before everything stands for nothing.
      const start = inserted.map(() => text.starts[0] ?? 0);
      return { characters: inserted.map(({ character }) => character), starts: start, ends: start };
    }),
  );
}

/** What becomes of the stretches that a split is made at. */
export type Behavior = 'Removed' | 'Isolated' | 'MergedWithPrevious' | 'MergedWithNext' | 'Contiguous';

export const isBehavior = (value: Json | undefined): value is Behavior =>
  typeof value === 'string' &&
  ['Removed', 'Isolated', 'MergedWithPrevious', 'MergedWithNext', 'Contiguous'].includes(value);

/** The text cut at the stretches that match. */
export function cutAt(text: Aligned, stretches: readonly Stretch[], behavior: Behavior): Aligned[] {
  return merged(stretches, behavior)
    .filter(({ from, to }) => to > from)
    .map(({ from, to }) => part(text, from, to));
}

function merged(stretches: readonly Stretch[], behavior: Behavior): { from: number; to: number }[] {
  if (behavior === 'Isolated') return [...stretches];
  if (behavior === 'Removed') return stretches.filter(({ matches }) => !matches);
  const words: { from: number; to: number }[] = [];
  stretches.forEach(({ from, to, matches }, at) => {
    const before = stretches[at - 1];
    const last = words.at(-1);
    const joins =
      behavior === 'Contiguous'
        ? before?.matches === matches
        : behavior === 'MergedWithPrevious'
          ? matches && before?.matches === false
          : !matches && before?.matches === true;
    if (joins && last !== undefined) last.to = to;
    else words.push({ from, to });
  });
  return words;
}
