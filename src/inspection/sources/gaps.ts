import { stepWithRole, type Value } from '../../engine/graph.js';
import { rewrite } from '../../engine/rewrite.js';
import { weightedSum } from '../../engine/ops/index.js';
import { sizeOf, type Region, type TensorSource } from '../../engine/tensor.js';

/** So many numbers are looked at in one go. */
const atOnce = 1 << 21;

/** Whether a tensor holds what is no number, or is infinite. */
export async function hasGaps(source: TensorSource, signal: AbortSignal | undefined): Promise<boolean> {
  for (const region of parts(source.shape)) {
    signal?.throwIfAborted();
    const { data } = await source.read(region);
    if (!data.every(Number.isFinite)) return true;
  }
  return false;
}

/**
 * Scores that are NaN, as they are exported where they are masked, are masked when they are given.
 * @param name what the scores are called
 */
export async function maskedScores(
  tensors: Readonly<Record<string, TensorSource>>,
  name: string,
  signal: AbortSignal | undefined,
): Promise<{
  readonly tensors: Readonly<Record<string, TensorSource>>;
  readonly notices: readonly string[];
}> {
  const { scores } = tensors;
  const count = scores === undefined ? 0 : await countNaN(scores, signal);
  if (scores === undefined || count === 0) return { tensors, notices: [] };
  const cells = count === 1 ? `One cell of ${name} is` : `${count} cells of ${name} are`;
  return {
    tensors: { ...tensors, scores: nanAsMasked(scores) },
    notices: [`${cells} NaN and read as masked (−∞).`],
  };
}

/** How many of a tensor's numbers are NaN. */
async function countNaN(source: TensorSource, signal: AbortSignal | undefined): Promise<number> {
  let count = 0;
  for (const region of parts(source.shape)) {
    signal?.throwIfAborted();
    const { data } = await source.read(region);
    for (const value of data) if (Number.isNaN(value)) count++;
  }
  return count;
}

/** Scores with −∞ in the place of NaN. */
function nanAsMasked(source: TensorSource): TensorSource {
  return {
    shape: source.shape,
    async read(region, into) {
      const part = await source.read(region, into);
      return { ...part, data: part.data.map((value) => (Number.isNaN(value) ? -Infinity : value)) };
    },
  };
}

/** A tensor in parts of at most `atOnce` numbers, or of one row. */
function* parts(shape: readonly number[], before: Region = []): Generator<Region> {
  const [extent, ...rest] = shape;
  if (extent === undefined) {
    yield before;
    return;
  }
  const each = sizeOf(rest);
  const step = rest.length === 0 ? atOnce : Math.floor(atOnce / Math.max(1, each));
  if (step === 0) {
    for (let at = 0; at < extent; at++) yield* parts(rest, [...before, { start: at, end: at + 1 }]);
    return;
  }
  for (let start = 0; start < extent; start += step) {
    yield [
      ...before,
      { start, end: Math.min(extent, start + step) },
      ...rest.map((end) => ({ start: 0, end })),
    ];
  }
}

/**
 * The steps with every product of the weights as a sum in which a weight of 0 takes nothing: values that are no numbers do not
 * get past a mask.
 */
export function withoutGaps(steps: readonly Value[]): readonly Value[] {
  const weights = stepWithRole(steps, 'weights');
  let results = steps;
  for (const [at, step] of steps.entries()) {
    const own = results[at] ?? step;
    const [left, right] = factors(own);
    if (weights === undefined || left?.origin !== weights.origin || right === undefined) continue;
    const summed: Value = { ...own, origin: weightedSum(left, right).origin };
    const take = rewrite(results, { of: own, by: summed, within: results });
    results = results.map((each) => (each === own ? summed : take(each)));
  }
  return results;
}

/** What a product is made of; nothing for what is none. */
function factors({ origin }: Value): readonly Value[] {
  return origin.kind === 'operation' && origin.operation.name === 'matmul' ? origin.inputs : [];
}
