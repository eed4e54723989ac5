import type { Json } from '../../formats/json-text.js';
import { isObject, typeOf } from '../config.js';
import { mapped, part, unitsOf, type Aligned } from './aligned.js';
import { CodePoints } from './code-points.js';
import { punctuation } from './unicode.js';

/** Cuts text into the words that a model splits further, in the characters that its vocabulary is written in. */
export type Splitter = (text: Aligned) => Aligned[];

const isPunctuation = new CodePoints(punctuation);
const isSpace = new Set<string>();
for (let code = 0; code < 0x3001; code++) {
  const character = String.fromCharCode(code);
  if (/\p{White_Space}/u.test(character)) isSpace.add(character);
}

/**
 * The pre-tokeniser that a tokenizer.json describes, as the `tokenizers` library has it.
 * @returns undefined for one that is not known here
 */
export function splitterOf(description: Json | undefined): Splitter | undefined {
  if (!isObject(description)) return undefined;
  switch (typeOf(description)) {
    case 'BertPreTokenizer':
      return splitWords;
    case 'ByteLevel':
      return byteLevel(description['add_prefix_space'] === true, description['use_regex'] !== false);
    default:
      return undefined;
  }
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
function byteLevel(prefixSpace: boolean, split: boolean): Splitter {
  const encoder = new TextEncoder();
  const written = mapMemory((character: string) =>
    Array.from(encoder.encode(character), (byte) => byteCharacters[byte] ?? '').join(''),
  );
  return (text) => {
    const whole = prefixSpace && text.characters[0] !== ' ' ? withPrefix(text) : text;
    const words = split ? matches(whole, pattern) : [whole];
    return words.map((word) => mapped(word, written));
  };
}

/** A space before the text, as if it had come from its first character. */
function withPrefix(text: Aligned): Aligned {
  const [start] = text.starts;
  const [end] = text.ends;
  if (start === undefined || end === undefined) return text;
  return {
    characters: [' ', ...text.characters],
    starts: [start, ...text.starts],
    ends: [end, ...text.ends],
  };
}

function matches(text: Aligned, expression: RegExp): Aligned[] {
  const units = unitsOf(text);
  return Array.from(text.characters.join('').matchAll(expression), (match) =>
    part(text, units[match.index] ?? 0, units[match.index + match[0].length] ?? 0),
  );
}

function isPlain(byte: number): boolean {
  return (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
}

/** Printable Latin-1 bytes stand for themselves, the others for U+0100 and on. */
const byteCharacters: readonly string[] = (() => {
  let next = 0x100;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(isPlain(byte) ? byte : next++));
})();

function mapMemory(map: (character: string) => string): (character: string) => string {
  const known = new Map<string, string>();
  return (character) => {
    const found = known.get(character) ?? map(character);
    known.set(character, found);
    return found;
  };
}
