import { roleOf, stepWithRole, type Value } from '../../engine/graph.js';
import type { AttendParameters } from '../../engine/mechanisms/index.js';
import { unset } from '../../engine/rewrite.js';
import { inMemory, type Tensor, type TensorSource } from '../../engine/tensor.js';
import {
  ModelError,
  type DecoderAttention,
  type DecoderDescription,
  type DecoderGraph,
  type Model,
  type ModelGraph,
} from '../../models/index.js';
import type { Intervention } from '../../protocol.js';
import type { Runtime } from '../../runtime/session.js';
import { capturable, keep, pair } from './capture.js';
import { isAttendedTo, keyOf, unmoved, type CausalGraph } from './advance.js';
import { CausalRun } from './causal-run.js';
import { checkInterventions, InterventionError } from './check-interventions.js';
import { growing, intervene, wholeLayers } from './interventions.js';
import { WeightBudget } from './weight-budget.js';
import type { Task } from '../core/task.js';
import { layerStages, runStages } from './stages.js';
import type { Layer } from '../core/subject.js';

/** The three attentions of an encoder–decoder model: among source tokens, among target tokens, of target tokens to the source. */
export type Stack = 'encoder' | 'decoder' | 'cross';

export interface SequenceAttention extends DecoderAttention {
  readonly encoder: AttendParameters;
}

/** What an encoder–decoder model reads: the tokens of a text, or an image. */
export interface SequenceInput {
  /** m */
  readonly count: number;
  /** @throws ModelError where the model cannot read it */
  build(attention: AttendParameters): EncoderGraph;
}

/** The half that reads, for one input. */
export interface EncoderGraph extends Pick<ModelGraph, 'hiddenStates' | 'layers'> {
  /** What the decoder attends to. // (m, model) */
  readonly memory: Value;
  /** Steps that lead to what the first layer reads: they are shown before its own, and nothing is set in them. */
  readonly before?: readonly Value[];
  /** The numbers of every input of the graph. */
  readonly feeds: ReadonlyMap<Value, Tensor>;
}

/** What a run needs of a model whose input is known. */
export interface SequenceModel {
  readonly name: string;
  /** Of the encoder. */
  readonly heads: number;
  readonly decoder: DecoderDescription | undefined;
  buildDecoder(tokens: number, memory: Value, attention: DecoderAttention): DecoderGraph;
}

/** The tokens of a text. */
export function tokenInput(model: Model, ids: readonly number[]): SequenceInput {
  return {
    count: ids.length,
    build(attention) {
      const { layers, hiddenStates, feeds } = model.build(ids.length, attention);
      const memory = hiddenStates.at(-1);
      if (memory === undefined) throw new ModelError(`${model.name} has no layers to read with.`);
      return { layers, hiddenStates, memory, feeds: feeds(ids) };
    },
  };
}

/**
 * A source that was read, and the target that is being written for it. The source is run once: what it gives to each layer
 * of the decoder is kept, and what was written is kept as in a causal model.
 */
export class SequenceRun {
  private constructor(
    private readonly encoder: Pick<EncoderGraph, 'before' | 'layers'>,
    private readonly decoderOf: (tokens: number) => SetDecoder,
    private readonly sources: ReadonlyMap<Value, TensorSource>,
    /** By layer and name: what the decoder attends to of the source. */
    private readonly read: ReadonlyMap<string, Tensor>,
    readonly runtime: Runtime,
    /** Whether weights are held from one token to the next. */
    readonly budget: WeightBudget,
  ) {
    this.target = this.decoder();
  }

  /** What the decoder has read; all but its first token were written. */
  readonly target: CausalRun;

  /**
   * Reads a source.
   * @throws ModelError beyond the limit, RunError, or the signal's reason
   */
  static async open(
    model: SequenceModel,
    input: SequenceInput,
    attention: SequenceAttention,
    runtime: Runtime,
    task: Task,
    interventions: readonly Intervention[] = [],
  ): Promise<SequenceRun> {
    const own = input.build(attention.encoder);
    const inEncoder = interventions.filter((each) => each.attention === 'encoder');
    const { graph: encoder, feeds: setInEncoder } = intervene(
      { layers: own.layers, hiddenStates: own.hiddenStates, also: [own.memory] },
      inEncoder,
      model.heads,
      () => growing.both,
    );
    const [memory = own.memory] = encoder.also;
    const decoderOf = decoders(model, memory, attention, interventions);
    const decoder = decoderOf(1);
    const cross = decoder.layers.slice(decoder.layers.length / 2);
    const given = new Map([['memory', memory], ...cross.flatMap((steps, layer) => fromSource(steps, layer))]);
    const setBefore = setInEncoder(input.count);
    const feeds = new Map([...own.feeds, ...setBefore, ...decoder.set]);
    const captured = encoder.layers.flatMap(capturable);
    const wanted = [...captured, ...given.values()];
    const budget = new WeightBudget(decoder, runtime.limits);
    const tensors = budget.byLayer(input.count)
      ? await runStages(
          layerStages(encoder.layers, encoder.hiddenStates, wanted, wholeLayers(inEncoder)),
          feeds,
          runtime,
          task,
        )
      : await runtime.run(wanted, feeds, task);
    task.signal?.throwIfAborted();
    const read = new Map([...given.keys()].flatMap((key, at) => pair(key, tensors[captured.length + at])));
    const set = [...own.feeds, ...setBefore].map(([value, tensor]) => [value, inMemory(tensor)] as const);
    const sources = new Map([...keep(captured, tensors), ...set]);
    const { before = [] } = own;
    return new SequenceRun({ ...encoder, before }, decoderOf, sources, read, runtime, budget);
  }

