import type { Json } from '../../../formats/json-text.js';
import { isRecord } from '../../../common/values.js';
import { ModelError } from '../../error.js';
import { createTokenizer, type Encoding, type TextTokenizer } from './tokenizer.js';
import { describeSentencePiece } from './sentencepiece.js';

/** A language that a text is to be translated into, before the text: ">>fra<<". */
const languageCode = /^(>>[^<>\s]+<<)\s*/;

/** Tokens that stand for no text. */
const silent: ReadonlySet<string> = new Set(['</s>', '<pad>', '<unk>']);

/**
 * The tokenizer of Marian's checkpoints, which cut text by one SentencePiece model for each side, and number what comes out
 * by a vocabulary that both share.
 * @param source source.spm
 * @param vocabulary vocab.json
 * @throws ModelError where they are damaged
 */
export function marianTokenizer(source: Uint8Array, vocabulary: Json, name: string): TextTokenizer {
  const where = `${name}: source.spm`;
  const pieces = createTokenizer(describeSentencePiece(source, where, [...silent]), {}, where);
  const ids = new Map<string, number>();
  for (const [token, id] of Object.entries(isRecord(vocabulary) ? vocabulary : {})) {
    if (typeof id === 'number' && Number.isInteger(id) && id >= 0) ids.set(token, id);
  }
  const [unknown, end] = [ids.get('<unk>'), ids.get('</s>')];
  if (unknown === undefined || end === undefined) {
    throw new ModelError(`${name}: vocab.json does not number the tokens "<unk>" and "</s>".`);
  }
  const tokens = new Map([...ids].map(([token, id]) => [id, token]));

  return {
    added: new Map([...ids].filter(([token]) => silent.has(token) || languageCode.test(token))),

    encodePair(): never {
      throw new ModelError(`${where} puts no two texts together: the model translates one.`);
    },

    encode(text, limit): Encoding {
      const [before = '', code] = languageCode.exec(text) ?? [];
      const led = code !== undefined && ids.has(code);
      const special = led ? 2 : 1;
      const cut = pieces.encode(led ? text.slice(before.length) : text, Math.max(0, limit - special));
      const shift = led ? before.length : 0;
      return {
        ids: [
          ...(led ? [ids.get(code) ?? unknown] : []),
          ...cut.tokens.map((token) => ids.get(token) ?? unknown),
          end,
        ],
        tokens: [...(led ? [code] : []), ...cut.tokens, '</s>'],
        ranges: [
          ...(led ? [{ start: 0, end: code.length }] : []),
          ...cut.ranges.map((range) => range && { start: range.start + shift, end: range.end + shift }),
          null,
        ],
        unknown: cut.tokens.flatMap((token, at) => (ids.has(token) ? [] : [at + (led ? 1 : 0)])),
        total: cut.total + special,
      };
    },

    decode: (all) =>
      all
        .flatMap((id) => tokens.get(id) ?? [])
        .filter((token) => !silent.has(token))
        .join('')
        .replaceAll('▁', ' ')
        .trim(),

    spell: (id) => tokens.get(id),
    legible: (token) => token.replaceAll('▁', ' '),
  };
}
