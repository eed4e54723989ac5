import type { Json } from '../../../formats/json-text.js';
import { ModelError } from '../../error.js';
import { createTokenizer, type TextTokenizer } from './tokenizer.js';
import { marianTokenizer, type MarianTarget } from './marian.js';
import { describeFiles, openM2m100, withFiles } from './classes/index.js';
import { isRecord } from '../../../common/values.js';

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
    if (source !== undefined && vocabulary !== undefined) {
      return marianTokenizer(source, vocabulary, name, await marianTarget(files, name));
    }
    const many = await openM2m100(files, name);
    if (many !== undefined) return many;
    const described = await describeFiles(files, name);
    if (described !== undefined) return createTokenizer(described, `${name}: its vocabulary`);
    const { tokenizer: missing = 'tokenizer.json' } = files;
    throw new ModelError(`${name} has no ${missing}, without which text cannot become tokens.`);
  }
  const where = `${name}: tokenizer.json`;
  // What is made of a GGUF file's metadata is whole.
  const isFile = (files.tokenizer ?? 'tokenizer.json') === 'tokenizer.json';
  return createTokenizer(
    isFile && isRecord(tokenizer) ? await withFiles(tokenizer, files) : tokenizer,
    where,
  );
}

/** What a Marian checkpoint cuts and numbers its target with. @throws ModelError where a vocabulary of its own is missing */
async function marianTarget(files: TokenizerFiles, name: string): Promise<MarianTarget> {
  const [pieces, settings] = await Promise.all([
    files.bytes('target.spm'),
    files.json('tokenizer_config.json'),
  ]);
  if (!isRecord(settings) || settings['separate_vocabs'] !== true) return { pieces, vocabulary: undefined };
  const vocabulary = await files.json('target_vocab.json');
  if (vocabulary === undefined) {
    throw new ModelError(
      `${name}: tokenizer_config.json says "separate_vocabs", but target_vocab.json, which numbers the tokens of the target, is missing.`,
    );
  }
  return { pieces, vocabulary };
}
