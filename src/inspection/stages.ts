import type { Value } from '../engine/graph.js';
import type { Tensor } from '../engine/tensor.js';
import type { Runtime } from '../runtime/session.js';
import type { Task } from './inspection.js';
import { StreamedWeights } from './streamed.js';

/** A part of a model's graph that runs by itself. */
export interface Stage {
  /** What a reader is told while it runs: "Layer 3 of 12". */
  readonly title: string;
  readonly targets: readonly Value[];
  /** What the stages after it read: its numbers are given to them. */
  readonly onward?: Value | undefined;
}

/**
 * Runs a graph part by part: the weights of a part are held only while it runs.
 * @param feeds of the graph's inputs
 * @returns the numbers of all stages' targets, in their order
 * @throws RunError, or the signal's reason
 */
export async function runStages(
  stages: readonly Stage[],
  feeds: ReadonlyMap<Value, Tensor>,
  runtime: Runtime,
  task: Task,
): Promise<Tensor<Float32Array>[]> {
  const weights = new StreamedWeights();
  const results: Tensor<Float32Array>[] = [];
  let given = feeds;
  for (const [at, { title, targets, onward }] of stages.entries()) {
    task.progress?.(title, at / stages.length);
    const wanted = [...targets, ...(onward === undefined ? [] : [onward])];
    const read = await weights.feeds(wanted, given, task.signal);
    const tensors = await runtime.run(wanted, new Map([...given, ...read]), task);
    task.signal?.throwIfAborted();
    weights.release();
    results.push(...tensors.slice(0, targets.length));
    const last = tensors.at(-1);
    if (onward !== undefined && last !== undefined) given = new Map([...feeds, [onward, last]]);
  }
  return results;
}

/**
 * One layer after the other, then what follows the last one.
 * @param hiddenStates the embeddings, then each layer's output
 * @param wanted steps of any layer, and what is computed from the last layer's output
 */
export function layerStages(
  layers: readonly (readonly Value[])[],
  hiddenStates: readonly Value[],
  wanted: readonly Value[],
): Stage[] {
  const within = new Map(layers.flatMap((steps, layer) => steps.map((step) => [step, layer] as const)));
  const after = wanted.filter((value) => !within.has(value));
  return [
    ...layers.map((_, layer) => ({
      title: `Layer ${layer + 1} of ${layers.length}`,
      targets: wanted.filter((value) => within.get(value) === layer),
      onward: hiddenStates[layer + 1],
    })),
    ...(after.length === 0 ? [] : [{ title: 'After the last layer', targets: after }]),
  ];
}
