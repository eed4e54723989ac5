import { label, positions, type Value } from '../graph.js';

/** The places of all queries and keys in their texts, from 0 on. */
export interface Places {
  /** (query) */
  readonly queries: Value;
  /** (key) */
  readonly keys: Value;
}

/** Of a text of `count` tokens that attends to itself; for all layers that do, so that what follows from places is computed once. */
export function placesWithin(count: number): Places {
  const places = positions(count);
  return { queries: places, keys: places };
}

/** Of n queries and m keys, under the names that formulas give them. @param shared with other layers */
export function placesOf(n: number, m: number, shared?: Places): Places {
  return {
    queries: label(shared?.queries ?? positions(n), { name: 'i', symbol: 'i', axes: ['query'] }),
    keys: label(shared?.keys ?? positions(m), { name: 'j', symbol: 'j', axes: ['key'] }),
  };
}
