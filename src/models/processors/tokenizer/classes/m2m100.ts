import { isRecord } from '../../../../common/values.js';
import type { Json } from '../../../../formats/json-text.js';
import { ModelError } from '../../../error.js';
import { createTokenizer, type Encoding, type TextTokenizer } from '../tokenizer.js';
import { m2m100Languages } from './language-codes.js';
import { describeSentencePiece, writtenPieces } from './sentencepiece.js';
import { namedToken, tokenOf, type Attribute, type Settings } from './special-tokens.js';
import { namedAs } from './draft.js';
import { listOf } from '../../../config.js';
import { textOfPieces } from '../pieces.js';

const named = namedAs({
  bos_token: '<s>',
  eos_token: '</s>',
  unk_token: '<unk>',
  sep_token: '</s>',
  pad_token: '<pad>',
});

/**
 * M2M-100: text is cut by a SentencePiece model and numbered by vocab.json; languages are numbered behind it.
 * Source: transformers 5.24, tokenization_m2m_100.py.
 * @param spm sentencepiece.bpe.model
 * @param vocabulary vocab.json
 * @throws ModelError where they are damaged, or the language is not known
 */
export function m2m100Tokenizer(
  spm: Uint8Array,
  vocabulary: Json,
  settings: Settings,
  name: string,
): TextTokenizer {
  const { values } = settings;
  const text = (attribute: Attribute): string => namedToken(attribute, settings, named)?.content ?? '';
  const ids = new Map<string, number>();
  for (const [token, id] of Object.entries(isRecord(vocabulary) ? vocabulary : {})) {
    if (typeof id === 'number' && Number.isInteger(id) && id >= 0) ids.set(token, id);
  }
  const [unknown, end] = [ids.get(text('unk_token')), ids.get(text('eos_token'))];
  if (unknown === undefined || end === undefined) {
    throw new ModelError(
      `${name}: vocab.json does not number the tokens ${JSON.stringify(text('unk_token'))} and ${JSON.stringify(text('eos_token'))}.`,
    );
  }
  const kind = typeof values['language_codes'] === 'string' ? values['language_codes'] : 'm2m100';
  const codes = m2m100Languages[kind];
  if (codes === undefined) {
    throw new ModelError(
      `${name}: tokenizer_config.json has the "language_codes" ${JSON.stringify(kind)}; known are ${Object.keys(m2m100Languages).join(' and ')}.`,
    );
  }
  const size = ids.size;
  const further = listOf(values['extra_special_tokens']).flatMap((each) => tokenOf(each)?.content ?? []);
  // In text these have numbers of their own, in the order in which they are listed.
  const inText = new Map(further.filter((token) => !ids.has(token)).map((token, at) => [token, size + at]));
  const languages = new Map(codes.map((code, at) => [`__${code}__`, size + at]));
  for (const [token, id] of languages) ids.set(token, id);
  const said = typeof values['src_lang'] === 'string' ? values['src_lang'] : 'en';
  const from = languages.get(`__${said}__`);
  if (from === undefined) {
    throw new ModelError(
      `${name}: tokenizer_config.json has the "src_lang" ${JSON.stringify(said)}, which is not among its languages.`,
    );
  }
  const special = new Set([
    ...(['bos_token', 'eos_token', 'unk_token', 'sep_token', 'pad_token'] as const).map(text),
    ...further,
  ]);
  special.delete('');
  // Languages are told from text only where the settings list them.
  const silent = new Set([...special, ...languages.keys()]);
  const where = `${name}: sentencepiece.bpe.model`;
  const pieces = createTokenizer(describeSentencePiece(spm, where, [...special]), where);
  const tokens = new Map([...ids].map(([token, id]) => [id, token]));
  const encode = (given: string, limit: number): Encoding => {
    const cut = pieces.encode(given, Math.max(0, limit - 2));
    const numbers = writtenPieces(cut, given).map((token) => inText.get(token) ?? ids.get(token) ?? unknown);
    return {
      ids: [from, ...numbers, end],
      tokens: [`__${said}__`, ...cut.tokens, text('eos_token')],
      ranges: [null, ...cut.ranges, null],
      unknown: numbers.flatMap((id, at) => (id === unknown ? [at + 1] : [])),
      total: cut.total + 2,
      ...(cut.more === undefined ? {} : { more: cut.more }),
    };
  };
  return {
    added: new Map([...ids].filter(([token]) => silent.has(token))),
    encode,
    encodePair(): never {
      throw new ModelError(`${where} puts no two texts together: the model translates one.`);
    },
    decode: (all) => textOfPieces(all, tokens, silent),
    spell: (id) => tokens.get(id),
    legible: (token) => (silent.has(token) ? token : token.replaceAll('▁', ' ')),
  };
}
