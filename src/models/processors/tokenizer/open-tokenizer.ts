import type { Json } from '../../../formats/json-text.js';
import { ModelError } from '../../error.js';
import { createTokenizer, type TextTokenizer } from './tokenizer.js';
import { marianTokenizer } from './marian.js';
import { describeFiles } from './vocabulary-files.js';

/** Files that belong to a model; undefined for one that is not there. */
export interface TokenizerFiles {
  json(file: string): Promise<Json | undefined>;
  bytes(file: string): Promise<Uint8Array | undefined>;
  /** What a tokenizer that is not there is called; "tokenizer.json" where left out. */
  readonly tokenizer?: string;
}

/** The tokenizer that lies beside a model's weights. @throws ModelError where there is none, or none that can be read */
export async function openTokenizer(files: TokenizerFiles, name: string): Promise<TextTokenizer> {
  const tokenizer = await files.json('tokenizer.json');
  if (tokenizer === undefined) {
    const [source, vocabulary] = await Promise.all([files.bytes('source.spm'), files.json('vocab.json')]);
    if (source !== undefined && vocabulary !== undefined) return marianTokenizer(source, vocabulary, name);
    const described = await describeFiles(files, name);
    if (described !== undefined) {
      const settings = await files.json('tokenizer_config.json');
      return createTokenizer(described, settings ?? {}, `${name}: its vocabulary`);
    }
    const { tokenizer: missing = 'tokenizer.json' } = files;
    throw new ModelError(`${name} has no ${missing}, without which text cannot become tokens.`);
  }
  const settings = await files.json('tokenizer_config.json');
  return createTokenizer(tokenizer, settings ?? {}, `${name}: tokenizer.json`);
}
