import { fieldsOf } from '../../../../formats/protobuf.js';
import type { Json } from '../../../../formats/json-text.js';
import { ModelError } from '../../../error.js';
import { impliedMerges } from '../../../gguf/merges.js';
import { toBase64 } from '../base64.js';
import type { Encoding } from '../tokenizer.js';

/** What kinds of pieces there are, and of models: sentencepiece_model.proto. */
const NORMAL = 1;
const UNKNOWN = 2;
const CONTROL = 3;
const USER_DEFINED = 4;
const UNIGRAM = 1;
const BPE = 2;

interface Piece {
  readonly text: string;
  readonly score: number;
  readonly kind: 'normal' | 'unknown' | 'control' | 'user-defined' | 'other';
}

/** What a SentencePiece model says. */
export interface SentencePiece {
  readonly pieces: readonly Piece[];
  /** 1 is Unigram, 2 is BPE. */
  readonly kind: number;
  readonly byteFallback: boolean;
  /** The numbers of special pieces, and what they are called; below 0 where there is none. */
  readonly unknown: { readonly id: number; readonly text: string };
  readonly begin: { readonly id: number; readonly text: string };
  readonly end: { readonly id: number; readonly text: string };
  /** Characters that stand for others, in Base64; empty where none do. */
  readonly charsmap: string;
  /** Whether a space is put before the text; whether no more than one space stays; whether spaces become "▁". */
  readonly prefixes: boolean;
  readonly tidies: boolean;
  readonly escapes: boolean;
}

/**
 * Reads a SentencePiece model.
 * Source: sentencepiece_model.proto.
 * @throws FormatError where it is damaged, ModelError where it is none
 */
export function readSentencePiece(bytes: Uint8Array, where: string): SentencePiece {
  const pieces: Piece[] = [];
  let trainer: Uint8Array = new Uint8Array();
  let normalizer: Uint8Array = new Uint8Array();
  for (const field of fieldsOf(bytes, where)) {
    if (field.kind !== 'bytes') continue;
    if (field.number === 1) pieces.push(pieceOf(field.value, where));
    else if (field.number === 2) trainer = field.value;
    else if (field.number === 3) normalizer = field.value;
  }
  if (pieces.length === 0) throw new ModelError(`${where} has no piece for what it does not know.`);
  const special = (
    id: number,
    standard: number,
    text: number,
    called: string,
  ): { id: number; text: string } => ({
    id: wholeIn(trainer, id, where) ?? standard,
    text: textIn(trainer, text, where) ?? called,
  });
  return {
    pieces,
    kind: wholeIn(trainer, 3, where) ?? UNIGRAM,
    byteFallback: wholeIn(trainer, 35, where) === 1,
    unknown: special(40, 0, 45, '<unk>'),
    begin: special(41, 1, 46, '<s>'),
    end: special(42, 2, 47, '</s>'),
    charsmap: toBase64(bytesIn(normalizer, 2, where) ?? new Uint8Array()),
    prefixes: wholeIn(normalizer, 3, where) !== 0,
    tidies: wholeIn(normalizer, 4, where) !== 0,
    escapes: wholeIn(normalizer, 5, where) !== 0,
  };
}

/**
 * What tokenizer.json would say of a SentencePiece model; pieces have the numbers that they have in it.
 * @param special tokens that are told from text wherever they stand in it
 * Source: sentencepiece_model.proto; Kudo & Richardson 2018.
 * @throws ModelError, FormatError where it is damaged, or of a kind that is not known here
 */
