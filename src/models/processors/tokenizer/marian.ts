import type { Json } from '../../../formats/json-text.js';
import { isRecord } from '../../../common/values.js';
import { ModelError } from '../../error.js';
import { createTokenizer, type Encoding, type TextTokenizer } from './tokenizer.js';
import { describeSentencePiece, writtenPieces } from './classes/sentencepiece.js';
import { textOfPieces } from './pieces.js';

/** A language that a text is to be translated into, before the text: ">>fra<<". */
const languageCode = /^>>[^<>\s]+<<$/;

/** Tokens that stand for no text. */
const silent: ReadonlySet<string> = new Set(['</s>', '<pad>', '<unk>']);

/** What cuts and numbers a target, where a checkpoint has it. */
export interface MarianTarget {
  /** target.spm */
  readonly pieces: Uint8Array | undefined;
  /** target_vocab.json, where tokenizer_config.json says "separate_vocabs"; the source's else. */
  readonly vocabulary: Json | undefined;
}

/**
 * The tokenizer of Marian's checkpoints, which cut text by one SentencePiece model for each side, and number what comes out
 * by a vocabulary that both share, or by one for each.
 * @param source source.spm
 * @param vocabulary vocab.json
 * @throws ModelError where they are damaged
 */
export function marianTokenizer(
  source: Uint8Array,
  vocabulary: Json,
  name: string,
  target: MarianTarget = { pieces: undefined, vocabulary: undefined },
): TextTokenizer {
  const own = sideOf(source, vocabulary, name, ['source.spm', 'vocab.json']);
  const files = ['target.spm', target.vocabulary === undefined ? 'vocab.json' : 'target_vocab.json'] as const;
  const numbers = target.vocabulary ?? vocabulary;
  if (target.pieces !== undefined) return { ...own, target: sideOf(target.pieces, numbers, name, files) };
  // What is written needs no more than the numbers of its tokens.
  const unread = sideOf(source, numbers, name, ['source.spm', files[1]]);
  return {
    ...own,
    target: {
      ...unread,
      encode(): never {
        throw new ModelError(`${name} has no target.spm, without which a target cannot become tokens.`);
      },
    },
  };
}

/** One side: what cuts its text, and what numbers its tokens. */
function sideOf(
  spm: Uint8Array,
  vocabulary: Json,
  name: string,
  [file, numbered]: readonly [pieces: string, vocabulary: string],
): TextTokenizer {
  const where = `${name}: ${file}`;
  const pieces = createTokenizer(describeSentencePiece(spm, where, [...silent]), where);
  const ids = new Map<string, number>();
  for (const [token, id] of Object.entries(isRecord(vocabulary) ? vocabulary : {})) {
    if (typeof id === 'number' && Number.isInteger(id) && id >= 0) ids.set(token, id);
  }
  const [unknown, end] = [ids.get('<unk>'), ids.get('</s>')];
  if (unknown === undefined || end === undefined) {
    throw new ModelError(`${name}: ${numbered} does not number the tokens "<unk>" and "</s>".`);
  }
  const tokens = new Map([...ids].map(([token, id]) => [id, token]));

  return {
    added: new Map([...ids].filter(([token]) => silent.has(token) || languageCode.test(token))),

    encodePair(): never {
      throw new ModelError(`${where} puts no two texts together: the model translates one.`);
    },

    encode(text, limit): Encoding {
      // What begins so is a code, whether the vocabulary knows it or not.
      const behind = text.startsWith('>>') ? text.indexOf('<<') : -1;
      const shift = behind < 0 ? 0 : behind + '<<'.length;
      const code = text.slice(0, shift);
      const special = code === '' ? 1 : 2;
      const rest = text.slice(shift);
      const cut = pieces.encode(rest, Math.max(0, limit - special));
      const number = (token: string): number => ids.get(token) ?? unknown;
      const numbers = [...(code === '' ? [] : [code]), ...writtenPieces(cut, rest)].map(number);
      return {
        ids: [...numbers, end],
        tokens: [...(code === '' ? [] : [code]), ...cut.tokens, '</s>'],
        ranges: [
          ...(code === '' ? [] : [{ start: 0, end: shift }]),
          ...cut.ranges.map((range) => range && { start: range.start + shift, end: range.end + shift }),
          null,
        ],
        unknown: numbers.flatMap((id, at) => (id === unknown ? [at] : [])),
        total: cut.total + special,
        ...(cut.more === undefined ? {} : { more: cut.more }),
      };
    },

    decode: (all) => textOfPieces(all, tokens, silent),

    spell: (id) => tokens.get(id),
    legible: (token) => token.replaceAll('▁', ' '),
  };
}
