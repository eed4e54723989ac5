import type { Json } from '../../../formats/json-text.js';
import { quoted } from '../../../formats/untrusted.js';
import { typeOf } from '../../config.js';
import { ModelError } from '../../error.js';
import { isRecord } from '../../../common/values.js';
import { mapped, part, prepended, unitsOf, type Aligned } from './aligned.js';
import { bytesWritten } from './byte-characters.js';
import { CodePoints } from './code-points.js';
import {
  cutAt,
  expressionOf,
  isBehavior,
  replaced,
  stretchesOf,
  type Behavior,
  type Expression,
  type Stretch,
} from './pattern.js';
import type { Fail } from './description.js';
import { numbers, punctuation, words } from './unicode.js';
import { scripts } from './unicode-scripts.js';

/**
 * Cuts text into the words that a model splits further, in the characters that its vocabulary is written in.
 * @param begins whether a text that begins at this place is the beginning of all
 */
export type Splitter = (text: Aligned, begins: (place: number) => boolean) => Aligned[];

type JsonObject = { readonly [name: string]: Json };

const isPunctuation = new CodePoints(punctuation);
const isWord = new CodePoints(words);
const isNumber = new CodePoints(numbers);
const isWhiteSpace = (character: string): boolean => /^\p{White_Space}/u.test(character);

/** The deepest sequence within a sequence. */
const MAX_DEPTH = 16;

/** What is made of the settings of each type. */
const makers: Readonly<Record<string, (settings: JsonObject, fail: Fail, depth: number) => Splitter>> = {
  BertPreTokenizer: () => (text) =>
    cutBy(text, isWhiteSpace, 'Removed').flatMap((word) =>
      cutBy(word, (character) => isPunctuation.has(character), 'Isolated'),
    ),
  ByteLevel: ({ add_prefix_space: prefixed, use_regex: cut }) => byteLevel(prefixed === true, cut !== false),
  CharDelimiterSplit({ delimiter }, fail) {
    if (typeof delimiter !== 'string' || Array.from(delimiter).length !== 1) {
      return fail('has a CharDelimiterSplit whose "delimiter" is not one character');
    }
    return (text) => cutBy(text, (character) => character === delimiter, 'Removed');
  },
  Digits({ individual_digits: single }) {
    const behavior = single === true ? 'Isolated' : 'Contiguous';
    return (text) => cutBy(text, (character) => isNumber.has(character), behavior);
  },
  FixedLength({ length = 5 }, fail) {
    if (typeof length !== 'number' || !Number.isInteger(length) || length < 1) {
      return fail('has a FixedLength whose "length" is not a whole number above 0');
    }
    return (text) =>
      Array.from({ length: Math.ceil(text.characters.length / length) }, (_, at) =>
        part(text, at * length, Math.min(text.characters.length, (at + 1) * length)),
      );
  },
  Metaspace: metaspace,
  Punctuation({ behavior = 'Isolated' }, fail) {
    if (!isBehavior(behavior)) return fail('has a Punctuation whose "behavior" is not known');
    return (text) => cutBy(text, (character) => isPunctuation.has(character), behavior);
  },
  Sequence({ pretokenizers }, fail, depth) {
    if (!Array.isArray(pretokenizers)) return fail('has a Sequence without a list of pre-tokenizers');
    const list = pretokenizers as readonly Json[]; // Only what Array.isArray takes away.
    const steps = list.map((one) => splitterIn(one, fail, depth + 1));
    return (text, begins) => steps.reduce((all, step) => all.flatMap((word) => step(word, begins)), [text]);
  },
  Split: split,
  UnicodeScripts: () => splitScripts,
  Whitespace: () => (text) => {
    const kinds = text.characters.map((character) =>
      isWord.has(character) ? 'word' : isWhiteSpace(character) ? undefined : 'sign',
    );
    return runsOf(kinds).flatMap(({ kind, from, to }) => (kind === undefined ? [] : [part(text, from, to)]));
  },
  WhitespaceSplit: () => (text) => cutBy(text, isWhiteSpace, 'Removed'),
};

/**
 * The pre-tokeniser that a tokenizer.json describes, as the `tokenizers` library has it.
 * @throws ModelError naming one that is not known here
 */
export function splitterOf(description: Json | undefined, where: string): Splitter {
  const fail: Fail = (what) => {
    throw new ModelError(`${where} ${what}.`);
  };
  return splitterIn(description, fail, 0);
}

