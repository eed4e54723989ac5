import { stepWithRole, type Role, type Value } from '../../engine/graph.js';
import { inMemory, sizeOf, type Tensor, type TensorSource } from '../../engine/tensor.js';
import type { Runtime } from '../../runtime/session.js';
import { Advance, between, cachedOf, keptOf, keyOf, last, SteadyStep, type CausalGraph } from './advance.js';
import { bytesOf } from './capture.js';
import { WeightBudget, mostScores } from './weight-budget.js';
import type { Task } from '../core/task.js';
import { byOrigin, numbersOf } from './leaf.js';
import { Rows } from './rows.js';
import { StreamedWeights } from './streamed.js';
import { placeAmong } from '../../common/counting.js';

/** How many tokens go through all layers at a time: at least, and at most. More at once are faster: weights are read less often. */
const chunk = { least: 128, most: 512 } as const;
/** Tokens at once, times weights: after so many products somebody may say stop, or wants to know how far it is. */
const mostProducts = 2 ** 37;

interface Head {
  /** // (1, model) */
  readonly hidden: Value;
  /** // (1, vocabulary) */
  readonly logits: Value;
}

/** What a causal model is asked with. */
export interface CausalModel {
  /** The graph of so many tokens. */
  build(tokens: number): CausalGraph;
  /** Whether nothing of a shorter text can be kept. */
  readonly growing: boolean;
  /** Whether so many tokens go through one layer after the other, so that no more than a layer's weights are held. */
  byLayer?(tokens: number): boolean;
}

/** What a layer that runs by itself is given. */
interface Alone {
  /** The layer before it gave. */
  readonly read: Tensor;
  /** What goes on to the next layer. */
  readonly onward: Rows;
  readonly weights: StreamedWeights;
}

/**
 * A text on its way through a model that never looks ahead: what was run is kept (X, Q, K and V of each layer, and the last
 * hidden states), so that the text can grow at its end. Only new tokens are computed, by the same graph restricted to their
 * rows, with the keys and values of those before them given: the key–value cache of generation, which also lets a long text
 * pass in parts.
 */
export class CausalRun {
  private readonly rows = new Map<string, Rows>();
  /** Numbers of a step's leaves that stay the same. */
  private readonly constants = new Map<Value, Tensor>();
  private read: number[] = [];
  /** How many tokens there will be. */
  private awaited = 0;
  /** What is kept of each layer; it stays so while the text grows. */
  private roles: readonly Role[] = [];
  private step: SteadyStep | 'none' | undefined;
  private head: Head | null | undefined;

  constructor(
    private readonly model: CausalModel,
    private readonly runtime: Runtime,
    /** How many tokens go through all layers at a time; told from the model where left out. */
    private readonly part?: number,
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
    this.awaited = all.length;
    try {
      if (this.model.growing) this.truncate(0);
      if (this.read.length === 0) {
        this.rows.clear();
        this.step = undefined;
        this.roles = keptOf(all.length);
      }
      const byLayer = this.model.byLayer?.(all.length - this.read.length) === true;
      const part = this.partOf(all.length, byLayer);
      if (byLayer) await this.advanceByLayer(all, part, task);
      while (this.read.length < all.length) {
        task.progress?.(`${this.read.length} of ${all.length} tokens`, this.read.length / all.length);
        await this.advance(all.slice(0, Math.min(all.length, this.read.length + part)), task);
      }
    } catch (error) {
      await this.back(before, all);
      throw error;
    }
  }

  /** How many bytes will be kept of so many tokens. */
  bytesFor(tokens: number): number {
    const graph = this.model.build(tokens);
    return bytesOf(graph.layers.flatMap((steps) => [...cachedOf(steps, graph, keptOf(tokens)).values()]));
  }

  /** How many tokens go through the layers, or through each of them, at a time. */
  private partOf(tokens: number, byLayer: boolean): number {
    // Nothing that was computed for a shorter text holds.
    if (this.model.growing) return tokens;
    if (this.part !== undefined) return this.part;
    if (tokens - this.read.length <= chunk.least) return chunk.least;
    const graph = this.model.build(tokens);
    const [, first] = graph.hiddenStates;
    const isTiled = first !== undefined && this.runtime.isTiled([first]);
    const scores = stepWithRole(graph.layers[0] ?? [], 'scores')?.shape ?? [];
    const weights = new WeightBudget(graph, this.runtime.limits).bytes / Float32Array.BYTES_PER_ELEMENT;
    const atOnce = byLayer ? weights / (graph.hiddenStates.length - 1) : weights;
    const rows = Math.min(
      isTiled ? Infinity : mostScores / Math.max(1, sizeOf(scores) / tokens),
      mostProducts / Math.max(1, atOnce),
    );
    return Math.max(chunk.least, Math.min(chunk.most, Math.floor(rows)));
  }

  /** For each layer of a graph of the first, or all, tokens that were run: where the numbers of what is kept are. */
  kept(graph: CausalGraph): ReadonlyMap<Value, TensorSource>[] {
    const fixed = [...(graph.fixed ?? []), ...(graph.set ?? [])].map(
      ([value, tensor]) => [value, inMemory(tensor)] as const,
    );
    return graph.layers.map(
      (steps, layer) =>
        new Map([
          ...fixed,
          ...[...cachedOf(steps, graph, this.roles)].flatMap(([role, value]) => {
            const rows = this.rows.get(keyOf(layer, role));
            return rows === undefined ? [] : [[value, rows.source(value.shape[0] ?? 0)] as const];
          }),
        ]),
    );
  }

