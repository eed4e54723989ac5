import { label, positions, type Value } from '../graph.js';

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

/** The positions of n queries and m keys, labelled i and j. @param shared with other layers */
export function placesOf(n: number, m: number, shared?: Places): Places {
  return {
    queries: label(shared?.queries ?? positions(n), { name: 'i', symbol: 'i', axes: ['query'] }),
    keys: label(shared?.keys ?? positions(m), { name: 'j', symbol: 'j', axes: ['key'] }),
  };
}
