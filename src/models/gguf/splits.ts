import type { Json } from '../../formats/json-text.js';

const LLAMA_3 =
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
const QWEN_2 = LLAMA_3.replace('\\p{N}{1,3}', '\\p{N}');

const level = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true };

/** The words of GPT-2. */
const words: Json = { ...level, use_regex: true };

/** The words of GPT-2, each digit by itself. */
const digits: Json = {
  type: 'Sequence',
  pretokenizers: [{ type: 'Digits', individual_digits: true }, words],
};

/** Words as an expression finds them. */
function found(Regex: string): Json {
  const split = { type: 'Split', pattern: { Regex }, behavior: 'Isolated', invert: false };
  return { type: 'Sequence', pretokenizers: [split, { ...level, use_regex: false }] };
}

/** How text is cut into words before bytes are joined: llama.cpp's names for it, "tokenizer.ggml.pre". */
export const splits: ReadonlyMap<string, Json> = new Map([
  ...['default', 'gpt-2', 'phi-2', 'olmo', 'jais', 'trillion', 'mpt', 'granite-docling'].map(
    (name) => [name, words] as const,
  ),
  ...['smollm', 'starcoder', 'refact', 'codeshell', 'command-r'].map((name) => [name, digits] as const),
  ...['llama-bpe', 'llama3', 'llama-v3', 'falcon3', 'falcon-h1', 'dbrx', 'smaug-bpe', 'lfm2'].map(
    (name) => [name, found(LLAMA_3)] as const,
  ),
  ...['qwen2', 'deepseek-r1-qwen', 'megrez', 'stablelm2'].map((name) => [name, found(QWEN_2)] as const),
]);

/** Names of Llama 3's way, whose words are looked up before they are joined, and which begin with a token of their own. */
export const likeLlama3: ReadonlySet<string> = new Set(['llama-bpe', 'llama3', 'llama-v3']);
