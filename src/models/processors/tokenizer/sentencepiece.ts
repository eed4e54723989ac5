import { fieldsOf } from '../../../formats/protobuf.js';
import type { Json } from '../../../formats/json-text.js';
import { ModelError } from '../../error.js';
import { impliedMerges } from '../../gguf/merges.js';
import { toBase64 } from './base64.js';

/** What kinds of pieces there are, and of models: sentencepiece_model.proto. */
const NORMAL = 1;
const UNKNOWN = 2;
const BPE = 2;

interface Piece {
  readonly text: string;
  readonly score: number;
  readonly kind: number;
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
  const pieces: Piece[] = [];
  let kind = 1;
  let normalizer: Uint8Array = new Uint8Array();
  for (const field of fieldsOf(bytes, where)) {
    if (field.kind !== 'bytes') continue;
    if (field.number === 1) pieces.push(pieceOf(field.value, where));
    else if (field.number === 2) kind = wholeIn(field.value, 3, where) ?? kind;
    else if (field.number === 3) normalizer = field.value;
  }
  const unknown = pieces.findIndex((each) => each.kind === UNKNOWN);
  if (unknown < 0) throw new ModelError(`${where} has no piece for what it does not know.`);
  if (kind !== 1 && kind !== BPE) {
    throw new ModelError(
      `${where} is a SentencePiece model of kind ${kind}; Unigram (1) and BPE (2) are known.`,
    );
  }
  const texts = pieces.map(({ text }) => text);
  return {
    normalizer: normalizerOf(normalizer, where),
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
            vocab: pieces.map(({ text, score, kind: of }) => [text, of === NORMAL ? score : 0]),
          },
  };
}

/** Characters that stand for others, then no more than one space at a time and none around the text. */
function normalizerOf(spec: Uint8Array, where: string): Json {
  let map: Uint8Array = new Uint8Array();
  for (const field of fieldsOf(spec, where)) {
    if (field.number === 2 && field.kind === 'bytes') map = field.value;
  }
  const tidies = wholeIn(spec, 4, where) !== 0;
  return {
    type: 'Sequence',
    normalizers: [
      ...(map.length === 0
        ? []
        : [{ type: 'Precompiled', longest: true, precompiled_charsmap: toBase64(map) }]),
      ...(tidies
        ? [
            { type: 'Strip', strip_left: true, strip_right: true },
            { type: 'Replace', pattern: { Regex: ' {2,}' }, content: ' ' },
          ]
        : []),
    ],
  };
}

function pieceOf(bytes: Uint8Array, where: string): Piece {
  let [text, score, kind] = ['', 0, NORMAL];
  for (const field of fieldsOf(bytes, where)) {
    if (field.number === 1 && field.kind === 'bytes') text = new TextDecoder().decode(field.value);
    else if (field.number === 2 && field.kind === 'fixed32') {
      score = new DataView(field.value.buffer, field.value.byteOffset).getFloat32(0, true);
    } else if (field.number === 3 && field.kind === 'whole') kind = Number(field.value);
  }
  return { text, score, kind };
}

/** The last whole number under a field's number; undefined where there is none. */
function wholeIn(bytes: Uint8Array, number: number, where: string): number | undefined {
  let found: number | undefined;
  for (const field of fieldsOf(bytes, where)) {
    if (field.number === number && field.kind === 'whole') found = Number(field.value);
  }
  return found;
}
