import type { Span } from './wire.js';

/** One head of one layer. */
export interface HeadPlace {
  readonly layer: number;
  readonly head: number;
}

/** How much every head attends from some queries to some keys. */
export interface HeadRankingRequest {
  readonly inspection: string;
  /** The queries and keys that are looked at; all where left out. What is named twice counts once. */
  readonly queries?: readonly Span[];
  readonly keys?: readonly Span[];
  /** What a query counts for: the sum of its weights on the keys, or the largest of them. */
  readonly measure: 'sum' | 'largest';
  /** Of some layers; of all where left out. */
  readonly layers?: Span;
  /** How many of the strongest queries of all these heads are named, at most. */
  readonly strongest: number;
}

/** A query counts where it may attend to one of the keys at least: what is masked is no weight of 0. */
export interface HeadRanking {
  readonly revision: number;
  /** The layers that were looked at, and the heads of each. */
  readonly layers: Span;
  readonly heads: number;
  /** What its queries count for, on average; NaN of a head in which none of them may attend to one of the keys. // (layer, head) */
  readonly means: Float32Array;
  /** The query that counts for the most, and the largest of the keys’ weights in it. // (layer, head) */
  readonly peaks: readonly (RankedQuery | null)[];
  /** The queries that count for the most, of all heads, in falling order. */
  readonly strongest: readonly (RankedQuery & HeadPlace)[];
}

export interface RankedQuery {
  readonly query: number;
  /** The one of the keys with the largest weight. */
  readonly key: number;
  /** What the query counts for. */
  readonly value: number;
}

/** The weights of some rows that are large enough to be drawn as lines. */
export interface LinesRequest {
  readonly inspection: string;
  readonly heads: readonly HeadPlace[];
  /** Whether each head is a set of lines of its own, or their mean or largest weight one set together. */
  readonly fuse: 'apart' | 'mean' | 'max';
  readonly queries: Span;
  /** All where left out. */
  readonly keys?: Span;
  /** The smallest weight that is drawn. */
  readonly threshold: number;
  /** How many lines each set has at most: the strongest. */
  readonly most: number;
}

export interface Lines {
  readonly revision: number;
  /** One for each head, in their order; one alone where they are fused. */
  readonly sets: readonly LineSet[];
}

/** Lines from queries to keys, in falling order of weight. */
export interface LineSet {
  readonly queries: Uint32Array;
  readonly keys: Uint32Array;
  readonly weights: Float32Array;
  /** How many weights reach the threshold; more than there are lines where those are the strongest alone. */
  readonly reaching: number;
  /** The sum of these queries’ weights: on all keys, on the keys that were asked for, and on the lines. */
  readonly whole: number;
  readonly asked: number;
  readonly drawn: number;
}
