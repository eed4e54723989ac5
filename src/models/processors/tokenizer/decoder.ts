import { Tokenizer } from '@huggingface/tokenizers';
import type { Json } from '../../../formats/json-text.js';
import { isRecord } from '../../../common/values.js';

/**
 * From tokens to the text that they stand for, by the "decoder" of a tokenizer.json; it is the library's.
 * @param parts a tokenizer.json, already checked
 */
export function decoderOf(parts: { readonly [name: string]: Json }): (tokens: readonly string[]) => string {
  const suffix = isRecord(parts['model']) ? parts['model']['end_of_word_suffix'] : undefined;
  // Of the model nothing but the suffix is needed to put tokens together.
  const tokenizer = new Tokenizer(
    {
      model: {
        type: 'BPE',
        vocab: {},
        merges: [],
        ...(typeof suffix === 'string' ? { end_of_word_suffix: suffix } : {}),
      },
      pre_tokenizer: null,
      normalizer: null,
      post_processor: null,
      decoder: parts['decoder'] ?? null,
      added_tokens: parts['added_tokens'] ?? [],
    },
    {},
  );
  const { decoder } = tokenizer;
  return (tokens) => {
    if (tokens.length === 0) return '';
    if (decoder === null) return tokens.join(' ');
    const text = decoder.decode([...tokens]);
    return typeof suffix === 'string' && suffix !== '' ? text.replaceAll(suffix, ' ').trim() : text;
  };
}
