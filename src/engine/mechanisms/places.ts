import { label, positions, type Value } from '../graph.js';
import { shift } from '../ops/index.js';

/** The positions of all queries and keys in their texts, from 0. */
export interface Places {
  /** (query) */
  readonly queries: Value;
  /** (key) */
  readonly keys: Value;
}

/** The positions in self-attention over `count` tokens, to be shared by all layers, so that what depends on them is computed once. */
export function placesWithin(count: number): Places {
  const places = positions(count);
  return { queries: places, keys: places };
}

/**
 * Queries that do not begin with the keys: the first stands at key `first`, or the last at the last key, of all, of the
 * first `count`, or of as many as `lengths` says. // (1)
 */
export interface Ending {
  readonly first?: number;
  readonly count?: number;
  readonly lengths?: Value;
}

/**
 * The positions of n queries and m keys, labelled i and j.
 * @param shared with other layers
 * @param ending queries begin with the keys where left out
 */
export function placesOf(n: number, m: number, shared?: Places, ending?: Ending): Places {
  const queries = shared?.queries ?? (ending === undefined ? positions(n) : endingAt(n, m, ending));
  return {
    queries: label(queries, { name: 'i', symbol: 'i', axes: ['query'] }),
    keys: label(shared?.keys ?? positions(m), { name: 'j', symbol: 'j', axes: ['key'] }),
  };
}

function endingAt(n: number, m: number, { first, count = m, lengths }: Ending): Value {
  if (first !== undefined) return positions(n, first);
  if (lengths === undefined) return positions(n, count - n);
  const before = label(positions(n, -n), { name: 'from_end', symbol: "i'", axes: ['query'] });
  return shift(before, lengths);
}
