import { sorted, type Value } from '../../engine/graph.js';
import { unset } from '../../engine/rewrite.js';
import { restrict } from '../../engine/restrict.js';
import { cut, regionWithin, sizeOf, wholeOf, type Tensor } from '../../engine/tensor.js';
import type { Runtime } from '../../runtime/session.js';
import { pair } from './capture.js';
import { mostScores } from './weight-budget.js';
import type { Task } from '../core/task.js';
import { byOrigin, numbersOf } from './leaf.js';
import { StreamedWeights } from './streamed.js';

/** A part of a model's graph that runs by itself. */
export interface Stage {
  /** What a reader is told while it runs: "Layer 3 of 12". */
  readonly title: string;
  readonly targets: readonly Value[];
  /** What the stages after it read: its numbers are given to them. */
  readonly onward?: Value | undefined;
  /** Set where all rows of what goes on are needed for each. */
  readonly whole?: boolean;
}

/**
 * Runs a graph part by part: the weights of a part are held only while it runs, and where its scores would be whole in memory,
 * what goes on to the next part is computed some rows at a time.
 * @param feeds of the graph's inputs
 * @param most numbers of scores that are whole in memory
 * @param passed is given what goes on from each stage
 * @returns the numbers of all stages' targets, in their order
 * @throws RunError, or the signal's reason
 */
export async function runStages(
  stages: readonly Stage[],
  feeds: ReadonlyMap<Value, Tensor>,
  runtime: Runtime,
  task: Task,
  most = mostScores,
  passed?: (onward: Tensor<Float32Array>) => void,
): Promise<Tensor<Float32Array>[]> {
  const weights = new StreamedWeights();
  const results: Tensor<Float32Array>[] = [];
  const run = async (
    targets: readonly Value[],
    given: ReadonlyMap<Value, Tensor>,
  ): Promise<Tensor<Float32Array>[]> => {
    const read = await weights.feeds(targets, given, task.signal);
    const tensors = await runtime.run(targets, new Map([...given, ...read]), task);
    task.signal?.throwIfAborted();
    return tensors;
  };
  let given = feeds;
  for (const [at, { title, targets, onward, whole: isWhole }] of stages.entries()) {
    task.progress?.(title, at / stages.length);
    const rows =
      onward === undefined || isWhole === true || runtime.isTiled([onward], new Set(byOrigin(given).keys()))
        ? Infinity
        : rowsAtOnce(onward, given, most);
    const whole = onward !== undefined && rows >= (onward.shape[0] ?? 0);
    const tensors = await run(whole ? [...targets, onward] : targets, given);
    results.push(...tensors.slice(0, targets.length));
    if (onward !== undefined) {
      const known = new Map([...given, ...targets.flatMap((value, place) => pair(value, tensors[place]))]);
      const next = tensors[targets.length] ?? (await inParts(onward, rows, known, run));
      passed?.(next);
      given = new Map([...feeds, [onward, next]]);
    }
    weights.release();
  }
  return results;
}

/** How many rows of a value can be computed at a time. */
function rowsAtOnce(value: Value, given: ReadonlyMap<Value, Tensor>, most: number): number {
  const known = byOrigin(given);
  const perHead = sorted([value], ({ origin }) => known.has(origin)).filter(
    ({ shape }) => shape.length === 3,
  );
  const scores = perHead.reduce((size, { shape }) => Math.max(size, sizeOf(shape)), 1);
  return Math.max(1, Math.floor((most * (value.shape[0] ?? 1)) / scores));
}

/** @param rows at a time */
async function inParts(
  value: Value,
  rows: number,
  given: ReadonlyMap<Value, Tensor>,
  run: (targets: readonly Value[], given: ReadonlyMap<Value, Tensor>) => Promise<Tensor<Float32Array>[]>,
): Promise<Tensor<Float32Array>> {
  const known = byOrigin(given);
  const { shape } = value;
  const [count = 0, width = 0] = shape;
  const data = new Float32Array(count * width);
  for (let start = 0; start < count; start += rows) {
    const wanted = [{ start, end: Math.min(count, start + rows) }, ...wholeOf([width])];
    const part = restrict([{ value, region: wanted }], ({ origin }) => known.has(origin));
    const feeds = new Map<Value, Tensor>();
    for (const { leaf, original, region } of part.feeds) {
      feeds.set(leaf, await numbersOf(original, region, known));
    }
    const [tensor] = await run(part.targets, feeds);
    const [region] = part.regions;
    if (tensor === undefined || region === undefined) continue;
    data.set(cut(tensor, regionWithin(wanted, region)).data, start * width);
  }
  return { shape, data };
}

/**
 * One layer after the other, then what follows the last one.
 * @param hiddenStates the embeddings, then each layer's output
 * @param wanted steps of any layer, and what is computed from the last layer's output
 * @param whole layers of which all rows run at once
 */
export function layerStages(
  layers: readonly (readonly Value[])[],
  hiddenStates: readonly Value[],
  wanted: readonly Value[],
  whole: ReadonlySet<number> = new Set(),
): Stage[] {
  const within = new Map(
    layers.flatMap((steps, layer) => steps.map((step) => [unset(step), layer] as const)),
  );
  const after = wanted.filter((value) => !within.has(value));
  return [
    ...layers.map((_, layer) => ({
      title: `Layer ${layer + 1} of ${layers.length}`,
      targets: wanted.filter((value) => within.get(value) === layer),
      onward: hiddenStates[layer + 1],
      whole: whole.has(layer),
    })),
    ...(after.length === 0 ? [] : [{ title: 'After the last layer', targets: after }]),
  ];
}
