import type { Tokenizer } from '@huggingface/tokenizers';
import type { Json } from '../../../formats/json-text.js';
import { isRecord } from '../../../common/values.js';
import { rangeOf, type Aligned, type CharacterRange } from './aligned.js';

/** A token of the text itself. */
export interface Piece {
  readonly token: string;
  readonly range: CharacterRange | null;
}

type Model = NonNullable<Tokenizer['model']>;

/** A token with the characters of the word that it stands for. */
interface Cut {
  readonly token: string;
  readonly from: number;
  readonly to: number;
}

/**
 * The pieces of a word, by the library's model, with their places.
 * @returns undefined for a model whose pieces' places are not known here
 */
export function piecesOf(
  model: Json | undefined,
  library: Tokenizer['model'],
): ((word: Aligned) => Piece[]) | undefined {
  if (!isRecord(model) || library === null) return undefined;
  const { type, continuing_subword_prefix: prefix, end_of_word_suffix: suffix } = model;
  const isSet = (value: Json | undefined): boolean => typeof value === 'string' && value !== '';
  if (type === 'WordPiece') {
    const continued = typeof prefix === 'string' ? prefix : '##';
    return placed(library, (tokens, word) => wordPieces(tokens, word, library, continued));
  }
  if (type === 'Unigram') {
    const toBytes = model['byte_fallback'] === true;
    return placed(library, (tokens) => unigramPieces(tokens, library, toBytes));
  }
  // A suffix for the end of a word is not part of the text.
  if (type === 'BPE' && !isSet(prefix) && !isSet(suffix)) {
    const fuses = model['fuse_unk'] === true;
    return placed(library, (tokens, word) => pairPieces(tokens, word, library, fuses));
  }
  return undefined;
}

function placed(
  library: Model,
  cut: (tokens: readonly string[], word: Aligned) => readonly Cut[] | undefined,
): (word: Aligned) => Piece[] {
  return (word) => {
    if (word.characters.length === 0) return [];
    const tokens = library.encode([word.characters.join('')]);
    // A vocabulary with gaps can make a piece vanish; then no piece's place is certain.
    const cuts = cut(tokens, word);
    if (cuts === undefined) return tokens.map((token) => ({ token, range: null }));
    return cuts.map(({ token, from, to }) => ({ token, range: rangeOf(word, from, to) }));
  };
}

/** WordPiece: all of a word is unknown, or none. */
function wordPieces(
  tokens: readonly string[],
  word: Aligned,
  library: Model,
  prefix: string,
): Cut[] | undefined {
  if (tokens.length === 1 && tokens[0] === library.unk_token) {
    return tokens.map((token) => ({ token, from: 0, to: word.characters.length }));
  }
  const cuts: Cut[] = [];
  for (const token of tokens) {
    const from = cuts.at(-1)?.to ?? 0;
    const surface = cuts.length > 0 ? token.slice(prefix.length) : token;
    const to = from + Array.from(surface).length;
    if (surface !== word.characters.slice(from, to).join('')) return undefined;
    cuts.push({ token, from, to });
  }
  return cuts.at(-1)?.to === word.characters.length ? cuts : undefined;
}

/** Byte-pair encoding: a character that is not in the vocabulary is unknown, or is written byte by byte. */
function pairPieces(
  tokens: readonly string[],
  word: Aligned,
  library: Model,
  fuses: boolean,
): Cut[] | undefined {
  const cuts: { token: string; from: number; to: number; unknown: boolean }[] = [];
  let from = 0;
  for (let at = 0; at < tokens.length;) {
    const token = tokens[at] ?? '';
    const to = from + Array.from(token).length;
    const last = cuts.at(-1);
    if (token === word.characters.slice(from, to).join('') && token !== library.unk_token) {
      cuts.push({ token, from, to, unknown: false });
      from = to;
      at++;
    } else if (from >= word.characters.length) {
      return undefined;
    } else if (token === library.unk_token) {
      from++;
      at++;
      if (fuses && last?.unknown === true) last.to = from;
      else cuts.push({ token, from: from - 1, to: from, unknown: true });
    } else {
      // Every byte's token has the whole character for its place.
      for (const each of bytesOf(word.characters[from] ?? '')) {
        if (tokens[at++] !== each) return undefined;
        cuts.push({ token: each, from, to: from + 1, unknown: false });
      }
      from++;
    }
  }
  return from === word.characters.length ? cuts : undefined;
}

/** Unigram: a run of characters that are not in the vocabulary is one unknown token, or is written byte by byte. */
function unigramPieces(tokens: readonly string[], library: Model, toBytes: boolean): Cut[] {
  const cuts: { token: string; from: number; to: number; unknown: boolean }[] = [];
  let from = 0;
  for (const token of tokens) {
    const id = library.tokens_to_ids.get(token);
    const unknown = id === undefined || id === library.unk_token_id;
    const to = from + Array.from(token).length;
    const last = cuts.at(-1);
    if (unknown && last?.unknown === true) {
      last.token += token;
      last.to = to;
    } else {
      cuts.push({ token, from, to, unknown });
    }
    from = to;
  }
  if (!toBytes) return cuts;
  return cuts.flatMap((cut) => {
    const bytes = bytesOf(cut.token);
    if (!cut.unknown || !bytes.every((each) => library.tokens_to_ids.has(each))) return [cut];
    return bytes.map((token) => ({ token, from: cut.from, to: cut.to }));
  });
}

/** The bytes of UTF-8 as vocabularies write them: "<0xE2>". */
function bytesOf(text: string): string[] {
  return Array.from(
    new TextEncoder().encode(text),
    (byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`,
  );
}
