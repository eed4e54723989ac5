import type { Value } from '../engine/graph.js';
import { restrict, type Target } from '../engine/restrict.js';
import {
  cut,
  inMemory,
  sizeOf,
  wholeOf,
  type Region,
  type Tensor,
  type TensorSource,
} from '../engine/tensor.js';
import type { ModelGraph } from '../models/index.js';
import type { Runtime } from '../runtime/session.js';
import type { Task } from './inspection.js';
import { leafNumbers } from './leaf.js';
import { Rows } from './rows.js';

/** How many tokens go through all layers at a time: their scores against all keys before them are what takes memory. */
const chunk = 128;

/** What is kept of each layer. */
const names: readonly string[] = ['X', 'Xq', 'Q', 'K', 'V'];

/** What a run needs of a graph. */
export interface CausalGraph extends Pick<ModelGraph, 'feeds' | 'layers' | 'hiddenStates' | 'logits'> {
  /** What does not grow with the text and is known already: what a source gives to attend to. */
  readonly fixed?: ReadonlyMap<Value, Tensor>;
}

/** What a causal model is asked with. */
export interface CausalModel {
  /** The graph of so many tokens. */
  build(tokens: number): CausalGraph;
  /** Whether nothing of a shorter text can be kept. */
  readonly growing: boolean;
}

/**
 * A text on its way through a model that never looks ahead: what was run is kept (X, Q, K and V of each layer, and the last
 * hidden states), so that the text can grow at its end. Only new tokens are computed, by the same graph restricted to their
 * rows, with the keys and values of those before them given: the key–value cache of generation, which also lets a long text
 * pass in parts.
 */
export class CausalRun {
  private readonly rows = new Map<string, Rows>();
  private read: number[] = [];

  constructor(
    private readonly model: CausalModel,
    private readonly runtime: Runtime,
    private readonly part = chunk,
  ) {}

  /** The tokens that were run. */
  get ids(): readonly number[] {
    return this.read;
  }

  /**
   * Runs further tokens. Where it is aborted, everything is as before.
   * @throws ModelError beyond the limit, RunError, or the signal's reason
   */
  async append(ids: readonly number[], task: Task = {}): Promise<void> {
    const before = this.read.length;
    const all = [...this.read, ...ids];
    try {
      if (this.model.growing) {
        this.truncate(0);
        await this.advance(all, task);
      }
      while (this.read.length < all.length) {
        task.progress?.(`${this.read.length} of ${all.length} tokens`, this.read.length / all.length);
        await this.advance(all.slice(0, Math.min(all.length, this.read.length + this.part)), task);
      }
    } catch (error) {
      await this.back(before, all);
      throw error;
    }
  }

  /** How many bytes will be kept of so many tokens. */
  bytesFor(tokens: number): number {
    const graph = this.model.build(tokens);
    const kept = graph.layers.flatMap((steps) => [...cachedOf(steps, graph).values()]);
    return kept.reduce((sum, { shape }) => sum + Float32Array.BYTES_PER_ELEMENT * sizeOf(shape), 0);
  }

  /** For each layer of a graph of the first, or all, tokens that were run: where the numbers of what is kept are. */
  kept(graph: CausalGraph): ReadonlyMap<Value, TensorSource>[] {
    const fixed = [...(graph.fixed ?? [])].map(([value, tensor]) => [value, inMemory(tensor)] as const);
    return graph.layers.map(
      (steps, layer) =>
        new Map([
          ...fixed,
          ...[...cachedOf(steps, graph)].flatMap(([name, value]) => {
            const rows = this.rows.get(keyOf(layer, name));
            return rows === undefined ? [] : [[value, rows.source(value.shape[0] ?? 0)] as const];
          }),
        ]),
    );
  }

  /** What the model says after one of the tokens. // (vocabulary) @throws RangeError where there is no such token */
  async logits(row: number, task: Task = {}): Promise<Float32Array> {
    const rows = this.rows.get(last);
    const graph = this.model.build(this.read.length);
    const hidden = graph.hiddenStates.at(-1);
    if (graph.logits === undefined || hidden === undefined || rows === undefined || row >= this.read.length) {
      throw new RangeError(`There is nothing that comes after token ${row}.`);
    }
    const region = [{ start: row, end: row + 1 }, ...wholeOf(graph.logits.shape).slice(1)];
    const part = restrict([{ value: graph.logits, region }], (value) => value === hidden);
    const feeds = new Map(part.feeds.map(({ leaf }) => [leaf, rows.view(row, row + 1)]));
    const [result] = await this.runtime.run(part.targets, feeds, task);
    return result?.data ?? new Float32Array();
  }

