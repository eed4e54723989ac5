import { roleOf, stepWithRole, type Value } from '../../engine/graph.js';
import type { AttendParameters } from '../../engine/mechanisms/index.js';
import type { Tensor, TensorSource } from '../../engine/tensor.js';
import { ModelError, type DecoderAttention, type Model, type ModelGraph } from '../../models/index.js';
import type { Runtime } from '../../runtime/session.js';
import { capturable, keep, pair } from './capture.js';
import { isAttendedTo, keyOf, unmoved, type CausalGraph } from './advance.js';
import { CausalRun } from './causal-run.js';
import { WeightBudget } from './weight-budget.js';
import type { Task } from '../core/task.js';
import { layerStages, runStages } from './stages.js';
import type { Layer } from '../core/subject.js';

/** The three attentions of an encoder–decoder model: among source tokens, among target tokens, of target tokens to the source. */
export type Stack = 'encoder' | 'decoder' | 'cross';

export interface SequenceAttention extends DecoderAttention {
  readonly encoder: AttendParameters;
}

/**
 * A source that was read, and the target that is being written for it. The source is run once: what it gives to each layer
 * of the decoder is kept, and what was written is kept as in a causal model.
 */
export class SequenceRun {
  private constructor(
    private readonly model: Model,
    private readonly attention: SequenceAttention,
    private readonly encoder: ModelGraph,
    private readonly memory: Value,
    private readonly sources: ReadonlyMap<Value, TensorSource>,
    /** By layer and name: what the decoder attends to of the source. */
    private readonly read: ReadonlyMap<string, Tensor>,
    runtime: Runtime,
    /** Whether weights are held from one token to the next. */
    readonly budget: WeightBudget,
  ) {
    const build = (tokens: number): CausalGraph => this.graph(tokens);
    const byLayer = (count: number): boolean => budget.byLayer(count);
    this.target = new CausalRun({ build, growing: false, byLayer }, runtime);
  }

  /** What the decoder has read; all but its first token were written. */
  readonly target: CausalRun;

  /**
   * Reads a source.
   * @param ids m
   * @throws ModelError beyond the limit, RunError, or the signal's reason
   */
  static async open(
    model: Model,
    ids: readonly number[],
    attention: SequenceAttention,
    runtime: Runtime,
    task: Task,
  ): Promise<SequenceRun> {
    const encoder = model.build(ids.length, attention.encoder);
    const memory = encoder.hiddenStates.at(-1);
    if (memory === undefined) throw new ModelError(`${model.name} has no layers to read with.`);
    const decoder = model.buildDecoder(1, memory, attention);
    const given = new Map([
      ['memory', memory],
      ...decoder.cross.flatMap((steps, layer) => fromSource(steps, layer)),
    ]);
    const captured = encoder.layers.flatMap(capturable);
    const wanted = [...captured, ...given.values()];
    const budget = new WeightBudget(decoder, runtime.limits);
    const tensors = budget.byLayer(ids.length)
      ? await runStages(
          layerStages(encoder.layers, encoder.hiddenStates, wanted),
          encoder.feeds(ids),
          runtime,
          task,
        )
      : await runtime.run(wanted, encoder.feeds(ids), task);
    task.signal?.throwIfAborted();
    const read = new Map([...given.keys()].flatMap((key, at) => pair(key, tensors[captured.length + at])));
    const sources = keep(captured, tensors);
    return new SequenceRun(model, attention, encoder, memory, sources, read, runtime, budget);
  }

  /** How many tokens were written. */
  get written(): number {
    return Math.max(0, this.target.ids.length - 1);
  }

  /** The layers of one of the attentions, as they were run. */
  layers(stack: Stack): readonly Layer[] {
    if (stack === 'encoder') {
      return this.encoder.layers.map((steps) => ({ steps, kept: this.sources }));
    }
    const graph = this.graph(Math.max(1, this.written));
    const kept = this.target.kept(graph);
    const half = graph.layers.length / 2;
    return graph.layers
      .map((steps, layer): Layer => ({ steps, kept: kept[layer] ?? new Map<Value, TensorSource>() }))
      .slice(...(stack === 'decoder' ? [0, half] : [half]));
  }

  /** The decoder of so many tokens: its own layers, then those that attend to the source. */
  private graph(tokens: number): CausalGraph {
    const { feeds, layers, cross, hiddenStates, logits } = this.model.buildDecoder(
      tokens,
      this.memory,
      this.attention,
    );
    const fixed = new Map(
      cross.flatMap((steps, layer) => [
        ...fromSource(steps, layer).flatMap(([key, value]) => pair(value, this.read.get(key))),
        ...memoryOf(steps).flatMap((value) => pair(value, this.read.get('memory'))),
      ]),
    );
    return { feeds, layers: [...layers, ...cross], hiddenStates, logits, fixed };
  }
}

/** What a layer that attends to the source has of it. */
function fromSource(steps: readonly Value[], layer: number): [key: string, value: Value][] {
  return steps.flatMap((value): [string, Value][] => {
    const role = roleOf(value);
    return isAttendedTo(role) ? [[keyOf(layer, role), unmoved(value)]] : [];
  });
}

/** What a layer's keys and values are made from, where its queries come from elsewhere. */
function memoryOf(steps: readonly Value[]): readonly Value[] {
  const memory = stepWithRole(steps, 'key-input');
  return memory === undefined ? [] : [memory];
}
