import { evaluate } from '../../engine/evaluate.js';
import { input } from '../../engine/graph.js';
import { noise } from '../../engine/ops/index.js';
import type { Sampling } from '../../protocol.js';

const methods: ReadonlySet<unknown> = new Set<Sampling['method']>(['greedy', 'sample']);

/** What is left out is so. */
const standard: Sampling = { method: 'greedy', temperature: 1, topP: 1, seed: 0 };

/** Probabilities of all tokens, in float64: softmax of logits / temperature. // (vocabulary) */
export function probabilitiesOf(logits: ArrayLike<number>, temperature = 1): Float64Array {
  const result = new Float64Array(logits.length);
  let largest = -Infinity;
  for (let id = 0; id < logits.length; id++) largest = Math.max(largest, logits[id] ?? -Infinity);
  let sum = 0;
  for (let id = 0; id < logits.length; id++) {
    const share = Math.exp(((logits[id] ?? -Infinity) - largest) / temperature);
    result[id] = share;
    sum += share;
  }
  for (let id = 0; id < result.length; id++) result[id] = (result[id] ?? 0) / sum;
  return result;
}

/** The ids of all tokens, the likeliest first; of equal ones the one with the smaller id. */
export function ranked(shares: ArrayLike<number>): Uint32Array {
  const order = Uint32Array.from({ length: shares.length }, (_, id) => id);
  return order.sort((a, b) => (shares[b] ?? 0) - (shares[a] ?? 0) || a - b);
}

/** The ids of the `count` likeliest tokens, the likeliest first, without ordering all others. */
export function likeliest(shares: ArrayLike<number>, count: number): number[] {
  const best: number[] = [];
  for (let id = 0; id < shares.length; id++) {
    const share = shares[id] ?? 0;
    if (best.length === count && share <= (shares[best.at(-1) ?? 0] ?? 0)) continue;
    let place = best.length;
    while (place > 0 && (shares[best[place - 1] ?? 0] ?? 0) < share) place--;
    best.splice(place, 0, id);
    if (best.length > count) best.pop();
  }
  return best;
}

/**
 * The next token.
 * @param step how many tokens were chosen before it: each has a draw of its own
 * @throws RangeError when the sampling makes no sense
 */
export function choose(logits: ArrayLike<number>, sampling: Partial<Sampling>, step: number): number {
  const { method, temperature, topP, seed } = { ...standard, ...sampling };
  // A caller in JavaScript may say anything.
  if (!methods.has(method)) {
    throw new RangeError(`The method of sampling is "greedy" or "sample", not ${JSON.stringify(method)}.`);
  }
  if (!(temperature > 0 && temperature <= 100)) {
    throw new RangeError(`The temperature has to be above 0 and at most 100, not ${temperature}.`);
  }
  if (!(topP > 0 && topP <= 1)) throw new RangeError(`Top-p has to be above 0 and at most 1, not ${topP}.`);
  if (!Number.isInteger(seed) || seed < 0 || seed > 0x7fff_ffff) {
    throw new RangeError(`The seed has to be a whole number from 0 to 2147483647, not ${seed}.`);
  }
  if (method === 'greedy') return likeliest(logits, 1)[0] ?? 0;
  const { ids, shares } = nucleus(logits, temperature, topP);
  const drawn = uniform(seed, step);
  let reached = 0;
  for (const [place, id] of ids.entries()) {
    reached += shares[place] ?? 0;
    if (reached > drawn) return id;
  }
  return ids.at(-1) ?? 0;
}

/**
 * What is drawn from: the likeliest tokens that come to at least `topP` together (Holtzman et al. 2020, §3.1), the likeliest
 * first, and their shares of what they come to.
 */
export function nucleus(
  logits: ArrayLike<number>,
  temperature: number,
  topP: number,
): { readonly ids: readonly number[]; readonly shares: readonly number[] } {
  const all = probabilitiesOf(logits, temperature);
  const ids: number[] = [];
  let sum = 0;
  for (const id of ranked(all)) {
    if (sum >= topP) break;
    ids.push(id);
    sum += all[id] ?? 0;
  }
  return { ids, shares: ids.map((id) => (all[id] ?? 0) / sum) };
}

/** The engine's own noise: a function of seed and place. */
function uniform(seed: number, step: number): number {
  const place = input([1], 'integer');
  const given = new Map([[place, { shape: [1], data: Float64Array.of(step) }]]);
  const [drawn] = evaluate([noise([place], seed)], given); // (1)
  return drawn?.data[0] ?? 0.5;
}
