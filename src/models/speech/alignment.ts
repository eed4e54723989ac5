import { label, type AxisName, type Value } from '../../engine/graph.js';
import {
  concat,
  dropAxis,
  inverseSquareRoot,
  median,
  multiply,
  negate,
  rearrange,
  scale,
  slice,
  softmax,
  subtract,
  sumTo,
} from '../../engine/ops/index.js';
import { ModelError } from '../error.js';
import type { Path } from './warping.js';

export interface AlignmentHead {
  readonly layer: number;
  readonly head: number;
}

/** What alignment is asked of. */
export interface AlignmentInput {
  /** Of each layer's attention to the sound: scaled, before the softmax. // each (head, token, frame) */
  readonly scores: readonly Value[];
  readonly heads: readonly AlignmentHead[];
  /** Frames of the encoder that hold sound. */
  readonly frames: number;
  /** Tokens before the row that says the first word: start, language and task. */
  readonly before: number;
  /** Of the median filter; 7 in OpenAI's. */
  readonly width?: number;
}

export interface AlignmentGraph {
  /** For each layer, of all its heads: cropped scores, their softmax, z-scores, median. // each (head, token, frame) */
  readonly layers: readonly AlignmentStages[];
  /** Of the chosen heads of all layers. // (token, frame) */
  readonly mean: Value;
  /** The mean, negated. // (token, frame) */
  readonly whole: Value;
  /** What dynamic time warping goes through; its rows are words' tokens, then the end. // (token, frame) */
  readonly cost: Value;
}

export interface AlignmentStages {
  readonly cropped: Value;
  readonly weights: Value;
  readonly standard: Value;
  readonly smooth: Value;
}

/**
 * How OpenAI's Whisper finds when each token was said (`find_alignment`, release 20250625), each stage a step.
 * @throws ModelError where no head is chosen, one is none of the model's, or there is no sound
 */
export function alignment({ scores, heads, frames, before, width = 7 }: AlignmentInput): AlignmentGraph {
  const { tokens } = checkAligned({ layers: scores, heads, frames });
  if (tokens - before < 2) throw new ModelError('There is no text to align.');
  const layers = scores.map((own) => stages(own, frames, width));
  const { mean, whole } = joined(layers, heads);
  const cost = slice(whole, [
    { start: before, end: tokens - 1 },
    { start: 0, end: frames },
  ]);
  return { layers, mean, whole, cost };
}

/** What is asked of an alignment, checked. @throws ModelError */
export function checkAligned({
  layers,
  heads,
  frames,
}: {
  /** // each (head, token, frame) */
  readonly layers: readonly Value[];
  readonly heads: readonly AlignmentHead[];
  readonly frames: number;
}): { readonly tokens: number } {
  const [, tokens = 0, all = 0] = layers[0]?.shape ?? [];
  if (heads.length === 0) throw new ModelError('An alignment needs a head of the attention to the sound.');
  for (const { layer, head } of heads) {
    if (head >= 0 && head < (layers[layer]?.shape[0] ?? 0)) continue;
    throw new ModelError(
      `The model has no head ${head} in layer ${layer} to align by; ${inventory(layers)}.`,
    );
  }
  if (!Number.isInteger(frames) || frames < 1 || frames > all) {
    throw new ModelError(`1 to ${all} frames of sound can be aligned, not ${frames}.`);
  }
  return { tokens };
}

