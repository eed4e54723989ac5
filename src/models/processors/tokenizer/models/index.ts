import type { Json } from '../../../../formats/json-text.js';
import { ModelError } from '../../../error.js';
import { Merges, pairs } from './pairs.js';
import { unigram } from './unigram.js';
import { Vocabulary, type WordCutter } from './vocabulary.js';
import { wordLevel, wordPiece } from './word-pieces.js';

/** The tokens that a model knows, and how it cuts words into them. */
export interface WordModel {
  readonly vocabulary: Vocabulary;
  /** The number of the token for what is unknown; undefined where there is none. */
  readonly unknown: number | undefined;
  readonly cut: WordCutter;
}

/**
 * The model of a tokenizer.json, as the `tokenizers` library has it.
 * @param model already checked
 * @throws ModelError where it has settings that cannot be followed
 */
export function wordModelOf(model: { readonly [name: string]: Json }, where: string): WordModel {
  const vocabulary = Vocabulary.of(model['vocab']);
  const token = typeof model['unk_token'] === 'string' ? model['unk_token'] : undefined;
  const unknown = { token, where };
  const id = token === undefined ? undefined : vocabulary.ids.get(token);
  const { type } = model;
  switch (typeof type === 'string' ? type : '') {
    case 'WordLevel':
      return { vocabulary, unknown: id, cut: wordLevel(vocabulary, unknown) };
    case 'WordPiece': {
      const { continuing_subword_prefix: prefix, max_input_chars_per_word: most } = model;
      return {
        vocabulary,
        unknown: id,
        cut: wordPiece(
          vocabulary,
          unknown,
          typeof prefix === 'string' ? prefix : '##',
          typeof most === 'number' ? most : 100,
        ),
      };
    }
    case 'Unigram': {
      const scores = scoresOf(model['vocab']);
      const unknownId = typeof model['unk_id'] === 'number' ? model['unk_id'] : undefined;
      const cut = unigram(vocabulary, scores, unknownId, model['byte_fallback'] === true, where);
      return { vocabulary, unknown: unknownId, cut };
    }
    default:
      return { vocabulary, unknown: id, cut: pairModel(model, vocabulary, token, where) };
  }
}

function scoresOf(list: Json | undefined): number[] {
  return ((Array.isArray(list) ? list : []) as readonly Json[]).map((entry) => {
    const score = Array.isArray(entry) ? (entry as readonly Json[])[1] : undefined; // As above.
    return typeof score === 'number' ? score : 0;
  });
}

function pairModel(
  model: { readonly [name: string]: Json },
  vocabulary: Vocabulary,
  token: string | undefined,
  where: string,
): WordCutter {
  const { dropout, merges, continuing_subword_prefix: prefix, end_of_word_suffix: suffix } = model;
  if (typeof dropout === 'number' && dropout > 0) {
    throw new ModelError(
      `${where} has a "dropout" of ${dropout}: which tokens it makes is left to chance, so that there is nothing to compare with. Set it to null.`,
    );
  }
  const texts = {
    prefix: typeof prefix === 'string' ? prefix : '',
    suffix: typeof suffix === 'string' ? suffix : '',
  };
  return pairs(vocabulary, mergesOf(merges, texts.prefix, vocabulary, where), {
    ...texts,
    fusesUnknown: model['fuse_unk'] === true,
    toBytes: model['byte_fallback'] === true,
    wholeWords: model['ignore_merges'] === true,
    unknown: { token, where },
  });
}

function mergesOf(list: Json | undefined, prefix: string, { ids }: Vocabulary, where: string): Merges {
  const merges = new Merges();
  const idOf = (token: string): number => {
    const id = ids.get(token);
    if (id === undefined) {
      throw new ModelError(`${where} merges tokens, of which its vocabulary lacks ${JSON.stringify(token)}.`);
    }
    return id;
  };
  ((Array.isArray(list) ? list : []) as readonly Json[]).forEach((merge, rank) => {
    const [left, right] = typeof merge === 'string' ? merge.split(' ') : ((merge ?? []) as readonly Json[]); // As above.
    if (typeof left !== 'string' || typeof right !== 'string') return;
    const cut = right.slice(prefix.length);
    merges.set(idOf(left), idOf(right), { rank, id: idOf(left + cut) });
  });
  return merges;
}