function splitterIn(description: Json | undefined, fail: Fail, depth: number): Splitter {
  if (description === null || description === undefined) return (text) => [text];
  if (!isRecord(description)) return fail('has a pre-tokenizer that is not an object');
  if (depth > MAX_DEPTH) return fail(`has more than ${MAX_DEPTH} pre-tokenizers within one another`);
  const type = typeOf(description) ?? '';
  const make = Object.hasOwn(makers, type) ? makers[type] : undefined;
  return make === undefined
    ? fail(
        `cuts text with a pre-tokenizer of the type ${quoted(type)}; known are ${Object.keys(makers).join(', ')}`,
      )
    : make(description, fail, depth);
}

/** Cuts where characters are of a kind, each match one character. */
function cutBy(text: Aligned, matches: (character: string) => boolean, behavior: Behavior): Aligned[] {
  const kinds = text.characters.map((character) => matches(character));
  const stretches = runsOf(kinds).flatMap(({ kind, from, to }): Stretch[] =>
    kind
      ? Array.from({ length: to - from }, (_, at) => ({ from: from + at, to: from + at + 1, matches: true }))
      : [{ from, to, matches: false }],
  );
  return cutAt(text, stretches, behavior);
}

/** Stretches of the same kind. */
function runsOf<Kind>(kinds: readonly Kind[]): { kind: Kind; from: number; to: number }[] {
  const runs: { kind: Kind; from: number; to: number }[] = [];
  kinds.forEach((kind, at) => {
    const last = runs.at(-1);
    if (last !== undefined && last.kind === kind) last.to = at + 1;
    else runs.push({ kind, from: at, to: at + 1 });
  });
  return runs;
}

let scriptTable: readonly CodePoints[] | undefined;

/** The place of a character's script in the table; 0 for none. */
function scriptOf(character: string): number {
  scriptTable ??= scripts.map((ranges) => new CodePoints(ranges));
  return Math.max(
    0,
    scriptTable.findIndex((script) => script.has(character)),
  );
}

/** Cuts where the script changes; what is of none goes with what comes before it, and is left out at the beginning. */
function splitScripts(text: Aligned): Aligned[] {
  const known = new Map<string, number>();
  const starts: number[] = [];
  let last = 0;
  text.characters.forEach((character, at) => {
    const script = known.get(character) ?? scriptOf(character);
    known.set(character, script);
    if (script === 0) return;
    if (script !== last) starts.push(at);
    last = script;
  });
  return starts.map((from, at) => part(text, from, starts[at + 1] ?? text.characters.length));
}

function split({ pattern, behavior, invert }: JsonObject, fail: Fail): Splitter {
  const expression = expressionOf(pattern);
  if (expression === undefined) return fail('has a Split without a pattern');
  if (!isBehavior(behavior)) return fail('has a Split whose "behavior" is not known');
  return cutter(expression, behavior, invert === true);
}

function cutter(expression: Expression, behavior: Behavior, inverted = false): Splitter {
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
function metaspace(description: JsonObject, fail: Fail): Splitter {
  const { replacement = '▁', prepend_scheme: scheme, add_prefix_space: prefixed } = description;
  if (typeof replacement !== 'string' || Array.from(replacement).length !== 1) {
    return fail('has a Metaspace whose "replacement" is not one character');
  }
  const when = scheme ?? (prefixed === false ? 'never' : 'always');
  const separate = description['split'] !== false;
  return (text, begins) => {
    const first = begins(text.starts[0] ?? 0);
    const spaced = replaced(text, / /gu, replacement);
    const starts = spaced.characters[0] === replacement;
    const whole =
      !starts && (when === 'always' || (when === 'first' && first)) ? prepended(replacement, spaced) : spaced;
    return separate ? cutBy(whole, (character) => character === replacement, 'MergedWithNext') : [whole];
  };
}

/** Radford et al. 2019 (GPT-2): contractions, then letters, numbers or others with the space before them, then spaces. */
const pattern =
  /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\p{White_Space}\p{L}\p{N}]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/gu;

/** Text as bytes of UTF-8, each written as one printable character: Radford et al. 2019, §2.2. */
function byteLevel(prefixSpace: boolean, cut: boolean): Splitter {
  const written = mapMemory(bytesWritten);
  return (text) => {
    const whole = prefixSpace && text.characters[0] !== ' ' ? prepended(' ', text) : text;
    return (cut ? matches(whole, pattern) : [whole]).map((word) => mapped(word, written));
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