  /** What the model says after one of the tokens. // (vocabulary) @throws RangeError where there is no such token */
  async logits(row: number, task: Task = {}): Promise<Float32Array> {
    const rows = this.rows.get(last);
    this.head ??= headOf(this.model);
    const { head } = this;
    if (head === null || rows === undefined || row >= this.read.length) {
      throw new RangeError(`There is nothing that comes after token ${row}.`);
    }
    const feeds = new Map([[head.hidden, rows.view(row, row + 1)]]);
    const [result] = await this.runtime.run([head.logits], feeds, task);
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
    const { model } = this;
    if (past > 0 && ids.length === past + 1 && !model.growing) {
      this.step ??= SteadyStep.after(past, this.roles, (tokens) => model.build(tokens)) ?? 'none';
    }
    const step = this.step === 'none' || past === 0 || ids.length !== past + 1 ? undefined : this.step;
    const advance = step?.advance ?? new Advance(model.build(ids.length), ids.length, past, this.roles);
    await this.run(advance, ids, past, { step, task });
    this.read = [...ids];
  }

  /**
   * Runs the tokens of `ids` that were not run yet, all of them through one layer after the other: a layer's weights are held
   * only while it runs, and of the tables of embeddings only the rows that are looked up are read.
   */
  private async advanceByLayer(ids: readonly number[], part: number, task: Task): Promise<void> {
    const past = this.read.length;
    const ends = new Map<number, CausalGraph>();
    for (let end = past; end < ids.length;) {
      end = Math.min(ids.length, end + part);
      ends.set(end, this.model.build(end));
    }
    // A layer of an encoder–decoder model has two attentions, but one output.
    const [first] = ends.values();
    const layers = (first?.hiddenStates.length ?? 1) - 1;
    const width = first?.hiddenStates[0]?.shape[1] ?? 0;
    const weights = new StreamedWeights();
    let [hidden, onward] = [new Rows(width, ids.length - past), new Rows(width, ids.length - past)];
    for (let layer = 0; layer < layers; layer++) {
      onward.truncate(0);
      let start = past;
      for (const [end, graph] of ends) {
        const share = (start - past) / (ids.length - past);
        task.progress?.(`Layer ${placeAmong(layer, layers)}`, (layer + share) / layers);
        const advance = new Advance(graph, end, start, this.roles, layer);
        const read = hidden.view(start - past, end - past);
        await this.run(advance, ids.slice(0, end), start, { alone: { read, onward, weights }, task });
        start = end;
      }
      weights.release();
      [hidden, onward] = [onward, hidden];
    }
    this.read = [...ids];
  }

  /** Runs a part of the graph and keeps what it computes. */
  private async run(
    { graph, part, known, cached, isRead }: Advance,
    ids: readonly number[],
    past: number,
    {
      step,
      alone,
      task,
    }: { readonly step?: SteadyStep | undefined; readonly alone?: Alone; readonly task: Task },
  ): Promise<void> {
    const given = byOrigin([...graph.feeds(ids), ...(graph.fixed ?? [])]);
    const feeds = new Map<Value, Tensor>();
    for (const feed of part.feeds) {
      const { leaf, original, region } = feed;
      if (alone !== undefined && isRead(original)) {
        feeds.set(leaf, alone.read);
        continue;
      }
      const name = known.get(original);
      if (name !== undefined) {
        const none = { shape: [0, original.shape[1] ?? 0], data: new Float32Array() };
        feeds.set(leaf, this.rows.get(name)?.view(0, past) ?? none);
        continue;
      }
      // A part of a weight is read once for all steps.
      const constant = step?.isFixed(feed) === true && original.origin.kind === 'parameter';
      const numbers =
        this.constants.get(leaf) ?? (await numbersOf(original, step?.region(feed, past) ?? region, given));
      if (constant) this.constants.set(leaf, numbers);
      feeds.set(leaf, numbers);
    }
    const streamed = (await alone?.weights.feeds(part.targets, feeds, task.signal)) ?? [];
    for (const [value, numbers] of streamed) feeds.set(value, numbers);
    const fresh = ids.length - past;
    const written: Rows[] = [];
    const into = new Map<Value, Tensor<Float32Array>>();
    [...cached].forEach(([value, key], at) => {
      const target = part.targets[at];
      const rows = key === between ? alone?.onward : this.rowsOf(key, value);
      if (target === undefined || rows === undefined) return;
      written.push(rows);
      into.set(target, rows.room(fresh));
    });
    await this.runtime.run(part.targets, feeds, { ...task, stretched: step !== undefined, into });
    task.signal?.throwIfAborted();
    for (const rows of written) rows.grow(fresh);
  }

  private rowsOf(key: string, { shape }: Value): Rows {
    const rows = this.rows.get(key) ?? new Rows(shape[1] ?? 0, this.awaited);
    this.rows.set(key, rows);
    return rows;
  }
}

/** The graph from the last hidden state of a token to what the model says of the next; null where it says nothing. */
function headOf(model: CausalModel): Head | null {
  const { logits, hiddenStates } = model.build(1);
  const hidden = hiddenStates.at(-1);
  return logits === undefined || hidden === undefined ? null : { hidden, logits };
}
