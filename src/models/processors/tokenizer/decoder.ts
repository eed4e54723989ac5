import type { Json } from '../../../formats/json-text.js';
import { quoted } from '../../../formats/untrusted.js';
import { addAll, isRecord } from '../../../common/values.js';
import { listOf, typeOf } from '../../config.js';
import { ModelError } from '../../error.js';
import { byteCharacters } from './byte-characters.js';
import type { Fail } from './description.js';
import { expressionOf, withReplaced } from './pattern.js';

type JsonObject = { readonly [name: string]: Json };

/** Makes of tokens, one after another, pieces of the text that they stand for. */
type Step = (tokens: readonly string[]) => string[];

/** The deepest sequence within a sequence. */
const MAX_DEPTH = 16;

/**
 * From tokens to the text that they stand for, by the "decoder" of a tokenizer.json, as the `tokenizers` library has it.
 * @throws ModelError naming one that is not known here
 */
export function decoderOf(
  description: Json | undefined,
  where: string,
): (tokens: readonly string[]) => string {
  if (description === null || description === undefined) return (tokens) => tokens.join(' ');
  const fail: Fail = (what) => {
    throw new ModelError(`${where} ${what}.`);
  };
  const step = stepIn(description, fail, 0);
  return (tokens) => step(tokens).join('');
}

const makers: Readonly<Record<string, (settings: JsonObject, fail: Fail, depth: number) => Step>> = {
  BPEDecoder({ suffix }) {
    const sign = textOf(suffix, '</w>');
    return (tokens) => tokens.map((token, at) => token.replaceAll(sign, at === tokens.length - 1 ? '' : ' '));
  },
  ByteFallback: () => byteFallback,
  ByteLevel: () => (tokens) => [lossy.decode(Uint8Array.from(tokens.flatMap(bytesOf)))],
  CTC({ pad_token: pad, word_delimiter_token: delimiter, cleanup }) {
    const [silent, between] = [textOf(pad, '<pad>'), textOf(delimiter, '|')];
    return (tokens) =>
      tokens
        .filter((token, at) => token !== tokens[at - 1])
        .map((token) => {
          const kept = token.replaceAll(silent, '');
          return cleanup === false ? kept : cleaned(kept).replaceAll(between, ' ');
        })
        .filter((token) => token !== '');
  },
  Fuse: () => (tokens) => [tokens.join('')],
  Metaspace({ replacement, prepend_scheme: scheme, add_prefix_space: prefixed }) {
    const sign = textOf(replacement, '▁');
    const keeps = (scheme ?? (prefixed === false ? 'never' : 'always')) === 'never';
    return (tokens) => tokens.map((token, at) => token.replaceAll(sign, at === 0 && !keeps ? '' : ' '));
  },
  Replace({ pattern, content }, fail) {
    const expression = expressionOf(pattern);
    if (expression === undefined) return fail('has a decoder, Replace, without a pattern');
    const text = textOf(content, '');
    return (tokens) => tokens.map((token) => withReplaced(token, expression, text));
  },
  Sequence({ decoders }, fail, depth) {
    const steps = listOf(decoders).map((one) => stepIn(one, fail, depth + 1));
    return (tokens) => steps.reduce((all, step) => step(all), [...tokens]);
  },
  Strip({ content, start, stop }) {
    const sign = textOf(content, ' ');
    const [most, last] = [countOf(start), countOf(stop)];
    return (tokens) => tokens.map((token) => stripped(token, sign, most, last));
  },
  WordPiece({ prefix, cleanup }) {
    const sign = textOf(prefix, '##');
    const joined = (token: string, at: number): string =>
      at === 0 ? token : token.startsWith(sign) ? token.slice(sign.length) : ` ${token}`;
    return (tokens) =>
      tokens.map((token, at) => (cleanup === false ? joined(token, at) : cleaned(joined(token, at))));
  },
};

function stepIn(description: Json, fail: Fail, depth: number): Step {
  if (!isRecord(description)) return fail('has a decoder that is not an object');
  if (depth > MAX_DEPTH) return fail(`has more than ${MAX_DEPTH} decoders within one another`);
  const type = typeOf(description);
  const make = Object.hasOwn(makers, type) ? makers[type] : undefined;
  return make === undefined
    ? fail(
        `writes text with a decoder of the type ${quoted(type)}; known are ${Object.keys(makers).join(', ')}`,
      )
    : make(description, fail, depth);
}

const textOf = (value: Json | undefined, standard: string): string =>
  typeof value === 'string' ? value : standard;

const countOf = (value: Json | undefined): number =>
  typeof value === 'number' && Number.isInteger(value) && value > 0 ? value : 0;

const lossy = new TextDecoder('utf-8', { ignoreBOM: true });
const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();
const bytes = new Map(byteCharacters.map((character, byte) => [character, byte]));

/** The bytes that a token's characters stand for; those of the token itself where one stands for none. */
function bytesOf(token: string): number[] {
  const written = Array.from(token, (character) => bytes.get(character));
  const known = written.filter((byte) => byte !== undefined);
  return known.length === written.length ? known : [...encoder.encode(token)];
}

/** Bytes that are written "<0x41>", as text together; where they are none, each is "\uFFFD". */
function byteFallback(tokens: readonly string[]): string[] {
  const out: string[] = [];
  let run: number[] = [];
  const put = (): void => {
    if (run.length === 0) return;
    try {
      out.push(strict.decode(Uint8Array.from(run)));
    } catch {
      addAll(
        out,
        run.map(() => '\uFFFD'),
      );
    }
    run = [];
  };
  for (const token of tokens) {
    const byte = /^<0x([0-9A-Fa-f]{2}|\+[0-9A-Fa-f])>$/.exec(token)?.[1];
    if (byte === undefined) {
      put();
      out.push(token);
    } else run.push(Number.parseInt(byte, 16));
  }
  put();
  return out;
}

/** Takes a character away, so many times at most at each end. */
function stripped(token: string, sign: string, start: number, stop: number): string {
  const characters = Array.from(token);
  let from = 0;
  while (from < start && characters[from] === sign) from++;
  let to = characters.length;
  while (to > from && characters.length - to < stop && characters[to - 1] === sign) to--;
  return characters.slice(from, to).join('');
}

/** English as it is written, from words that were cut apart. */
function cleaned(text: string): string {
  return text
    .replaceAll(' .', '.')
    .replaceAll(' ?', '?')
    .replaceAll(' !', '!')
    .replaceAll(' ,', ',')
    .replaceAll(" ' ", "'")
    .replaceAll(" n't", "n't")
    .replaceAll(" 'm", "'m")
    .replaceAll(' do not', " don't")
    .replaceAll(" 's", "'s")
    .replaceAll(" 've", "'ve")
    .replaceAll(" 're", "'re");
}
