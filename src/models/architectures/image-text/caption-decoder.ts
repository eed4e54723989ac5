import type { Value } from '../../../engine/graph.js';
import { standardAttention, type AttendParameters } from '../../../engine/mechanisms/index.js';
import { add, matmul, transpose } from '../../../engine/ops/index.js';
import type { Checkpoint } from '../../checkpoint.js';
import type { Config } from '../../config.js';
import { ModelError } from '../../error.js';
import type { DecoderAttention, DecoderDescription, DecoderGraph } from '../architecture.js';

/** A family of decoders that attend to an image. */
export interface CaptionDecoder {
  /** What its section of config.json calls it: "gpt2". */
  readonly modelTypes: readonly string[];
  /** What people call it: "GPT-2". */
  readonly title: string;
  /** @throws ModelError */
  describe(config: Config): CaptionDecoderDescription;
  /**
   * @param memory what it attends to // (m, any width that `describe` allows)
   * @throws ModelError when a weight is missing or has the wrong shape, or there are more tokens than the limit
   */
  build(checkpoint: Checkpoint, tokens: number, memory: Value, attention: DecoderAttention): DecoderGraph;
}

export interface CaptionDecoderDescription extends DecoderDescription {
  readonly width: number;
  readonly positions: 'embedded';
  /** Of what it attends to, where that has another width than its own. */
  readonly sourceWidth?: number | undefined;
}

/** @param own of a decoder's attention to its own text, before it is made causal */
export function decoderAttention(own: AttendParameters = standardAttention): DecoderAttention {
  return { decoder: { ...own, mask: { kind: 'causal' } }, cross: own };
}

/** The width of what is attended to. @throws ModelError where it is not the one that is expected */
export function memoryWidth(checkpoint: Checkpoint, memory: Value, expected: number): number {
  const [, width = 0] = memory.shape;
  if (width !== expected) {
    throw new ModelError(
      `${checkpoint.name}: the decoder attends to vectors of ${expected} numbers, but the half that reads images gives ${width}.`,
    );
  }
  return width;
}

/**
 * What is said of each next token. Which of two tied tensors a file holds is up to whoever saved it.
 * @param hidden // (n, model)
 * @param table the vectors that words are read with // (vocabulary, model)
 * @param head the name of the layer of its own, where the file has one
 * @param biases names of what is added to the logits, of which the first that there is counts
 * @throws ModelError where words are said with other vectors, and those are missing
 */
export function spoken(
  checkpoint: Checkpoint,
  hidden: Value,
  table: Value,
  head: string,
  biases: readonly string[] = [],
): Value {
  const [vocabulary = 0] = table.shape;
  const tied = checkpoint.config.flag('tie_word_embeddings', true);
  const own = `${head}.weight`;
  const weight = tied && !checkpoint.has(own) ? table : checkpoint.weight(own, table.shape); // (vocabulary, model)
  const product = matmul(hidden, transpose(weight)); // (n, vocabulary)
  const bias = biases.find((name) => checkpoint.has(name));
  return bias === undefined ? product : add(product, checkpoint.weight(bias, [vocabulary]));
}
