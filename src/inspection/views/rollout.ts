import { rolloutRow } from '../../engine/rollout.js';
import type { Labels, RolloutRequest, Span } from '../../protocol.js';
import { checkIndex } from './pool.js';

/** Gives rows of a layer's weights, each with all its heads; NaN where masked. */
type Rows = (
  layer: number,
  rows: Span,
  take: (query: number, heads: readonly Float32Array[]) => void,
) => Promise<void>;

/** What is multiplied; of the layers only how many there are. */
interface Layers {
  readonly title: string;
  readonly layers: { readonly length: number };
  readonly queries: Labels;
  readonly keys: Labels;
}

/** Whether layers can be multiplied: there are several, and each token is a query and a key of them. */
export function canRollOut({ layers, queries, keys }: Omit<Layers, 'title'>): boolean {
  if (layers.length < 2 || queries.count !== keys.count) return false;
  if (queries === keys) return true;
  return JSON.stringify([queries.words, queries.marks]) === JSON.stringify([keys.words, keys.marks]);
}

/**
 * One row of Â_to ··· Â_from, or one column. A row goes down from the last layer and a column up from the first, one vector
 * at a time, so that no matrix of the product is ever held.
 * @returns // (token)
 * @throws Error where layers cannot be multiplied, RangeError for a layer, token or share that there is not
 */
export async function rollOut(
  subject: Layers,
  { from, to, side, index, heads, residual }: Omit<RolloutRequest, 'inspection'>,
  rows: Rows,
  progress: (layer: number, fraction: number) => void = () => undefined,
): Promise<Float32Array> {
  const { layers, queries } = subject;
  if (!canRollOut(subject)) {
    throw new Error(
      `${subject.title} has no rollout: that takes several layers whose queries and keys are the same tokens.`,
    );
  }
  checkIndex(from, layers.length, 'layer');
  checkIndex(to, layers.length, 'layer');
  checkIndex(index, queries.count, side === 'row' ? 'query' : 'key');
  if (from > to)
    throw new RangeError(`Rollout goes from an earlier layer to a later one, not from ${from} to ${to}.`);
  if (!(residual >= 0 && residual < 1)) {
    throw new RangeError(`The share of the residual is 0 up to but not including 1, not ${residual}.`);
  }
  const { count } = queries;
  let vector = new Float64Array(count); // (token)
  vector[index] = 1;
  for (let done = 0; done <= to - from; done++) {
    const layer = side === 'row' ? to - done : from + done;
    progress(layer, done / (to - from + 1));
    const before = vector;
    const next = new Float64Array(count); // (token)
    // A row of the last layer takes one of its rows alone.
    const wanted = side === 'row' && done === 0 ? { start: index, end: index + 1 } : { start: 0, end: count };
    await rows(layer, wanted, (query, weights) => {
      const share = before[query] ?? 0;
      if (side === 'row' && share === 0) return;
      const row = rolloutRow(weights, query, { heads, residual });
      if (side === 'row')
        for (const [key, weight] of row.entries()) next[key] = (next[key] ?? 0) + share * weight;
      else next[query] = row.reduce((sum, weight, key) => sum + weight * (before[key] ?? 0), 0);
    });
    vector = next;
  }
  return Float32Array.from(vector);
}
