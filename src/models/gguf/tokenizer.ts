import type { Json } from '../../formats/json-text.js';
import { quoted } from '../../formats/untrusted.js';
import { ModelError } from '../error.js';
import { impliedMerges } from './merges.js';
import type { Metadata } from './metadata.js';
import { likeLlama3, splits } from './splits.js';

type JsonObject = { readonly [name: string]: Json };

/** llama.cpp's kinds of tokens. */
const UNKNOWN = 2;
const CONTROL = 3;
const OWN = 4;

/** A vocabulary as the metadata has it. */
interface Vocabulary {
  readonly tokens: readonly string[];
  /** The kind of each token. */
  readonly kinds: readonly number[];
}

/**
 * What tokenizer.json would say of the tokenizer that a GGUF file holds; undefined where it holds none.
 * @throws ModelError when it is of a kind that is not known here, or its parts do not fit together
 */
export function describeTokenizer(metadata: Metadata): Json | undefined {
  const model = metadata.text('tokenizer.ggml.model');
  if (model === undefined) return undefined;
  const tokens = metadata.strings('tokenizer.ggml.tokens');
  if (tokens === undefined) {
    throw new ModelError(
      `${metadata.file} has a tokenizer without a list of tokens, "tokenizer.ggml.tokens".`,
    );
  }
  const kinds = metadata.numbers('tokenizer.ggml.token_type') ?? [];
  if (kinds.length !== 0 && kinds.length !== tokens.length) {
    throw new ModelError(
      `${metadata.file} has ${tokens.length} tokens, but says of ${kinds.length} what kind they are.`,
    );
  }
  const vocabulary = { tokens, kinds };
  switch (model) {
    case 'gpt2':
      return byteLevel(metadata, vocabulary);
    case 'llama':
      return sentencePiece(metadata, vocabulary);
    case 'bert':
      return wordPiece(metadata, vocabulary);
    default:
      throw new ModelError(
        `${metadata.file} has a tokenizer of the kind ${quoted(model)}; only "gpt2", "llama" and "bert" can be read.`,
      );
  }
}

/** Byte-level BPE. */
function byteLevel(metadata: Metadata, vocabulary: Vocabulary): Json {
  const pre = metadata.text('tokenizer.ggml.pre') ?? 'default';
  const split = splits.get(pre);
  if (split === undefined) {
    throw new ModelError(
      `${metadata.file} cuts text into words in the way ${quoted(pre)}; only ${[...splits.keys()].map(quoted).join(', ')} are known.`,
    );
  }
  const merges = metadata.strings('tokenizer.ggml.merges');
  if (merges === undefined) throw new ModelError(`${metadata.file} has a tokenizer without merges.`);
  const llama3 = likeLlama3.has(pre);
  return {
    normalizer: pre === 'qwen2' ? { type: 'NFC' } : null,
    pre_tokenizer: split,
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    post_processor: around(metadata, vocabulary, { begin: llama3, end: false }),
    added_tokens: addedTokens(vocabulary),
    model: { type: 'BPE', ignore_merges: llama3, vocab: numbered(vocabulary.tokens), merges: [...merges] },
  };
}

/** SentencePiece's BPE, with bytes for what it does not know. */
function sentencePiece(metadata: Metadata, vocabulary: Vocabulary): Json {
  const gemma = metadata.architecture.startsWith('gemma');
  // Gemma's files have several spaces as such, which text does not have any more when it is looked up.
  const tokens = vocabulary.tokens.map((token) =>
    gemma && /^ {2,}$/.test(token) ? '▁'.repeat(token.length) : token,
  );
  const scores = metadata.numbers('tokenizer.ggml.scores') ?? [];
  const given = metadata.strings('tokenizer.ggml.merges');
  // Gemma's scores are not in the order of its merges; its vocabulary is.
  const scoreOf = (id: number): number => (gemma ? -id : (scores[id] ?? 0));
  const prefixed = metadata.flag('tokenizer.ggml.add_space_prefix') ?? true;
  const space = { type: 'Replace', pattern: { String: ' ' }, content: '▁' };
  const unknown =
    tokens[metadata.count('tokenizer.ggml.unknown_token_id') ?? vocabulary.kinds.indexOf(UNKNOWN)];
  return {
    normalizer: prefixed
      ? { type: 'Sequence', normalizers: [{ type: 'Prepend', prepend: '▁' }, space] }
      : space,
    pre_tokenizer: null,
    decoder: {
      type: 'Sequence',
      decoders: [
        { type: 'Replace', pattern: { String: '▁' }, content: ' ' },
        { type: 'ByteFallback' },
        { type: 'Fuse' },
        ...(prefixed ? [{ type: 'Strip', content: ' ', start: 1, stop: 0 }] : []),
      ],
    },
    post_processor: around(metadata, vocabulary, { begin: true, end: false }),
    added_tokens: addedTokens({ ...vocabulary, tokens }, likePhi3(metadata)),
    model: {
      type: 'BPE',
      byte_fallback: true,
      fuse_unk: true,
      ...(unknown === undefined ? {} : { unk_token: unknown }),
      vocab: numbered(tokens),
      merges: given === undefined ? impliedMerges(tokens, scoreOf) : [...given],
    },
  };
}

