import type { HeadPlace, HeadRanking, HeadRankingRequest, RankedQuery, Span } from '../../protocol.js';
import { checkSpan } from './pool.js';
import { joinedSpans } from './spans.js';

/** How much there is of what is ranked. */
export interface LookedAt {
  readonly layers: number;
  readonly heads: number;
  readonly queries: number;
  readonly keys: number;
}

/** Gives rows of a layer's weights, each with all its heads; NaN where masked. */
export type RowsOfHeads = (
  layer: number,
  rows: Span,
  take: (query: number, heads: readonly Float32Array[]) => void,
) => Promise<void>;

/** The most queries that are named. */
const mostNamed = 100;

/**
 * How much each head attends from the queries to the keys, from one pass over those rows; only a band of them is held at a time.
 * @throws RangeError for a layer, query or key that there is not
 */
export async function rankHeads(
  size: LookedAt,
  request: Omit<HeadRankingRequest, 'inspection'>,
  rows: RowsOfHeads,
  progress: (layer: number, share: number) => void = () => undefined,
): Promise<Omit<HeadRanking, 'revision'>> {
  const { heads } = size;
  const layers = checkSpan(request.layers, size.layers, 'Layers');
  const queries = joinedSpans(request.queries, size.queries, 'Queries');
  const keys = joinedSpans(request.keys, size.keys, 'Keys');
  const count = (layers.end - layers.start) * heads;
  const sums = new Float64Array(count); // (layer, head)
  const counted = new Float64Array(count); // (layer, head)
  const peaks: (RankedQuery | null)[] = Array.from({ length: count }, () => null);
  const strongest = new Strongest(Math.min(mostNamed, Math.max(0, Math.floor(request.strongest))));
  for (let layer = layers.start; layer < layers.end; layer++) {
    progress(layer, (layer - layers.start) / (layers.end - layers.start));
    for (const span of queries) {
      await rows(layer, span, (query, weights) => {
        for (const [head, row] of weights.entries()) {
          const found = countFor(row, keys, request.measure);
          if (found === null) continue;
          const at = (layer - layers.start) * heads + head;
          sums[at] = (sums[at] ?? 0) + found.value;
          counted[at] = (counted[at] ?? 0) + 1;
          const peak = peaks[at];
          if (peak == null || found.value > peak.value) peaks[at] = { query, ...found };
          if (strongest.takes(found.value)) strongest.add({ layer, head, query, ...found });
        }
      });
    }
  }
  return {
    layers,
    heads,
    means: Float32Array.from(sums, (sum, at) => sum / (counted[at] ?? 0)),
    peaks,
    strongest: strongest.list,
  };
}

/** What one row counts for, and its key with the largest weight; null where all of the keys are masked. */
function countFor(
  row: Float32Array,
  keys: readonly Span[],
  measure: 'sum' | 'largest',
): { readonly key: number; readonly value: number } | null {
  let [sum, largest, key] = [0, -Infinity, -1];
  for (const { start, end } of keys) {
    for (let at = start; at < end; at++) {
      const weight = row[at] ?? Number.NaN;
      // Only “not a number” differs from itself.
      if (weight !== weight) continue;
      sum += weight;
      if (weight > largest) [largest, key] = [weight, at];
    }
  }
  return key < 0 ? null : { key, value: measure === 'sum' ? sum : largest };
}

/** The first so many of what is offered, in falling order; of equals, what came first. */
class Strongest {
  readonly list: (RankedQuery & HeadPlace)[] = [];

  constructor(private readonly most: number) {}

  takes(value: number): boolean {
    const { list, most } = this;
    return list.length < most || value > (list.at(-1)?.value ?? Infinity);
  }

  add(one: RankedQuery & HeadPlace): void {
    const { list, most } = this;
    const at = list.findIndex(({ value }) => one.value > value);
    list.splice(at < 0 ? list.length : at, 0, one);
    if (list.length > most) list.pop();
  }
}
