import type { Gathering } from '../metrics/metric.js';

/** What telling a head's type takes beside the weights. */
export interface ProbeTokens {
  /** Of queries and keys alike, where they are the same tokens. */
  readonly ids: readonly number[];
  /** Keys that are the first, or separators around a text: where unused attention goes. */
  readonly sinks: readonly boolean[];
}

/** Something that heads are known to do, with a score from 0 to 1. */
export interface HeadType {
  readonly name: string;
  readonly title: string;
  /** One or two letters, for a cell that has no room for more. */
  readonly label: string;
  /** One sentence: what a head of this type does, and how its score is defined. */
  readonly note: string;
  /** A head with a smaller score is not of this type. */
  readonly threshold: number;
  /** Scored on English, or on random tokens that are repeated once. */
  readonly text: 'passage' | 'repeated';
  /** Whether queries and keys must be the same tokens. */
  readonly self: boolean;
  /** With which masks it can be told. */
  readonly masks: readonly ('none' | 'causal')[];
  begin(tokens: ProbeTokens): Gathering;
}

/**
 * The mean, over the queries that have such keys, of the weight on them; the first query is left out, since a causal one has
 * no choice.
 */
export function shareOn(
  isMeant: (key: number, query: number) => boolean,
  excluded: (query: number) => boolean = () => false,
): Gathering {
  let sum = 0;
  let rows = 0;
  return {
    row(weights, query) {
      if (query === 0 || excluded(query) || weights.every(Number.isNaN)) return;
      let share = 0;
      let some = false;
      for (let key = 0; key < weights.length; key++) {
        const weight = weights[key] ?? 0;
        if (Number.isNaN(weight) || !isMeant(key, query)) continue;
        some = true;
        share += weight;
      }
      if (!some) return;
      sum += share;
      rows++;
    },
    result: () => (rows === 0 ? Number.NaN : sum / rows),
  };
}
