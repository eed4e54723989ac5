import type { Tensor } from '../../engine/tensor.js';
import type { Draft, Formula } from './formula.js';

/** What is known of the formula before anything is changed in it. */
export interface Known {
  readonly draft: Draft;
  readonly formula: Formula;
  /** d_k */
  readonly size: number;
  /** What a score of 0 is divided by: 1 where scores are not scaled. */
  readonly divisor: number;
  /** 1 where a query may attend to a key, else 0; undefined without a mask. // (query, key) or (head, query, key) */
  readonly keep: Tensor<Float64Array> | undefined;
  /** The formula's parameters by name, with their values. */
  readonly values: ReadonlyMap<string, string | number>;
}

/** A mistake that is often made, or another reading of the formula. */
export interface Slip {
  readonly id: string;
  /** The ways in which it can be made here; none where it cannot. */
  changes(known: Known): readonly Change[];
}

/** One way to make a slip: a change of inputs and parameters, of the built graph, or of both. */
export interface Change {
  /** What is done, as a sentence without its full stop: "The scores are not scaled". */
  readonly title: string;
  /** Of two changes of the same group only one is made. */
  readonly group: string;
  /** How unusual it is: of readings that fit alike, the one with the least comes first. */
  readonly rank: number;
  readonly draft?: (draft: Draft) => Draft;
  readonly formula?: (formula: Formula) => Formula;
  /** It gives the formula's own numbers, but for rounding, whatever the inputs: it is named where the formula agrees. */
  readonly same?: true;
  /** Its numbers are rounded, so that they can be met only as nearly as that. */
  readonly rounds?: number;
}

/** A change and whose it is. */
export interface MadeChange extends Change {
  readonly id: string;
  /** In which order changes of a graph are made. */
  readonly order: number;
}