  private decoder(): CausalRun {
    const build = (tokens: number): CausalGraph => this.graph(tokens);
    const byLayer = (count: number): boolean => this.budget.byLayer(count);
    return new CausalRun({ build, growing: false, byLayer }, this.runtime);
  }

  /** How many tokens were written. */
  get written(): number {
    return Math.max(0, this.target.ids.length - 1);
  }

  /**
   * The layers of one of the attentions, as they were run.
   * @param closing whether the last token that was read has a row as well, behind which nothing was written yet
   */
  layers(stack: Stack, closing = false): readonly Layer[] {
    if (stack === 'encoder') {
      const { before = [], layers } = this.encoder;
      return layers.map((steps, layer) => ({
        steps: layer === 0 ? [...before, ...steps] : steps,
        kept: this.sources,
      }));
    }
    const tokens = closing ? this.target.ids.length : this.written;
    return this.layersOf(this.target, Math.max(1, tokens), stack);
  }

  /** The attention to the source, with another target that is read at once. @returns a row for each token */
  async beside(ids: readonly number[], task: Task): Promise<readonly Layer[]> {
    const run = this.decoder();
    await run.append(ids, task);
    return this.layersOf(run, ids.length, 'cross');
  }

  private layersOf(run: CausalRun, tokens: number, stack: 'cross' | 'decoder'): readonly Layer[] {
    const graph = this.graph(tokens);
    const kept = run.kept(graph);
    const half = graph.layers.length / 2;
    return graph.layers
      .map((steps, layer): Layer => ({ steps, kept: kept[layer] ?? new Map<Value, TensorSource>() }))
      .slice(...(stack === 'decoder' ? [0, half] : [half]));
  }

  /** The decoder of so many tokens: its own layers, then those that attend to the source, which is known. */
  private graph(tokens: number): CausalGraph {
    const decoder = this.decoderOf(tokens);
    const { length } = decoder.layers;
    const fixed = new Map(
      decoder.layers
        .slice(length / 2)
        .flatMap((steps, layer) => [
          ...fromSource(steps, layer).flatMap(([key, value]) => pair(value, this.read.get(key))),
          ...memoryOf(steps).flatMap((value) => pair(unset(value), this.read.get('memory'))),
        ]),
    );
    return { ...decoder, fixed };
  }
}

/**
 * Interventions that can be made in an encoder–decoder model, spelled out.
 * @param shown the attention that is meant where none is named
 * @throws InterventionError for the first that cannot be
 */
export function checkSequenceInterventions(
  interventions: readonly Intervention[],
  model: SequenceModel,
  attention: SequenceAttention,
  input: SequenceInput,
  shown: Stack,
): readonly Intervention[] {
  if (interventions.length === 0) return [];
  const { layers: encoder, memory } = input.build(attention.encoder);
  const { decoder } = model;
  if (decoder === undefined) return [];
  const { layers, cross } = model.buildDecoder(decoder.limit, memory, attention);
  return interventions.flatMap((each) => {
    const stack = each.attention ?? shown;
    switch (stack) {
      case 'encoder':
        return checkInterventions([each], { layers: encoder }, model.heads, { attention: stack });
      case 'decoder':
        return checkInterventions([each], { layers }, decoder.heads, {
          attention: stack,
          openRows: growing.both,
          openColumns: growing.both,
        });
      case 'cross':
        return checkInterventions([each], { layers: cross }, decoder.heads, {
          attention: stack,
          openRows: growing.queries,
        });
      default:
        throw new InterventionError(
          `${model.name} has no attention “${stack}” to set a step in; there are encoder, decoder and cross.`,
        );
    }
  });
}

/** The half that writes, with what is set in it: for so many tokens, its own layers, then those that attend to the source. */
interface SetDecoder extends CausalGraph {
  readonly set: ReadonlyMap<Value, Tensor>;
}

function decoders(
  model: SequenceModel,
  memory: Value,
  attention: SequenceAttention,
  interventions: readonly Intervention[],
): (tokens: number) => SetDecoder {
  const depth = model.decoder?.layers ?? 0;
  const heads = model.decoder?.heads ?? model.heads;
  const made = interventions
    .filter((each) => each.attention !== 'encoder')
    .map((each) => (each.attention === 'cross' ? { ...each, layer: depth + each.layer } : each));
  return (tokens) => {
    const own = model.buildDecoder(tokens, memory, attention);
    const layered = { ...own, layers: [...own.layers, ...own.cross] };
    const { graph, feeds } = intervene(layered, made, heads, (layer) =>
      layer < depth ? growing.both : growing.queries,
    );
    return {
      feeds: (ids) => new Map([...own.feeds(ids), ...feeds(ids.length)]),
      layers: graph.layers,
      hiddenStates: graph.hiddenStates,
      logits: graph.logits,
      set: feeds(tokens),
    };
  };
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
