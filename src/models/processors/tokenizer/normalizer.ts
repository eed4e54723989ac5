import type { Json } from '../../../formats/json-text.js';
import { typeOf } from '../../config.js';
import { isRecord } from '../../../common/values.js';
import { quoted } from '../../../formats/untrusted.js';
import { ModelError } from '../../error.js';
import { mapped, part, prepended, type Aligned } from './aligned.js';
import { bytesWritten } from './byte-characters.js';
import { CharacterTable } from './charsmap.js';
import { CodePoints } from './code-points.js';
import { MAX_TOKEN_LENGTH, type Fail } from './description.js';
import { expressionOf, replaced } from './pattern.js';
import { accents, ideographs, marks, removed } from './unicode.js';
import { normalForm } from './unicode-forms.js';

/** Text as it is written before it is cut into words. */
export type Normalizer = (text: Aligned) => Aligned;

const isRemoved = new CodePoints(removed);
const isAccent = new CodePoints(accents);
const isMark = new CodePoints(marks);
const isIdeograph = new CodePoints(ideographs);

/** The deepest sequence within a sequence, and the longest. */
const MAX_DEPTH = 16;
const MAX_STEPS = 256;

/** Unicode's own forms write a character as 18 at most. */
const MOST_GROWTH = 32;
const LEAST_GROWN = 1 << 14;

/**
 * The normaliser that a tokenizer.json describes, as the `tokenizers` library has it.
 * @throws ModelError naming one that is not known here
 */
export function normalizerOf(description: Json | undefined, where: string): Normalizer {
  const fail: Fail = (what) => {
    throw new ModelError(`${where} ${what}.`);
  };
  return normalizerIn(description, fail, 0);
}

/** Whether one of the normalisers is SentencePiece's table of characters. */
export function hasTable(description: Json | undefined): boolean {
  if (!isRecord(description)) return false;
  const { type, normalizers } = description;
  return (
    type === 'Precompiled' || (Array.isArray(normalizers) && (normalizers as readonly Json[]).some(hasTable)) // As above.
  );
}

function normalizerIn(description: Json | undefined, fail: Fail, depth: number): Normalizer {
  if (description === null || description === undefined) return (text) => text;
  if (!isRecord(description)) return fail('has a normalizer that is not an object');
  if (depth > MAX_DEPTH) return fail(`has more than ${MAX_DEPTH} normalizers within one another`);
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
      return prefixer(description['prepend'], fail);
    case 'Nmt':
      return byCharacter(nmt);
    case 'ByteLevel':
      return byCharacter(bytesWritten);
    case 'Replace':
      return replacer(description['pattern'], description['content'], fail);
    case 'Precompiled':
      return precompiled(description['precompiled_charsmap'], description['longest'] === true, fail);
    case 'Sequence':
      return sequence(description['normalizers'], fail, depth);
    default:
      return fail(`has a normalizer of the type ${quoted(type ?? '')}, which is not known`);
  }
}

function sequence(descriptions: Json | undefined, fail: Fail, depth: number): Normalizer {
  if (!Array.isArray(descriptions)) return fail('has a Sequence without a list of normalizers');
  const list = descriptions as readonly Json[]; // Only what Array.isArray takes away.
  if (list.length > MAX_STEPS) return fail(`has more than ${MAX_STEPS} normalizers, one behind the other`);
  const steps = list.map((one) => normalizerIn(one, fail, depth + 1));
  return (text) => {
    const most = MOST_GROWTH * text.characters.length + LEAST_GROWN;
    return steps.reduce((before, step) => {
      const after = step(before);
      return after.characters.length <= most
        ? after
        : fail(
            `writes ${text.characters.length} characters as ${after.characters.length}, more than ${MOST_GROWTH} for each: it is not followed`,
          );
    }, text);
  };
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

function prefixer(prefix: Json | undefined, fail: Fail): Normalizer {
  if (typeof prefix !== 'string') return fail('has a Prepend without the text that it puts before');
  checkPut(prefix, fail);
  return (text) => prepended(prefix, text);
}

function replacer(pattern: Json | undefined, content: Json | undefined, fail: Fail): Normalizer {
  const expression = expressionOf(pattern);
  if (expression === undefined || typeof content !== 'string') {
    return fail('has a Replace without a pattern or what it puts there');
  }
  checkPut(content, fail);
  return (text) => replaced(text, expression, content);
}

/** What is put before a text, or in the place of a part of it. */
function checkPut(text: string, fail: Fail): void {
  if (text.length <= MAX_TOKEN_LENGTH) return;
  fail(
    `puts ${text.length} characters into every text, more than the ${MAX_TOKEN_LENGTH} that are put there`,
  );
}

function precompiled(table: Json | undefined, longest: boolean, fail: Fail): Normalizer {
  if (typeof table !== 'string') return fail('has a Precompiled without its table of characters');
  if (table === '') return (text) => text;
  const characters = new CharacterTable(table, longest);
  return (text) => characters.normalize(text);
}

/** What becomes of one character; nothing here looks at its neighbours. */
type CharacterMap = (character: string) => string;

const isSilent = new CodePoints('1-8 b e-1f 7f 8f 9f');
const isBlank = new CodePoints('9-a c-d 1680 200b-200f 2028-2029 2581 feff fffd');

/** SentencePiece's own rules for machine translation: control characters go, and what looks like a space is one. */
const nmt: CharacterMap = (character) =>
  isSilent.has(character) ? '' : isBlank.has(character) ? ' ' : character;

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
