import { roleOf, sorted, type Role, type Value } from '../../engine/graph.js';
import { unset } from '../../engine/rewrite.js';
import { inMemory, sizeOf, wholeOf, type Tensor, type TensorSource } from '../../engine/tensor.js';
import type { Runtime } from '../../runtime/session.js';
import type { Task } from '../core/task.js';
import type { Layer } from '../core/subject.js';

/** What a run keeps of each layer: everything else is computed from it when it is looked at. */
const captured: ReadonlySet<Role | undefined> = new Set<Role>([
  'input',
  'query',
  'key',
  'value',
  'query-projection',
  'key-projection',
]);

/** The most that is kept of one inspection; beyond, projections are computed again with every view. */
const mostBytes = 1 << 30;

/**
 * The steps of a layer that are worth keeping: computed, not only moved, and what the rest is made of; of those that an
 * intervention sets, what they were before.
 */
export function capturable(steps: readonly Value[]): Value[] {
  return steps
    .filter((value) => captured.has(roleOf(value)))
    .map(unset)
    .filter(isComputed);
}

/** Whether there is more behind a value than a leaf whose cells were moved. */
function isComputed({ origin }: Value): boolean {
  if (origin.kind !== 'operation') return false;
  return origin.operation.moves !== true || origin.inputs.some(isComputed);
}

/** How many bytes values take as float32. */
export function bytesOf(values: readonly Value[]): number {
  return values.reduce((sum, { shape }) => sum + Float32Array.BYTES_PER_ELEMENT * sizeOf(shape), 0);
}

/** Keeps a layer's projections, computed from its sources. */
export async function capture(layer: Layer, runtime: Runtime, task: Task): Promise<Layer> {
  const targets = capturable(layer.steps);
  if (targets.length === 0 || bytesOf(targets) > mostBytes) return layer;
  const feeds = new Map<Value, Tensor>();
  for (const leaf of sorted(targets, (value) => layer.kept.has(value))) {
    const source = layer.kept.get(leaf);
    if (source !== undefined) feeds.set(leaf, await source.read(wholeOf(source.shape)));
  }
  const tensors = await runtime.run(targets, feeds, task);
  return { steps: layer.steps, kept: new Map([...layer.kept, ...keep(targets, tensors)]) };
}

/** Values beside the numbers that a run gave for them. */
export function keep(
  targets: readonly Value[],
  tensors: readonly (Tensor | undefined)[],
): Map<Value, TensorSource> {
  return new Map(
    targets.flatMap((value, at) => {
      const tensor = tensors[at];
      return tensor === undefined ? [] : [[value, inMemory(tensor)] as const];
    }),
  );
}

/** An entry of a map, where there is something to put there. */
export function pair<Key, Found>(key: Key, found: Found | undefined): [Key, Found][] {
  return found === undefined ? [] : [[key, found]];
}
