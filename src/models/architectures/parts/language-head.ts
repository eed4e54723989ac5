import type { Value } from '../../../engine/graph.js';
import { add, matmul, transpose } from '../../../engine/ops/index.js';
import type { Checkpoint } from '../../checkpoint.js';

/** Where a model's next tokens come from. */
export interface LanguageHead {
  /** The vectors of all words. // (vocabulary, model) */
  readonly table: Value;
  /** Whether words are said with the vectors that they are read with, where the configuration does not tell. */
  readonly tied: boolean;
  /** What the head is called in a checkpoint that has one. */
  readonly name?: string;
}

/**
 * What a model says of each next token: every word's vector times the hidden state (Press & Wolf 2017 where they are tied).
 * @param hidden the last hidden state, normalised // (n, model)
 * @returns logits // (n, vocabulary); undefined where the checkpoint has no head
 * @throws ModelError when the head has another shape
 */
export function logitsOf(
  checkpoint: Checkpoint,
  hidden: Value | undefined,
  { table, tied, name = 'lm_head' }: LanguageHead,
): Value | undefined {
  const own = checkpoint.has(`${name}.weight`);
  if (hidden === undefined || (!own && !checkpoint.config.flag('tie_word_embeddings', tied)))
    return undefined;
  const [vocabulary = 0] = table.shape;
  const weight = own ? checkpoint.weight(`${name}.weight`, table.shape) : table; // (vocabulary, model)
  const product = matmul(hidden, transpose(weight)); // (n, vocabulary)
  return checkpoint.has(`${name}.bias`)
    ? add(product, checkpoint.weight(`${name}.bias`, [vocabulary]))
    : product;
}