  /** Goes back to the first `count` tokens. @param ids those that were run, where they are not what is held now */
  async back(count: number, ids: readonly number[] = this.read): Promise<void> {
    const kept = ids.slice(0, count);
    this.truncate(this.model.growing ? 0 : count);
    if (this.model.growing && count > 0) await this.advance(kept, {});
  }

  private truncate(count: number): void {
    this.read = this.read.slice(0, count);
    for (const rows of this.rows.values()) rows.truncate(count);
  }

  /** Runs the tokens of `ids` that were not run yet. */
  private async advance(ids: readonly number[], task: Task): Promise<void> {
    const past = this.read.length;
    const graph = this.model.build(ids.length);
    const cached = new Map<Value, string>();
    const known = new Map<Value, string>();
    graph.layers.forEach((steps, layer) => {
      for (const [name, value] of cachedOf(steps, graph)) {
        cached.set(value, keyOf(layer, name));
        if (name === 'K' || name === 'V') known.set(value, keyOf(layer, name));
      }
    });
    const hidden = graph.hiddenStates.at(-1);
    if (hidden !== undefined) cached.set(hidden, last);

    const fresh = (value: Value): Region => [
      { start: past, end: ids.length },
      ...wholeOf(value.shape).slice(1),
    ];
    const targets = [...cached.keys()].map((value): Target => ({ value, region: fresh(value) }));
    const given = new Map([...graph.feeds(ids), ...(graph.fixed ?? [])]);
    const part = restrict(
      targets,
      (value) => graph.fixed?.has(value) === true,
      (value) => (known.has(value) ? past : undefined),
    );
    const feeds = new Map<Value, Tensor>();
    for (const { leaf, original, region } of part.feeds) {
      const name = known.get(original);
      feeds.set(
        leaf,
        name === undefined
          ? await numbersOf(original, region, given)
          : (this.rows.get(name)?.view(0, past) ?? {
              shape: [0, original.shape[1] ?? 0],
              data: new Float32Array(),
            }),
      );
    }
    const results = await this.runtime.run(part.targets, feeds, task);
    task.signal?.throwIfAborted();
    targets.forEach(({ value }, at) => {
      const [key, tensor] = [cached.get(value), results[at]];
      if (key === undefined || tensor === undefined) return;
      const width = value.shape[1] ?? 0;
      const rows = this.rows.get(key) ?? new Rows(width, ids.length);
      this.rows.set(key, rows);
      rows.append(tensor.data);
    });
    this.read = [...ids];
  }
}

/** The key of the last hidden states. */
const last = 'last';

function keyOf(layer: number, name: string): string {
  return `${layer} ${name}`;
}

/** Of a layer's steps, the matrices that are kept, one row a token: Q, K and V before they are cut into heads. */
function cachedOf(steps: readonly Value[], { fixed }: CausalGraph): Map<string, Value> {
  return new Map(
    steps.flatMap((value) => {
      const [name, computed] = [value.label?.name ?? '', unmoved(value)];
      return names.includes(name) && fixed?.has(computed) !== true ? [[name, computed] as const] : [];
    }),
  );
}

/** What a value's cells were computed as, before they were only moved. */
export function unmoved(value: Value): Value {
  const { origin } = value;
  if (origin.kind !== 'operation' || origin.operation.moves !== true) return value;
  const [from] = origin.inputs;
  return from === undefined ? value : unmoved(from);
}

/** The numbers of a part of one of a graph's leaves. @param given those of its inputs */
async function numbersOf(value: Value, region: Region, given: ReadonlyMap<Value, Tensor>): Promise<Tensor> {
  const tensor = given.get(value);
  const numbers = tensor === undefined ? await leafNumbers(value, region) : cut(tensor, region);
  if (numbers === undefined) throw new Error(`${value.label?.name ?? 'An input'} was not given.`);
  return numbers;
}
