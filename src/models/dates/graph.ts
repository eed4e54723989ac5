import { input, type Value } from '../../engine/graph.js';
import type { Tensor } from '../../engine/tensor.js';

/** What a date model writes: one of these at each of ten places. */
export const outputCharacters = '0123456789-';
/** What stands before the first of them: the last row of the table of output embeddings. */
export const start = outputCharacters.length;
/** “2021-03-09” */
export const outputLength = 10;
/** How many characters a date model reads. */
export const inputLimit = 64;
/** Before the characters of the vocabulary come padding, which is not needed here, and one number for all others. */
export const unknown = 1;
export const firstCharacter = 2;

/** What the rows or columns of attention count: characters read, characters written, or what the decoder was given. */
export type DateAxis = 'source' | 'output' | 'before';

/** The attention of one layer, as it is presented: all queries at once, over what the model computed for them. */
export interface DateLayer {
  /** Labelled, in reading order; made from leaves, so that they end where the attention begins. */
  readonly steps: readonly Value[];
  /** The leaves among the steps, each with what the model computes for it. */
  readonly inputs: ReadonlyMap<Value, Value>;
  /** The weights inside the model, as it used them: the same numbers. // (query, key) or (head, query, key) */
  readonly used: Value;
}

/** The steps of one layer’s attention as they run: once for all queries, or once for each of them in turn. */
export type RanLayer = readonly (readonly Value[])[];

/** A date model for m characters. */
export interface DateGraph {
  /** The numbers of every input of the graph but `previous`, for these characters. */
  feeds(ids: readonly number[]): ReadonlyMap<Value, Tensor>;
  readonly layers: readonly DateLayer[];
  /** For each of the model’s attentions its layers as they run; those under the name `shown` are presented. */
  readonly attentions: ReadonlyMap<string, readonly RanLayer[]>;
  readonly shown: string;
  readonly heads: number;
  readonly queries: DateAxis;
  readonly keys: DateAxis;
  /** How well each character fits at each place. // (10, 11) */
  readonly logits: Value;
  /** For a decoder that runs anew for each character: what it reads. None where one run writes all of them. */
  readonly decoder?: {
    /** The characters before each place, whole numbers; what comes after a place does not change it. // (10) */
    readonly previous: Value;
    /** What the encoder made of the text, known from the first run on. // (m, model) */
    readonly memory: Value;
  };
}

/**
 * A layer whose presented steps are built like the model's own.
 * @param build the mechanism, from leaves in the order of `inputs`
 */
export function presented(
  inputs: readonly Value[],
  used: Value,
  build: (leaves: readonly Value[]) => readonly Value[],
): DateLayer {
  const leaves = inputs.map(({ shape }) => input(shape));
  const steps = build(leaves);
  const named = steps.flatMap((step) => {
    const from = inputs[leaves.findIndex(({ origin }) => origin === step.origin)];
    return from === undefined ? [] : [[step, from] as const];
  });
  return { steps, inputs: new Map(named), used };
}

/** (n) */
export function list(numbers: readonly number[]): Tensor {
  return { shape: [numbers.length], data: Float64Array.from(numbers) };
}
