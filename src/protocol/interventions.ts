import type { Span, WireTensor } from './wire.js';

/**
 * A step of a layer set from outside while everything runs: what comes after it, in this layer, in those behind it, and in what
 * the model says, is computed from what was set. Several act in the order in which they are given: one on a step that another
 * has set sees what that one left.
 */
export interface Intervention {
  /** From 0. */
  readonly layer: number;
  /** A step by its name: "weights", "head", "X". */
  readonly step: string;
  /**
   * From 0; all heads where left out. Of a step that heads share in groups (K and V in grouped-query attention), the group of
   * this head is set. A step that is the same for all heads has none.
   */
  readonly head?: number;
  /**
   * Rows of the step’s matrix: queries of weights, keys of K. All where left out, those of tokens that come later as well; with
   * given values, those that were there when it was set.
   */
  readonly rows?: Span;
  readonly set: InterventionValue;
  /** Of what has several attentions (encoder, decoder, cross), which one; the one that is shown where left out. */
  readonly attention?: string;
}

export type InterventionValue =
  | { readonly kind: 'zero' }
  /** In each column the mean over all rows of this step, for the same head, in the same run: what mean ablation sets. */
  | { readonly kind: 'mean' }
  /** One number for each cell: (row, column) for one head or where heads share a step, else (head, row, column). All finite. */
  | { readonly kind: 'values'; readonly values: WireTensor };
