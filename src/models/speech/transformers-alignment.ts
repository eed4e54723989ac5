import type { Value } from '../../engine/graph.js';
import { slice } from '../../engine/ops/index.js';
import { ModelError } from '../error.js';
import {
  beginnings,
  checkAligned,
  joined,
  smoothed,
  step,
  type AlignmentGraph,
  type AlignmentHead,
} from './alignment.js';
import type { Path } from './warping.js';

/** In what transformers' alignment differs from OpenAI's, in sentences. */
export const transformersDifferences: readonly string[] = [
  'As transformers aligns: the model’s own weights are cropped to the sound, so that what it gave the silence is missing from them; OpenAI’s program crops scores, and its rows sum to 1.',
  'Tokens before the text count for nothing, in z-scores neither; OpenAI’s program has them among the tokens that a frame is compared with.',
  'A token is looked for by the row that reads it, one later than the row that wrote it, which OpenAI’s program takes; so it is found a little late.',
  'The end of the text is never read, so the last token has no end of its own: its word ends where that token begins.',
];

export interface TransformersAlignmentInput {
  /** Of each layer's attention to the sound. // each (head, token, frame) */
  readonly weights: readonly Value[];
  readonly heads: readonly AlignmentHead[];
  /** Frames of the encoder that hold sound. */
  readonly frames: number;
  /** Tokens before the text: a prompt, start, language, task, and that no times are written. */
  readonly before: number;
  /** Tokens of the text; what ends it is not read. */
  readonly count: number;
  /** Of the median filter. */
  readonly width?: number;
}

/**
 * How transformers finds when each token was said (`_extract_token_timestamps` of its Whisper, 5.24.0), each stage a step.
 * @throws ModelError where no head is chosen, one is none of the model's, or there is no sound or no text
 */
export function transformersAlignment(asked: TransformersAlignmentInput): AlignmentGraph {
  const { weights: all, heads, frames, before, count, width = 7 } = asked;
  const { tokens } = checkAligned({ layers: all, heads, frames });
  if (count < 1 || before + count > tokens) throw new ModelError('There is no text to align.');
  const layers = all.map((own) => {
    const [of = 0] = own.shape;
    const cropped = step(
      slice(own, [
        { start: 0, end: of },
        { start: 0, end: tokens },
        { start: 0, end: frames },
      ]),
      'alignment_cropped',
      "A'",
      'Alignment: cropped weights',
      'Only frames that hold sound, of the model’s own weights.',
    ); // (head, token, frame)
    const weights = step(
      slice(cropped, [
        { start: 0, end: of },
        { start: before, end: before + count },
        { start: 0, end: frames },
      ]),
      'alignment_weights',
      'W',
      'Alignment: weights of the text',
      'Only rows that read a token of the text. They sum to less than 1 where the model attends to silence.',
    ); // (head, token of the text, frame)
    return { cropped, weights, ...smoothed(weights, width) };
  });
  const { mean, whole } = joined(layers, heads);
  return { layers, mean, whole, cost: whole };
}

/**
 * When each token begins, in frames; the last is there twice, since nothing says where it ends.
 * @param path through the cost
 */
export function transformersBeginnings(path: Path): number[] {
  const begins = beginnings(path);
  return [...begins, ...begins.slice(-1)];
}
