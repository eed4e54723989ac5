import type { Json } from '../../../formats/json-text.js';
import { utf8 } from '../../../formats/untrusted.js';
import { isRecord } from '../../../common/values.js';
import { ModelError } from '../../error.js';
import { describeSentencePiece } from './sentencepiece.js';

type JsonObject = { readonly [name: string]: Json };

/** Files that a tokenizer is made of where there is no tokenizer.json; undefined for one that is not there. */
export interface VocabularyFiles {
  json(file: string): Promise<Json | undefined>;
  bytes(file: string): Promise<Uint8Array | undefined>;
}

/** Files that vocabularies are in, by the classes of tokenizers and by the model types that have no class of their own. */
const kinds: readonly (readonly [kind: Kind, names: RegExp])[] = [
  ['mpnet', /^mpnet(?:tokenizer)?$/],
  ['wordPiece', /^(?:distil)?bert(?:tokenizer)?$|^electra(?:tokenizer)?$/],
  ['roberta', /^(?:roberta|bart|longformer|led)(?:tokenizer)?$/],
  ['byteLevel', /^(?:gpt2|gpt_?neox?|gptneox|opt|phi|codegen)(?:tokenizer)?$/],
  ['t5', /^m?t5(?:tokenizer)?$/],
  ['xlmRoberta', /^xlm-?roberta(?:tokenizer)?$/],
];

type Kind = 'mpnet' | 'wordPiece' | 'roberta' | 'byteLevel' | 't5' | 'xlmRoberta';

/**
 * What tokenizer.json would say of a tokenizer that is given by its vocabulary, as transformers (5.24) builds it.
 * @returns undefined where the model is of no kind whose files are known here, or they are not there
 */
export async function describeFiles(files: VocabularyFiles, name: string): Promise<JsonObject | undefined> {
  const [config, said] = await Promise.all([files.json('config.json'), files.json('tokenizer_config.json')]);
  const settings = isRecord(said) ? said : {};
  const of = settings['tokenizer_class'] ?? (isRecord(config) ? config['model_type'] : undefined);
  const kind = kinds.find(
    ([, names]) => typeof of === 'string' && names.test(of.toLowerCase().replace(/fast$/, '')),
  )?.[0];
  switch (kind) {
    case 'wordPiece':
    case 'mpnet': {
      const list = await files.bytes('vocab.txt');
      return list && wordPiece(linesOf(list, `${name}: vocab.txt`), settings, kind === 'mpnet');
    }
    case 'roberta':
    case 'byteLevel': {
      const [vocabulary, merges] = await Promise.all([files.json('vocab.json'), files.bytes('merges.txt')]);
      return isRecord(vocabulary) && merges
        ? byteLevel(vocabulary, linesOf(merges, `${name}: merges.txt`), settings, kind, of)
        : undefined;
    }
    case 't5': {
      const model = await files.bytes('spiece.model');
      return model && t5(model, settings, `${name}: spiece.model`);
    }
    case 'xlmRoberta': {
      const model = await files.bytes('sentencepiece.bpe.model');
      return model && xlmRoberta(model, `${name}: sentencepiece.bpe.model`);
    }
    case undefined:
      return undefined;
  }
}