export function describeSentencePiece(
  bytes: Uint8Array,
  where: string,
  special: readonly string[] = [],
): Json {
  const { pieces, kind, charsmap, tidies } = readSentencePiece(bytes, where);
  const unknown = pieces.findIndex((each) => each.kind === 'unknown');
  if (unknown < 0) throw new ModelError(`${where} has no piece for what it does not know.`);
  if (kind !== UNIGRAM && kind !== BPE) {
    throw new ModelError(
      `${where} is a SentencePiece model of kind ${kind}; Unigram (1) and BPE (2) are known.`,
    );
  }
  const texts = pieces.map(({ text }) => text);
  return {
    normalizer: normalizerOf(charsmap, tidies),
    pre_tokenizer: { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always', split: kind !== BPE },
    decoder: { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always', split: kind !== BPE },
    post_processor: null,
    added_tokens: special.map((content, at) => ({
      id: texts.includes(content) ? texts.indexOf(content) : texts.length + at,
      content,
      special: true,
    })),
    model:
      kind === BPE
        ? {
            type: 'BPE',
            fuse_unk: true,
            unk_token: texts[unknown] ?? '<unk>',
            vocab: Object.fromEntries(texts.map((text, id) => [text, id])),
            merges: impliedMerges(texts, (id) => pieces[id]?.score ?? 0),
          }
        : {
            type: 'Unigram',
            unk_id: unknown,
            vocab: pieces.map(({ text, score, kind: of }) => [text, of === 'normal' ? score : 0]),
          },
  };
}

/** Pieces of a text as SentencePiece writes them: what it does not know as the text does, which another vocabulary may know. */
export function writtenPieces({ tokens, ranges, unknown }: Encoding, text: string): string[] {
  const strange = new Set(unknown);
  return tokens.map((token, at) => {
    const range = strange.has(at) ? (ranges[at] ?? null) : null;
    return range === null ? token : text.slice(range.start, range.end);
  });
}

/** Characters that stand for others, then no more than one space at a time and none around the text. */
function normalizerOf(charsmap: string, tidies: boolean): Json {
  return {
    type: 'Sequence',
    normalizers: [
      ...(charsmap === '' ? [] : [{ type: 'Precompiled', longest: true, precompiled_charsmap: charsmap }]),
      ...(tidies
        ? [
            { type: 'Replace', pattern: { Regex: '\\A +| +\\z' }, content: '' },
            { type: 'Replace', pattern: { Regex: ' {2,}' }, content: ' ' },
          ]
        : []),
      // A space is put before the text also where it begins with a sign for one.
      { type: 'Replace', pattern: { String: ' ' }, content: '▁' },
      { type: 'Replace', pattern: { Regex: '\\A▁' }, content: '▁▁' },
    ],
  };
}

const kinds = new Map<number, Piece['kind']>([
  [NORMAL, 'normal'],
  [UNKNOWN, 'unknown'],
  [CONTROL, 'control'],
  [USER_DEFINED, 'user-defined'],
]);

function pieceOf(bytes: Uint8Array, where: string): Piece {
  let [text, score, kind] = ['', 0, NORMAL];
  for (const field of fieldsOf(bytes, where)) {
    if (field.number === 1 && field.kind === 'bytes') text = new TextDecoder().decode(field.value);
    else if (field.number === 2 && field.kind === 'fixed32') {
      score = new DataView(field.value.buffer, field.value.byteOffset).getFloat32(0, true);
    } else if (field.number === 3 && field.kind === 'whole') kind = Number(field.value);
  }
  return { text, score, kind: kinds.get(kind) ?? 'other' };
}

/** The last whole number under a field's number, of 64 bits with a sign; undefined where there is none. */
function wholeIn(bytes: Uint8Array, number: number, where: string): number | undefined {
  let found: number | undefined;
  for (const field of fieldsOf(bytes, where)) {
    if (field.number === number && field.kind === 'whole') found = Number(BigInt.asIntN(64, field.value));
  }
  return found;
}

/** The last bytes under a field's number; undefined where there are none. */
function bytesIn(bytes: Uint8Array, number: number, where: string): Uint8Array | undefined {
  let found: Uint8Array | undefined;
  for (const field of fieldsOf(bytes, where)) {
    if (field.number === number && field.kind === 'bytes') found = field.value;
  }
  return found;
}

function textIn(bytes: Uint8Array, number: number, where: string): string | undefined {
  const found = bytesIn(bytes, number, where);
  return found && new TextDecoder().decode(found);
}
