import type { Value } from '../../engine/graph.js';
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

/** A date model for m characters. */
export interface DateGraph {
  /** The numbers of every input of the graph but `previous`, for these characters. */
  feeds(ids: readonly number[]): ReadonlyMap<Value, Tensor>;
  /** For each layer the labelled steps of the attention that is looked at, in reading order. */
  readonly layers: readonly (readonly Value[])[];
  readonly heads: number;
  readonly queries: DateAxis;
  readonly keys: DateAxis;
  /** How well each character fits at each place. // (10, 11) */
  readonly logits: Value;
  /**
   * The weights of each layer as the decoder used them while it wrote, a matrix put together from its steps; none where
   * the presented ones are the decoder's own.
   */
  readonly used?: Value;
  /** For a decoder that runs anew for each character: what it reads. None where one run writes all of them. */
  readonly decoder?: {
    /** The characters before each place, whole numbers; what comes after a place does not change it. // (10) */
    readonly previous: Value;
    /** What the encoder made of the text, known from the first run on. // (m, model) */
    readonly memory: Value;
  };
}

/** (n) */
export function list(numbers: readonly number[]): Tensor {
  return { shape: [numbers.length], data: Float64Array.from(numbers) };
}