function linesOf(bytes: Uint8Array, where: string): string[] {
  const text = utf8(bytes);
  if (text === undefined) throw new ModelError(`${where} is not text in UTF-8.`);
  const lines = text.split('\n').map((line) => line.replace(/\r$/, ''));
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

/** The text of a special token, which may be told with its settings. */
function tokenIn(settings: JsonObject, name: string, standard: string): string {
  const token = settings[name];
  if (typeof token === 'string') return token;
  const content = isRecord(token) ? token['content'] : undefined;
  return typeof content === 'string' ? content : standard;
}

/** Added tokens; those that the vocabulary lacks are numbered behind it. */
function special(
  ids: ReadonlyMap<string, number>,
  size: number,
  tokens: readonly string[],
  left = '',
): Json[] {
  let next = size;
  return [...new Set(tokens)].map((content) => ({
    id: ids.get(content) ?? next++,
    content,
    special: true,
    normalized: false,
    single_word: false,
    lstrip: content === left,
    rstrip: false,
  }));
}

const sequence = (id: 'A' | 'B', segment: number): Json => ({ Sequence: { id, type_id: segment } });

function robertaProcessing(begin: string, end: string, ids: ReadonlyMap<string, number>): Json {
  return {
    type: 'RobertaProcessing',
    sep: [end, ids.get(end) ?? 0],
    cls: [begin, ids.get(begin) ?? 0],
    trim_offsets: true,
    add_prefix_space: false,
  };
}

/** A template of TemplateProcessing: texts and special tokens in their order. */
function template(single: readonly Json[], pair: readonly Json[], ids: ReadonlyMap<string, number>): Json {
  const used = [...single, ...pair].flatMap((item) => {
    const token = isRecord(item) && isRecord(item['SpecialToken']) ? item['SpecialToken']['id'] : undefined;
    return typeof token === 'string' ? [token] : [];
  });
  return {
    type: 'TemplateProcessing',
    single,
    pair,
    special_tokens: Object.fromEntries(
      used.map((id): [string, Json] => [id, { id, ids: [ids.get(id) ?? 0], tokens: [id] }]),
    ),
  };
}

const token = (id: string, segment = 0): Json => ({ SpecialToken: { id, type_id: segment } });

/** Numbers of added tokens together with those of the vocabulary. */
function withAdded(ids: ReadonlyMap<string, number>, added: readonly Json[]): ReadonlyMap<string, number> {
  return new Map([
    ...ids,
    ...added.flatMap((each): [string, number][] =>
      isRecord(each) && typeof each['content'] === 'string' && typeof each['id'] === 'number'
        ? [[each['content'], each['id']]]
        : [],
    ),
  ]);
}

/** BERT and what was trained as it was; MPNet frames texts as RoBERTa does. */
function wordPiece(lines: readonly string[], settings: JsonObject, mpnet: boolean): JsonObject {
  const ids = new Map(lines.map((line, id) => [line, id]));
  const [pad, cls, sep, mask] = mpnet
    ? (['<pad>', '<s>', '</s>', '<mask>'] as const)
    : (['[PAD]', '[CLS]', '[SEP]', '[MASK]'] as const);
  const unknown = tokenIn(settings, 'unk_token', '[UNK]');
  const [begin, end] = [tokenIn(settings, 'cls_token', cls), tokenIn(settings, 'sep_token', sep)];
  const masked = tokenIn(settings, 'mask_token', mask);
  const added = special(
    ids,
    lines.length,
    [tokenIn(settings, 'pad_token', pad), unknown, begin, end, masked],
    mpnet ? masked : '',
  );
  const numbers = withAdded(ids, added);
  const single = [token(begin), sequence('A', 0), token(end)];
  return {
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
      lowercase: true,
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: mpnet
      ? robertaProcessing(begin, end, numbers)
      : template(single, [...single, sequence('B', 1), token(end, 1)], numbers),
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    added_tokens: added,
    model: {
      type: 'WordPiece',
      unk_token: unknown,
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(ids),
    },
  };
}

/** GPT-2's byte-level BPE; RoBERTa and BART put <s> and </s> around the text. */
function byteLevel(
  vocabulary: JsonObject,
  merges: readonly string[],
  settings: JsonObject,
  kind: 'roberta' | 'byteLevel',
  of: Json | undefined,
): JsonObject {
  const ids = new Map(
    Object.entries(vocabulary).flatMap(([each, id]): [string, number][] =>
      typeof id === 'number' ? [[each, id]] : [],
    ),
  );
  const roberta = kind === 'roberta';
  const end = tokenIn(settings, roberta ? 'sep_token' : 'eos_token', roberta ? '</s>' : '<|endoftext|>');
  const begin = tokenIn(settings, 'cls_token', '<s>');
  const added = special(
    ids,
    ids.size,
    roberta
      ? [
          begin,
          tokenIn(settings, 'pad_token', '<pad>'),
          end,
          tokenIn(settings, 'unk_token', '<unk>'),
          tokenIn(settings, 'mask_token', '<mask>'),
        ]
      : [end],
  );
  const numbers = withAdded(ids, added);
  return {
    normalizer: typeof of === 'string' && /neo_?x/i.test(of) ? { type: 'NFC' } : null,
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
    post_processor: roberta ? robertaProcessing(begin, end, numbers) : null,
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    added_tokens: added,
    model: {
      type: 'BPE',
      vocab: vocabulary,
      merges: merges.filter((line) => line.trim() !== '' && !line.startsWith('#version')),
    },
  };
}

/** The table of characters and the scored pieces of a SentencePiece model. */
function unigramParts(model: Uint8Array, where: string): { pieces: readonly Json[]; normalizer: Json } {
  const described = describeSentencePiece(model, where);
  const parts = isRecord(described) && isRecord(described['model']) ? described['model'] : {};
  const { type, vocab } = parts;
  if (type !== 'Unigram' || !Array.isArray(vocab)) {
    throw new ModelError(`${where} is no Unigram model, which models of this kind are cut with.`);
  }
  const normalizer = isRecord(described) && isRecord(described['normalizer']) ? described['normalizer'] : {};
  const steps = Array.isArray(normalizer['normalizers'])
    ? (normalizer['normalizers'] as readonly Json[])
    : []; // As above.
  const table = steps.find((step) => isRecord(step) && step['type'] === 'Precompiled');
  return {
    pieces: vocab as readonly Json[], // As above.
    normalizer: isRecord(table)
      ? { type: 'Precompiled', precompiled_charsmap: table['precompiled_charsmap'] ?? '' }
      : null,
  };
}

const spaced: Json = { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always', split: true };
const spacedWords: Json = { type: 'Sequence', pretokenizers: [{ type: 'WhitespaceSplit' }, spaced] };

function numbersOf(pieces: readonly Json[]): Map<string, number> {
  return new Map(
    pieces.flatMap((piece, id): [string, number][] => {
      const [text] = Array.isArray(piece) ? (piece as readonly Json[]) : []; // As above.
      return typeof text === 'string' ? [[text, id]] : [];
    }),
  );
}

/** T5 and mT5: </s> behind each text, and tokens for what was left out, the last first. */
function t5(model: Uint8Array, settings: JsonObject, where: string): JsonObject {
  const { pieces, normalizer } = unigramParts(model, where);
  const ids = numbersOf(pieces);
  const extra = typeof settings['extra_ids'] === 'number' ? settings['extra_ids'] : 100;
  const added = special(ids, pieces.length, [
    tokenIn(settings, 'pad_token', '<pad>'),
    '</s>',
    tokenIn(settings, 'unk_token', '<unk>'),
    ...Array.from({ length: Math.min(extra, 1000) }, (_, at) => `<extra_id_${extra - 1 - at}>`),
  ]);
  const end = token('</s>');
  return {
    normalizer,
    pre_tokenizer: spacedWords,
    post_processor: template(
      [sequence('A', 0), end],
      [sequence('A', 0), end, sequence('B', 0), end],
      withAdded(ids, added),
    ),
    decoder: spaced,
    added_tokens: added,
    model: { type: 'Unigram', unk_id: 2, vocab: pieces },
  };
}

/** XLM-RoBERTa: fairseq's four tokens first, then the pieces from the fourth on, then <mask>. */
function xlmRoberta(model: Uint8Array, where: string): JsonObject {
  const { pieces, normalizer } = unigramParts(model, where);
  const first = ['<s>', '<pad>', '</s>', '<unk>'];
  const list: Json[] = [...first.map((each): Json => [each, 0]), ...pieces.slice(3), ['<mask>', 0]];
  const ids = numbersOf(list);
  const [begin, end] = [token('<s>'), token('</s>')];
  return {
    normalizer,
    pre_tokenizer: spacedWords,
    post_processor: template(
      [begin, sequence('A', 0), end],
      [begin, sequence('A', 0), end, end, sequence('B', 0), end],
      ids,
    ),
    decoder: spaced,
    added_tokens: special(ids, list.length, [...first, '<mask>']),
    model: { type: 'Unigram', unk_id: 3, vocab: list },
  };
}
