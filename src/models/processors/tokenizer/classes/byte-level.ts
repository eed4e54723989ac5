import { isOn, namedAs, type Draft } from './draft.js';
import type { JsonObject, NamedTokens, Settings } from './special-tokens.js';
import { robertaProcessing } from './word-piece.js';

export type ByteLevelKind = 'gpt2' | 'gpt-neox' | 'codegen' | 'roberta' | 'qwen2';

const END = '<|endoftext|>';

export const byteLevelTokens: Readonly<Record<ByteLevelKind, NamedTokens>> = {
  gpt2: namedAs({ bos_token: END, eos_token: END, unk_token: END }),
  codegen: namedAs({ bos_token: END, eos_token: END, unk_token: END }),
  'gpt-neox': namedAs({ bos_token: END, eos_token: END, unk_token: END, pad_token: '<|padding|>' }),
  qwen2: namedAs({ eos_token: END, unk_token: END, pad_token: END }),
  roberta: namedAs({
    bos_token: '<s>',
    eos_token: '</s>',
    unk_token: '<unk>',
    sep_token: '</s>',
    pad_token: '<pad>',
    cls_token: '<s>',
    mask_token: '<mask>',
  }),
};

/** Qwen2's words: tokenization_qwen2.py. */
const words =
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

/**
 * Byte-level BPE of vocab.json and merges.txt: GPT-2, GPT-NeoX, CodeGen, Qwen2, and RoBERTa, which puts <s> and </s>
 * around the text.
 * Source: transformers 5.24, tokenization_gpt2.py, _gpt_neox, _codegen, _qwen2, _roberta.
 */
export function byteLevel(
  vocabulary: JsonObject,
  merges: readonly string[],
  { values }: Settings,
  kind: ByteLevelKind,
): Draft {
  const numbers = new Map(
    Object.entries(vocabulary).flatMap(([each, id]): [string, number][] =>
      typeof id === 'number' ? [[each, id]] : [],
    ),
  );
  const prefixed = isOn(values, 'add_prefix_space', false);
  const level = { type: 'ByteLevel', add_prefix_space: prefixed, trim_offsets: true, use_regex: true };
  const explicit = 'add_bos_token' in values || 'add_eos_token' in values;
  return {
    normalizer: kind === 'gpt-neox' || kind === 'qwen2' ? { type: 'NFC' } : null,
    pre_tokenizer:
      kind === 'qwen2'
        ? {
            type: 'Sequence',
            pretokenizers: [
              { type: 'Split', pattern: { Regex: words }, behavior: 'Isolated', invert: false },
              { ...level, use_regex: false },
            ],
          }
        : level,
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: 'BPE',
      vocab: vocabulary,
      merges: merges.filter((line) => line.trim() !== '' && !line.startsWith('#version')),
    },
    numbers,
    size: numbers.size,
    named: byteLevelTokens[kind],
    ...(kind === 'roberta'
      ? {
          around: ({ text, numberOf }) =>
            robertaProcessing(
              text('cls_token'),
              text('sep_token'),
              numberOf,
              prefixed,
              isOn(values, 'trim_offsets', true),
            ),
        }
      : {}),
    ...(kind === 'codegen' && !explicit
      ? {
          around: () => ({ type: 'ByteLevel', add_prefix_space: true, trim_offsets: false, use_regex: true }),
        }
      : {}),
  };
}