/** WordPiece; llama.cpp marks what begins a word instead of what does not. */
function wordPiece(metadata: Metadata, vocabulary: Vocabulary): Json {
  const tokens = vocabulary.tokens.map((token, id) => {
    if (token.startsWith('▁')) return token.slice(1);
    return vocabulary.kinds[id] === CONTROL || /^\[.+\]$/.test(token) ? token : `##${token}`;
  });
  // Nothing says whether case matters; a vocabulary without capitals does.
  const cased = tokens.some((token) => !/^\[.+\]$/.test(token) && token !== token.toLowerCase());
  const unknown = tokens[metadata.count('tokenizer.ggml.unknown_token_id') ?? -1] ?? '[UNK]';
  return {
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
      lowercase: !cased,
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    post_processor: around(metadata, { ...vocabulary, tokens }, { begin: true, end: true }),
    added_tokens: addedTokens({ ...vocabulary, tokens }),
    model: {
      type: 'WordPiece',
      unk_token: unknown,
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab: numbered(tokens),
    },
  };
}

/** Where the metadata does not say whether a token stands before the text and one behind it. */
interface Standard {
  readonly begin: boolean;
  readonly end: boolean;
}

/** The tokens around the text. */
function around(metadata: Metadata, { tokens }: Vocabulary, standard: Standard): Json {
  const one = (wanted: boolean, ...keys: readonly string[]): string[] => {
    const id = keys.map((key) => metadata.count(`tokenizer.ggml.${key}`)).find((each) => each !== undefined);
    const token = id === undefined ? undefined : tokens[id];
    return wanted && token !== undefined ? [token] : [];
  };
  const begin = metadata.flag('tokenizer.ggml.add_bos_token') ?? standard.begin;
  const end =
    metadata.flag('tokenizer.ggml.add_eos_token') ??
    metadata.flag('tokenizer.ggml.add_sep_token') ??
    standard.end;
  const [before, after] =
    metadata.text('tokenizer.ggml.model') === 'bert'
      ? [
          one(begin, 'cls_token_id', 'bos_token_id'),
          one(end, 'seperator_token_id', 'separator_token_id', 'eos_token_id'),
        ]
      : [one(begin, 'bos_token_id'), one(end, 'eos_token_id')];
  const special = (id: string): Json => ({ SpecialToken: { id, type_id: 0 } });
  const used = [...new Set([...before, ...after])];
  const single: Json[] = [
    ...before.map(special),
    { Sequence: { id: 'A', type_id: 0 } },
    ...after.map(special),
  ];
  return {
    type: 'TemplateProcessing',
    single,
    pair: [...single, { Sequence: { id: 'B', type_id: 1 } }, ...after.map(special)],
    special_tokens: Object.fromEntries(
      used.map((id): [string, Json] => [id, { id, ids: [tokens.indexOf(id)], tokens: [id] }]),
    ),
  };
}

/** Whether special tokens take the blanks behind them with them: as llama.cpp tells it (llama-vocab.cpp), by the model's name. */
function likePhi3(metadata: Metadata): boolean {
  const name = metadata.text('general.name')?.toLowerCase() ?? '';
  return metadata.architecture === 'phi3' || name.includes('phi-3') || name.includes('phi3');
}

/** Those of Phi-3 that do not. */
const apart: ReadonlySet<string> = new Set(['<unk>', '<s>', '<|endoftext|>']);

/**
 * Tokens that are found in a text before anything else is done to it.
 * @param takesBlanks whether they take the blanks behind them
 */
function addedTokens({ tokens, kinds }: Vocabulary, takesBlanks = false): Json {
  return tokens.flatMap((content, id): JsonObject[] => {
    const special = kinds[id] === CONTROL || kinds[id] === UNKNOWN;
    if (!special && kinds[id] !== OWN) return [];
    const rstrip = takesBlanks && !apart.has(content);
    return [{ id, content, special, normalized: false, single_word: false, lstrip: false, rstrip }];
  });
}

/** Token → number; of a token that is there twice, the first. */
function numbered(tokens: readonly string[]): Json {
  const numbers = new Map<string, number>();
  for (const [id, token] of tokens.entries()) if (!numbers.has(token)) numbers.set(token, id);
  return Object.fromEntries(numbers);
}
