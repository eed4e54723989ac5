import { Tokenizer } from '@huggingface/tokenizers';
import type { Json } from '../../../formats/json-text.js';
import { quoted } from '../../../formats/untrusted.js';
import { isRecord } from '../../../common/values.js';
import { withoutAtomic } from './atomic.js';
import { LinearExpression, type Match } from './expressions/linear.js';
import { ExpressionError, parseExpression } from './expressions/parse.js';
import { isSwift } from './expressions/swift.js';
import { joined, part, rewritten, unitsOf, type Aligned, type Written } from './aligned.js';

/** A stretch of text that a pattern matches, or that lies between its matches. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
  readonly matches: boolean;
}

/** What replacing may write, for each character of a text, and at least. */
const MOST_GROWTH = 32;
const LEAST_GROWN = 1 << 14;

/** What is looked for in a text: with JavaScript's own engine, where that takes linear time. */
export type Expression = RegExp | LinearExpression;

/** The longest expression, in UTF-16 units: those of known models have a tenth of it. */
const MAX_LENGTH = 1 << 14;

/**
 * The expression that a "pattern" stands for: a text, or an expression in Oniguruma's language, which the library
 * translates.
 * @returns undefined where it is neither
 * @throws ExpressionError where the expression has parts that JavaScript does not know, or that take more than linear time
 */
export function expressionOf(pattern: Json | undefined): Expression | undefined {
  if (!isRecord(pattern)) return undefined;
  const { String: text, Regex: expression } = pattern;
  if (typeof expression !== 'string') {
    if (typeof text !== 'string') return undefined;
    checkLength(text);
    return translated({ String: text });
  }
  checkLength(expression);
  const own = translated({ Regex: withoutAtomic(expression) });
  if (own === undefined) return undefined;
  const parsed = parseExpression(own.source);
  return isSwift(parsed) ? own : new LinearExpression(parsed);
}

function checkLength(expression: string): void {
  if (expression.length <= MAX_LENGTH) return;
  throw new ExpressionError(
    `an expression has ${expression.length} characters, more than the ${MAX_LENGTH} that are read`,
  );
}

function translated(pattern: { readonly String: string } | { readonly Regex: string }): RegExp | undefined {
  const description = {
    model: { type: 'BPE', vocab: {}, merges: [] },
    pre_tokenizer: { type: 'Split', pattern, behavior: 'Isolated', invert: false },
    normalizer: null,
    post_processor: null,
    decoder: null,
    added_tokens: [],
  };
  try {
    const { pre_tokenizer: split } = new Tokenizer(description, {});
    const made = split !== null && 'pattern' in split ? split.pattern : undefined;
    return made instanceof RegExp ? made : undefined;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    // The engine repeats the whole expression before it says what is wrong with it.
    const said = /: ([^:/]{1,80})$/.exec(error.message)?.[1] ?? 'it is no regular expression';
    const [source] = Object.values(pattern);
    throw new ExpressionError(`the expression ${quoted(source ?? '')} cannot be read: ${said}`, {
      cause: error,
    });
  }
}

/** Every match in a text, in characters, from left to right. @throws ExpressionError where it takes too long */
function* matchesOf(text: Aligned, expression: Expression): Generator<Match> {
  if (expression instanceof LinearExpression) {
    yield* expression.matches(text.characters);
    return;
  }
  const units = unitsOf(text);
  for (const match of text.characters.join('').matchAll(expression)) {
    yield { from: units[match.index] ?? 0, to: units[match.index + match[0].length] ?? 0 };
  }
}

/** A text with every match replaced. @throws ExpressionError where it takes too long */
export function withReplaced(text: string, expression: Expression, content: string): string {
  if (expression instanceof RegExp) return text.replace(expression, () => content);
  const characters = Array.from(text);
  let result = '';
  let done = 0;
  for (const { from, to } of expression.matches(characters)) {
    result += characters.slice(done, from).join('') + content;
    done = to;
  }
  return result + characters.slice(done).join('');
}

/** The whole text, in characters, as matches, which may be empty, and what lies between them. */
export function stretchesOf(text: Aligned, expression: Expression): Stretch[] {
  const stretches: Stretch[] = [];
  let done = 0;
  let ended: number | undefined;
  for (const { from, to } of matchesOf(text, expression)) {
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
export function replaced(text: Aligned, expression: Expression, content: string): Aligned {
  const stretches = stretchesOf(text, expression);
  const count = stretches.reduce((sum, { matches }) => sum + (matches ? 1 : 0), 0);
  if (count === 0) return text;
  const written = count * content.length;
  if (written > MOST_GROWTH * text.characters.length + LEAST_GROWN) {
    throw new ExpressionError(
      `${written} characters would stand in the place of ${count} parts of a text of ${text.characters.length}, which is not followed`,
    );
  }
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
