import type { Json } from '../../../formats/json-text.js';
import { typeOf } from '../../config.js';
import { isRecord } from '../../../common/values.js';
import { mapped, part, prepended, unitsOf, type Aligned } from './aligned.js';
import { byteCharacters } from './byte-characters.js';
import { CodePoints } from './code-points.js';
import { cutAt, expressionOf, isBehavior, replaced, stretchesOf, type Behavior } from './pattern.js';
import { punctuation } from './unicode.js';

/**
 * Cuts text into the words that a model splits further, in the characters that its vocabulary is written in.
 * @param first whether the text is the beginning of all
 */
export type Splitter = (text: Aligned, first: boolean) => Aligned[];

const isPunctuation = new CodePoints(punctuation);
const isSpace = new Set<string>();
for (let code = 0; code < 0x3001; code++) {
  const character = String.fromCharCode(code);
  if (/\p{White_Space}/u.test(character)) isSpace.add(character);
}

/** The deepest sequence within a sequence. */
const MAX_DEPTH = 16;

/**
 * The pre-tokeniser that a tokenizer.json describes, as the `tokenizers` library has it.
 * @returns undefined for one that is not known here
 */
export function splitterOf(description: Json | undefined, depth = 0): Splitter | undefined {
  if (description === null || description === undefined) return (text) => [text];
  if (!isRecord(description) || depth > MAX_DEPTH) return undefined;
  switch (typeOf(description)) {
    case 'BertPreTokenizer':
      return splitWords;
    case 'ByteLevel':
      return byteLevel(description['add_prefix_space'] === true, description['use_regex'] !== false);
    case 'Digits':
      return cutter(/\p{N}/gu, description['individual_digits'] === true ? 'Isolated' : 'Contiguous');
    case 'Metaspace':
      return metaspace(description);
    case 'Sequence':
      return sequence(description['pretokenizers'], depth);
    case 'Split':
      return split(description);
    case 'WhitespaceSplit':
      return cutter(/\p{White_Space}/gu, 'Removed');
    default:
      return undefined;
  }
}

function sequence(descriptions: Json | undefined, depth: number): Splitter | undefined {
  if (!Array.isArray(descriptions)) return undefined;
  const list = descriptions as readonly Json[]; // Only what Array.isArray takes away.
  const steps = list.map((one) => splitterOf(one, depth + 1)).filter((step) => step !== undefined);
  if (steps.length < list.length) return undefined;
  return (text, first) =>
    steps.reduce((words, step) => words.flatMap((word, at) => step(word, first && at === 0)), [text]);
}

function split({ pattern, behavior, invert }: { readonly [name: string]: Json }): Splitter | undefined {
  const expression = expressionOf(pattern);
  return expression && isBehavior(behavior) ? cutter(expression, behavior, invert === true) : undefined;
}

function cutter(expression: RegExp, behavior: Behavior, inverted = false): Splitter {
  return (text) => {
    const stretches = stretchesOf(text, expression);
    return cutAt(
      text,
      inverted ? stretches.map((each) => ({ ...each, matches: !each.matches })) : stretches,
      behavior,
    );
  };
}

/** Spaces as a sign of their own, which every word begins with: Kudo & Richardson 2018, §3.1. */
function metaspace(description: { readonly [name: string]: Json }): Splitter | undefined {
  const { replacement = '▁', prepend_scheme: scheme, add_prefix_space: prefixed } = description;
  if (typeof replacement !== 'string' || replacement === '') return undefined;
  const when = scheme ?? (prefixed === false ? 'never' : 'always');
  const separate = description['split'] !== false;
  const sign = expressionOf({ String: replacement });
  return (text, first) => {
    const spaced = replaced(text, / /gu, replacement);
    const starts = spaced.characters[0] === replacement;
    const whole =
      !starts && (when === 'always' || (when === 'first' && first)) ? prepended(replacement, spaced) : spaced;
    return separate && sign ? cutAt(whole, stretchesOf(whole, sign), 'MergedWithNext') : [whole];
  };
}

/** Words between spaces, punctuation by itself. */
function splitWords(text: Aligned): Aligned[] {
  const words: Aligned[] = [];
  let begin = 0;
  const finish = (end: number): void => {
    if (end > begin) words.push(part(text, begin, end));
  };
  text.characters.forEach((character, at) => {
    const space = isSpace.has(character);
    if (!space && !isPunctuation.has(character)) return;
    finish(at);
    if (!space) words.push(part(text, at, at + 1));
    begin = at + 1;
  });
  finish(text.characters.length);
  return words;
}

/** Radford et al. 2019 (GPT-2): contractions, then letters, numbers or others with the space before them, then spaces. */
const pattern =
  /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\p{White_Space}\p{L}\p{N}]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/gu;

/** Text as bytes of UTF-8, each written as one printable character: Radford et al. 2019, §2.2. */
function byteLevel(prefixSpace: boolean, cut: boolean): Splitter {
  const encoder = new TextEncoder();
  const written = mapMemory((character: string) =>
    Array.from(encoder.encode(character), (byte) => byteCharacters[byte] ?? '').join(''),
  );
  return (text) => {
    const whole = prefixSpace && text.characters[0] !== ' ' ? prepended(' ', text) : text;
    const words = cut ? matches(whole, pattern) : [whole];
    return words.map((word) => mapped(word, written));
  };
}

function matches(text: Aligned, expression: RegExp): Aligned[] {
  const units = unitsOf(text);
  return Array.from(text.characters.join('').matchAll(expression), (match) =>
    part(text, units[match.index] ?? 0, units[match.index + match[0].length] ?? 0),
  );
}

function mapMemory(map: (character: string) => string): (character: string) => string {
  const known = new Map<string, string>();
  return (character) => {
    const found = known.get(character) ?? map(character);
    known.set(character, found);
    return found;
  };
}