/** The mean of the chosen heads, and that negated. // each (token, frame) */
export function joined(
  layers: readonly Pick<AlignmentStages, 'smooth'>[],
  heads: readonly AlignmentHead[],
): { readonly mean: Value; readonly whole: Value } {
  const [first] = layers;
  if (first === undefined) throw new ModelError('An alignment needs a layer.');
  const [, tokens = 0, frames = 0] = first.smooth.shape;
  const rows = heads.map(({ layer, head }) => {
    const { smooth } = layers[layer] ?? first;
    const region = [
      { start: head, end: head + 1 },
      { start: 0, end: tokens },
      { start: 0, end: frames },
    ];
    return dropAxis(slice(smooth, region), 0); // (token, frame)
  });
  // Where formulas begin: other layers' steps bear the names of this one's.
  const stacked = label(rearrange(concat(rows, 'rows'), [heads.length, tokens, frames]), {
    name: 'alignment_heads',
    symbol: 'M^{*}',
    // Heads of any layers, which are none of this one's.
    axes: ['feature', 'query', 'key'],
    given: true,
  });
  const mean = step(
    dropAxis(scale(sumTo(stacked, [1, tokens, frames]), 1 / heads.length, `\\tfrac{1}{${heads.length}}`), 0),
    'alignment_mean',
    '\\bar{M}',
    'Alignment: mean of the heads',
    `Of the ${heads.length} heads that the alignment uses, in whichever layers they are; the same in every layer.`,
  );
  const whole = step(
    negate(mean),
    'alignment_cost',
    'C',
    'Alignment: cost',
    'What dynamic time warping makes as small as it can, on its way through the rows that say a token of the text and the end.',
  );
  return { mean, whole };
}

/** @param scores (head, token, frame) */
function stages(scores: Value, frames: number, width: number): AlignmentStages {
  const [heads = 0, tokens = 0] = scores.shape;
  const cropped = step(
    slice(scores, [
      { start: 0, end: heads },
      { start: 0, end: tokens },
      { start: 0, end: frames },
    ]),
    'alignment_cropped',
    "S'",
    'Alignment: cropped scores',
    'Only frames that hold sound.',
  ); // (head, token, frame)
  const weights = step(
    softmax(cropped),
    'alignment_weights',
    'W',
    'Alignment: softmax after the crop',
    'Each token’s row sums to 1 over the sound alone: no weights of the model, which saw silence too.',
  );
  return { cropped, weights, ...smoothed(weights, width) };
}

/** How much each frame is attended to more than by other tokens, smoothed. @param weights (head, token, frame) */
export function smoothed(weights: Value, width: number): Pick<AlignmentStages, 'standard' | 'smooth'> {
  const [heads = 0, tokens = 0, frames = 0] = weights.shape;
  const mean = scale(sumTo(weights, [heads, 1, frames]), 1 / tokens, `\\tfrac{1}{${tokens}}`); // (head, 1, frame)
  const centred = subtract(weights, mean); // (head, token, frame)
  const variance = scale(
    sumTo(multiply(centred, centred), [heads, 1, frames]),
    1 / tokens,
    `\\tfrac{1}{${tokens}}`,
  );
  const standard = step(
    multiply(centred, inverseSquareRoot(variance, 0)),
    'alignment_z',
    'Z',
    'Alignment: z-scores',
    'Each frame’s weights, less their mean over all tokens and by their deviation: frames that everything attends to count no more.',
  );
  const smooth = step(
    median(standard, width),
    'alignment_median',
    'M',
    'Alignment: median',
    `Of ${width} frames, reflected at the ends: single frames that stick out go.`,
  );
  return { standard, smooth };
}

/**
 * When each token begins, in frames, and where the last one ends.
 * @param path through the cost
 * @returns one entry for each row of the cost
 */
export function beginnings({ rows, columns }: Path): number[] {
  return columns.filter((_, at) => at === 0 || rows[at] !== rows[at - 1]);
}

export function step(value: Value, name: string, symbol: string, title: string, note: string): Value {
  const axes: readonly AxisName[] = value.shape.length === 3 ? ['head', 'query', 'key'] : ['query', 'key'];
  return label(value, { name, symbol, axes, step: { title, note, scale: 'signed', phase: 'task' } });
}

function inventory(scores: readonly Value[]): string {
  return `it has ${scores.length} layers of ${scores[0]?.shape[0] ?? 0} heads, counted from 0`;
}
