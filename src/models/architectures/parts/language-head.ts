import type { Value } from '../../../engine/graph.js';
import { add, matmul, transpose } from '../../../engine/ops/index.js';
import type { Checkpoint } from '../../checkpoint.js';

/** Where a model's next tokens come from. */
export interface LanguageHead {
  /** The vectors of all words. // (vocabulary, model) */
  readonly table: Value;
  /** Whether words are said with the vectors that they are read with, where the configuration does not tell. */
  readonly tied: boolean;
  /** Whether a model that was trained to say words says them so whatever its configuration has. */
  readonly always?: boolean;
  /** What the head is called in a checkpoint that has one. */
  readonly name?: string;
}

/** Classes of models that say words, and those that say something else: "ForSequenceClassification". */
const speaking =
  /(?:ForCausalLM|ForConditionalGeneration|LMHeadModel|DoubleHeadsModel|MTModel|WithLMHead(?:Model)?)$/;
const otherwise = /(?:For[A-Z]\w*|EncoderModel)$/;

/** What is there where a checkpoint was trained for something else than words. */
const otherHeads = ['score', 'classifier', 'classifier.dense', 'classification_head.dense', 'qa_outputs'];

/**
 * Whether a checkpoint can say words: it has a head of its own, or says words with the vectors that it reads them with. A model that was
 * trained to sort texts or to point at answers has such vectors too, but nothing was learnt to be said with them.
 */
function hasLanguageHead(
  checkpoint: Checkpoint,
  { tied, always = false, name = 'lm_head' }: Omit<LanguageHead, 'table'>,
): boolean {
  if (checkpoint.has(`${name}.weight`)) return true;
  const { config } = checkpoint;
  const classes = config.list('architectures').filter((each) => typeof each === 'string');
  const speaks = classes.some((each) => speaking.test(each));
  if (always && speaks) return true;
  if (!config.flag('tie_word_embeddings', tied)) return false;
  if (speaks) return true;
  return (
    !classes.some((each) => otherwise.test(each)) &&
    !otherHeads.some((each) => checkpoint.has(`${each}.weight`))
  );
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
  { table, tied, always = false, name = 'lm_head' }: LanguageHead,
): Value | undefined {
  if (hidden === undefined || !hasLanguageHead(checkpoint, { tied, always, name })) return undefined;
  const own = checkpoint.has(`${name}.weight`);
  const [vocabulary = 0] = table.shape;
  const weight = own ? checkpoint.weight(`${name}.weight`, table.shape) : table; // (vocabulary, model)
  const product = matmul(hidden, transpose(weight)); // (n, vocabulary)
  return checkpoint.has(`${name}.bias`)
    ? add(product, checkpoint.weight(`${name}.bias`, [vocabulary]))
    : product;
}
