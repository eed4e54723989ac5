import type { Json } from '../../formats/json-text.js';
import { isObject, typeOf } from '../config.js';
import { accents, ideographs, marks, removed } from './unicode.js';
import { CodePoints } from './code-points.js';

/** What becomes of one character; nothing here looks at its neighbours. */
export type CharacterMap = (character: string) => string;

const isRemoved = new CodePoints(removed);
const isAccent = new CodePoints(accents);
const isMark = new CodePoints(marks);
const isIdeograph = new CodePoints(ideographs);

const lowercase: CharacterMap = (character) => character.toLowerCase();

/** Decomposed, and what it is composed with left out. */
function without(left: CodePoints): CharacterMap {
  return (character) =>
    Array.from(character.normalize('NFD'))
      .filter((one) => !left.has(one))
      .join('');
}

const withoutAccents = without(isAccent);
const withoutMarks = without(isMark);

/**
 * The normaliser that a tokenizer.json describes, character by character, as the `tokenizers` library has it.
 * @returns undefined for one that is not known here, or that looks at more than one character at a time
 */
export function normalizerOf(description: Json | undefined): CharacterMap | undefined {
  const map = mapOf(description);
  return map && remembered(map);
}

function mapOf(description: Json | undefined): CharacterMap | undefined {
  if (description === null || description === undefined) return (character) => character;
  if (!isObject(description)) return undefined;
  switch (typeOf(description)) {
    case 'BertNormalizer':
      return bertMap(description);
    case 'Lowercase':
      return lowercase;
    case 'Sequence':
      return sequenceMap(description['normalizers']);
    default:
      return undefined;
  }
}

function sequenceMap(descriptions: Json | undefined): CharacterMap | undefined {
  if (!Array.isArray(descriptions)) return undefined;
  const list = descriptions as readonly Json[]; // Only what Array.isArray takes away.
  const types = list.map((one) => (isObject(one) ? one['type'] : undefined));
  const maps: (CharacterMap | undefined)[] = [];
  for (let at = 0; at < types.length; at++) {
    if (types[at] === 'NFD') {
      // By itself NFD sorts marks across characters. Where all marks go, that cannot be seen.
      const strips = types.indexOf('StripAccents', at);
      const between = types.slice(at + 1, strips);
      if (strips < 0 || between.some((type) => type !== 'Lowercase')) return undefined;
      maps.push(withoutMarks, ...between.map(() => lowercase));
      at = strips;
    } else {
      maps.push(mapOf(list[at]));
    }
  }
  const known = maps.filter((map) => map !== undefined);
  if (known.length < maps.length) return undefined;
  return (character) => known.reduce((text, map) => each(text, map), character);
}

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

function remembered(map: CharacterMap): CharacterMap {
  const known = new Map<string, string>();
  return (character) => {
    let result = known.get(character);
    if (result === undefined) {
      result = map(character);
      known.set(character, result);
    }
    return result;
  };
}
