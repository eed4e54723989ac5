import type { HeadPlace, LineSet, LinesRequest, Span } from '../../protocol.js';
import type { LookedAt } from './head-ranking.js';
import { checkIndex, checkSpan } from './pool.js';

/** Gives rows of some heads of a layer's weights; NaN where masked. */
type RowsOfSomeHeads = (
  layer: number,
  part: { readonly rows: Span; readonly heads: Span },
  take: (query: number, heads: readonly Float32Array[]) => void,
) => Promise<void>;

/** The most lines of one set, and the most sets that are asked for at once. */
const mostLines = 20_000;
const mostSets = 64;

/** How many fused weights are held at a time. */
const fusedAtOnce = 1 << 20;

/**
 * The weights of some rows that reach the threshold, the strongest first, with what they hold of the whole. Rows pass through in
 * bands: what is held is bounded by the number of lines that were asked for.
 * @throws RangeError for a head, query or key that there is not, and for more than is sent at once
 */
export async function collectLines(
  size: LookedAt,
  request: Omit<LinesRequest, 'inspection'>,
  rows: RowsOfSomeHeads,
): Promise<LineSet[]> {
  const { fuse } = request;
  const queries = checkSpan(request.queries, size.queries, 'Queries');
  const keys = checkSpan(request.keys, size.keys, 'Keys');
  const { threshold, most } = request;
  if (!Number.isInteger(most) || most < 0 || most > mostLines) {
    throw new RangeError(`0 to ${mostLines} lines are sent at once, not ${most}.`);
  }
  if (Number.isNaN(threshold)) throw new RangeError('The threshold is not a number.');
  const places = request.heads.map(({ layer, head }) => ({
    layer: checkIndex(layer, size.layers, 'layer'),
    head: checkIndex(head, size.heads, 'head'),
  }));
  if (places.length === 0) throw new RangeError('No head was named whose lines are to be drawn.');
  if (fuse === 'apart' && places.length > mostSets) {
    throw new RangeError(`The lines of at most ${mostSets} heads are sent at once, not of ${places.length}.`);
  }
  const begin = (): Collected => new Collected(keys, threshold, most);
  const layers = byLayer(places);
  if (fuse === 'apart') {
    const sets = places.map(begin);
    for (const { layer, heads, wanted } of layers) {
      await rows(layer, { rows: queries, heads }, (query, weights) => {
        for (const { head, at } of wanted) {
          const row = weights[head - heads.start];
          if (row !== undefined) sets[at]?.add(query, row);
        }
      });
    }
    return sets.map((set) => set.finish());
  }
  const set = begin();
  const height = Math.max(1, Math.floor(fusedAtOnce / Math.max(1, size.keys)));
  for (let start = queries.start; start < queries.end; start += height) {
    const band = { start, end: Math.min(queries.end, start + height) };
    const fused = new Float32Array((band.end - band.start) * size.keys).fill(Number.NaN); // (query, key)
    const lineOf = (query: number): Float32Array =>
      fused.subarray((query - start) * size.keys, (query - start + 1) * size.keys);
    for (const { layer, heads, wanted } of layers) {
      await rows(layer, { rows: band, heads }, (query, weights) => {
        const line = lineOf(query);
        for (const { head } of wanted) {
          const row = weights[head - heads.start];
          if (row !== undefined) fuseInto(line, row, fuse, places.length);
        }
      });
    }
    for (let query = band.start; query < band.end; query++) set.add(query, lineOf(query));
  }
  return [set.finish()];
}

/** Adds a head's row to the mean of so many heads, or to their largest. What is masked in some heads has no weight there. */
function fuseInto(line: Float32Array, row: Float32Array, by: 'mean' | 'max', count: number): void {
  for (let key = 0; key < line.length; key++) {
    const weight = row[key] ?? Number.NaN;
    if (weight !== weight) continue;
    const before = line[key] ?? Number.NaN;
    const none = before !== before;
    if (by === 'mean') line[key] = (none ? 0 : before) + weight / count;
    else if (none || weight > before) line[key] = weight;
  }
}

/** The heads that are wanted of each layer, and the span that has them all. */
function byLayer(places: readonly HeadPlace[]): {
  readonly layer: number;
  readonly heads: Span;
  readonly wanted: readonly { readonly head: number; readonly at: number }[];
}[] {
  const layers = new Map<number, { head: number; at: number }[]>();
  for (const [at, { layer, head }] of places.entries()) {
    const wanted = layers.get(layer) ?? [];
    layers.set(layer, wanted);
    wanted.push({ head, at });
  }
  return [...layers].map(([layer, wanted]) => {
    const heads = wanted.map(({ head }) => head);
    return { layer, wanted, heads: { start: Math.min(...heads), end: Math.max(...heads) + 1 } };
  });
}

/** One set of lines as it comes about: never much more than twice as many as were asked for. */
class Collected {
  private queries: number[] = [];
  private keys: number[] = [];
  private weights: number[] = [];
  /** From here on a weight is among the strongest so far. */
  private floor = 0;
  private reaching = 0;
  private whole = 0;
  private asked = 0;

  constructor(
    private readonly span: Span,
    private readonly threshold: number,
    private readonly most: number,
  ) {}

  add(query: number, row: Float32Array): void {
    const { span, threshold } = this;
    for (let key = 0; key < row.length; key++) {
      const weight = row[key] ?? Number.NaN;
      if (weight !== weight) continue;
      this.whole += weight;
      if (key < span.start || key >= span.end) continue;
      this.asked += weight;
      if (!(weight >= threshold && weight > 0)) continue;
      this.reaching++;
      if (weight <= this.floor) continue;
      this.queries.push(query);
      this.keys.push(key);
      this.weights.push(weight);
      if (this.weights.length >= 2 * this.most + 64) this.cut();
    }
  }

  finish(): LineSet {
    this.cut();
    return {
      queries: Uint32Array.from(this.queries),
      keys: Uint32Array.from(this.keys),
      weights: Float32Array.from(this.weights),
      reaching: this.reaching,
      whole: this.whole,
      asked: this.asked,
      drawn: this.weights.reduce((sum, weight) => sum + weight, 0),
    };
  }

  /** Keeps the strongest; of equals, those that came first. */
  private cut(): void {
    const { weights, queries, keys } = this;
    const order = Array.from(weights.keys())
      .sort((a, b) => (weights[b] ?? 0) - (weights[a] ?? 0) || a - b)
      .slice(0, this.most);
    this.weights = order.map((at) => weights[at] ?? 0);
    this.queries = order.map((at) => queries[at] ?? 0);
    this.keys = order.map((at) => keys[at] ?? 0);
    if (order.length === this.most) this.floor = this.weights.at(-1) ?? Infinity;
  }
}
