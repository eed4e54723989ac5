import type { Json } from '../../../formats/json-text.js';
import { typeOf } from '../../config.js';
import { isRecord } from '../../../common/values.js';
import { mapped, part, prepended, type Aligned } from './aligned.js';
import { CharacterTable } from './charsmap.js';
import { CodePoints } from './code-points.js';
import { expressionOf, replaced } from './pattern.js';
import { accents, ideographs, marks, removed } from './unicode.js';
import { normalForm } from './unicode-forms.js';

/** Text as it is written before it is cut into words. */
export type Normalizer = (text: Aligned) => Aligned;

const isRemoved = new CodePoints(removed);
const isAccent = new CodePoints(accents);
const isMark = new CodePoints(marks);
const isIdeograph = new CodePoints(ideographs);

/** The deepest sequence within a sequence. */
const MAX_DEPTH = 16;

/**
 * The normaliser that a tokenizer.json describes, as the `tokenizers` library has it.
 * @returns undefined for one that is not known here
 * @throws when it is known and cannot be read
 */
export function normalizerOf(description: Json | undefined, depth = 0): Normalizer | undefined {
  if (description === null || description === undefined) return (text) => text;
  if (!isRecord(description) || depth > MAX_DEPTH) return undefined;
  const type = typeOf(description);
  switch (type) {
    case 'BertNormalizer':
      return byCharacter(bertMap(description));
    case 'Lowercase':
      return byCharacter(lowercase);
    case 'NFC':
    case 'NFD':
    case 'NFKC':
    case 'NFKD':
      return (text) => normalForm(text, type);
    case 'StripAccents':
      return byCharacter((character) => (isMark.has(character) ? '' : character));
    case 'Strip':
      return stripper(description['strip_left'] === true, description['strip_right'] === true);
    case 'Prepend':
      return prefixer(description['prepend']);
    case 'Replace':
      return replacer(description['pattern'], description['content']);
    case 'Precompiled':
      return precompiled(description['precompiled_charsmap'], description['longest'] === true);
    case 'Sequence':
      return sequence(description['normalizers'], depth);
    default:
      return undefined;
  }
}

function sequence(descriptions: Json | undefined, depth: number): Normalizer | undefined {
  if (!Array.isArray(descriptions)) return undefined;
  const list = descriptions as readonly Json[]; // Only what Array.isArray takes away.
  const steps = list.map((one) => normalizerOf(one, depth + 1)).filter((step) => step !== undefined);
  if (steps.length < list.length) return undefined;
  return (text) => steps.reduce((each, step) => step(each), text);
}

function stripper(left: boolean, right: boolean): Normalizer {
  const isSpace = (character: string | undefined): boolean => /^\p{White_Space}/u.test(character ?? '');
  return (text) => {
    let from = 0;
    let to = text.characters.length;
    while (left && from < to && isSpace(text.characters[from])) from++;
    while (right && to > from && isSpace(text.characters[to - 1])) to--;
    return from > 0 || to < text.characters.length ? part(text, from, to) : text;
  };
}

function prefixer(prefix: Json | undefined): Normalizer | undefined {
  return typeof prefix === 'string' ? (text) => prepended(prefix, text) : undefined;
}

function replacer(pattern: Json | undefined, content: Json | undefined): Normalizer | undefined {
  const expression = expressionOf(pattern);
  return expression && typeof content === 'string'
    ? (text) => replaced(text, expression, content)
    : undefined;
}

function precompiled(table: Json | undefined, longest: boolean): Normalizer | undefined {
  if (typeof table !== 'string') return undefined;
  if (table === '') return (text) => text;
  const characters = new CharacterTable(table, longest);
  return (text) => characters.normalize(text);
}

/** What becomes of one character; nothing here looks at its neighbours. */
type CharacterMap = (character: string) => string;

const lowercase: CharacterMap = (character) => character.toLowerCase();

/** Decomposed, and the accents that it is composed with left out. */
const withoutAccents: CharacterMap = (character) =>
  Array.from(character.normalize('NFD'))
    .filter((one) => !isAccent.has(one))
    .join('');

/** Devlin et al. 2019's own normaliser: characters that mean nothing go, ideographs stand apart, accents and case go. */
function bertMap(settings: { readonly [name: string]: Json }): CharacterMap {
  const clean = settings['clean_text'] !== false;
  const apart = settings['handle_chinese_chars'] !== false;
  const lower = settings['lowercase'] !== false;
  const strip = settings['strip_accents'] ?? lower;
  return (character) => {
    if (clean) {
      if (isRemoved.has(character)) return '';
      if (/\p{White_Space}/u.test(character)) return ' ';
    }
    const stripped = strip === true ? withoutAccents(character) : character;
    const cased = lower ? each(stripped, lowercase) : stripped;
    return apart && isIdeograph.has(character) ? ` ${cased} ` : cased;
  };
}

/** A character that has become several is mapped on one by one. */
function each(text: string, map: CharacterMap): string {
  return text.length === 1 ? map(text) : Array.from(text, map).join('');
}

function byCharacter(map: CharacterMap): Normalizer {
  const known = new Map<string, string>();
  return (text) =>
    mapped(text, (character) => {
      const result = known.get(character) ?? map(character);
      known.set(character, result);
      return result;
    });
}
