import type { Labels, Span } from '../../protocol.js';
import type { Subject } from '../core/subject.js';

/** How many weights are looked at. */
const mostWeights = 2 ** 21;
/** Of each head at least so many rows, or there is nothing to tell. */
const leastRows = 4;
const mostRows = 64;

export interface TellingHead {
  readonly layer: number;
  readonly head: number;
}

/** Goes through rows of a layer's weights, each with all heads. Masked cells are NaN. */
export type EachRow = (
  layer: number,
  rows: Span,
  take: (query: number, heads: readonly Float32Array[]) => void,
) => Promise<void>;

/**
 * The head to look at first: the one whose rows look hardest at some key that says something, which is neither a special token, nor the
 * first, nor the query itself or its neighbour. Of a middle part of the rows, so that it takes no longer for a long text.
 * @returns undefined where there are too many weights to look at even a few rows, or a single head
 */
export async function tellingHead(
  { layers, heads, queries, keys }: Pick<Subject, 'heads' | 'keys' | 'layers' | 'queries'>,
  eachRow: EachRow,
): Promise<TellingHead | undefined> {
  const count = layers.length * heads;
  const most = Math.floor(mostWeights / (count * Math.max(1, keys.count)));
  if (count === 1 || most < leastRows) return undefined;
  const height = Math.min(queries.count, most, mostRows);
  const start = Math.floor((queries.count - height) / 2);
  const isOwn = queries === keys || sameMedium(queries, keys);
  const says = Array.from({ length: keys.count }, (_, key) => key > 0 && keys.marks?.[key] !== null);
  let best: TellingHead | undefined;
  let largest = 0;
  for (let layer = 0; layer < layers.length; layer++) {
    const sums = new Float64Array(heads); // (head)
    await eachRow(layer, { start, end: start + height }, (query, ofHeads) => {
      if (queries.marks?.[query] === null) return;
      ofHeads.forEach((weights, head) => {
        let found = 0;
        for (let key = 0; key < weights.length; key++) {
          const weight = weights[key] ?? 0;
          if (weight > found && says[key] === true && !(isOwn && Math.abs(key - query) < 2)) found = weight;
        }
        sums[head] = (sums[head] ?? 0) + found;
      });
    });
    for (const [head, sum] of sums.entries()) {
      if (sum <= largest) continue;
      largest = sum;
      best = { layer, head };
    }
  }
  return best;
}

function sameMedium(queries: Labels, keys: Labels): boolean {
  const mediumOf = ({ marks }: Labels): string | undefined => marks?.find((mark) => mark !== null)?.medium;
  return queries.count === keys.count && mediumOf(queries) === mediumOf(keys);
}
