import type { Value } from '../../engine/graph.js';
import { attendParameters, readAttendParameters, withValues } from '../../engine/mechanisms/index.js';
import type { AttendParameters } from '../../engine/mechanisms/index.js';
import type { Tensor } from '../../engine/tensor.js';
import type { Intervention, Parameter, ParameterValues } from '../../protocol.js';
import type { Runtime } from '../../runtime/session.js';
import type { Task } from '../core/task.js';
import { announced } from './announced.js';
import { bytesOf } from './capture.js';
import { withoutGradients } from './gradients.js';
import { wholeLayers } from './interventions.js';
import { layerStages, runStages } from './stages.js';

/** What controls over a model's attention have to know of it. */
interface Attending {
  readonly width: number;
  readonly heads: number;
  readonly attention: AttendParameters;
  /** Where positions are the model's own part of attention, there is nothing to choose. */
  readonly positions: 'embedded' | 'rotary' | 'bias';
}

/**
 * The controls over the attention of a model within one input, and what they say.
 * @param keys how many tokens there are
 * @throws ParameterError for a value outside of what a control takes
 */
export function readModelAttention(
  model: Attending,
  keys: number,
  parameters: ParameterValues,
): { readonly described: readonly Parameter[]; readonly attention: AttendParameters } {
  const offered = attendParameters({
    inputs: {},
    keys,
    pairs: model.positions !== 'rotary' && (model.width / model.heads) % 2 === 0,
    bias: model.positions !== 'bias',
    standard: model.attention,
  });
  const described = withValues(offered, withoutGradients(parameters));
  const values = Object.fromEntries(described.map(({ name, value }) => [name, value]));
  return { described, attention: readAttendParameters(values, {}) };
}

/** A model's graph, run at once or one layer after the other. */
export interface ModelRun {
  readonly graph: {
    readonly layers: readonly (readonly Value[])[];
    /** The embeddings, then each layer's output. */
    readonly hiddenStates: readonly Value[];
  };
  /** Steps of any layer, and what is computed from the last layer's output. */
  readonly targets: readonly Value[];
  readonly feeds: ReadonlyMap<Value, Tensor>;
  readonly tokens: number;
  readonly byLayer: boolean;
  readonly interventions: readonly Intervention[];
  /** Is given the numbers of all hidden states, which are else forgotten. */
  readonly states?: ((states: readonly Tensor<Float32Array>[]) => void) | undefined;
}

/** @returns the numbers of the targets, in their order @throws RunError, or the signal's reason */
export async function runModel(
  { graph, targets, feeds, tokens, byLayer, interventions, states }: ModelRun,
  runtime: Runtime,
  task: Task,
): Promise<readonly Tensor<Float32Array>[]> {
  const { layers, hiddenStates } = graph;
  if (!byLayer) {
    const wanted = states === undefined ? targets : [...targets, ...hiddenStates];
    const tensors = await runtime.run(wanted, feeds, task);
    task.signal?.throwIfAborted();
    states?.(tensors.slice(targets.length));
    return tensors.slice(0, targets.length);
  }
  const passed = states === undefined ? [] : await runtime.run(hiddenStates.slice(0, 1), feeds, task);
  const tensors = await runStages(
    layerStages(layers, hiddenStates, targets, wholeLayers(interventions)),
    feeds,
    runtime,
    announced(task, tokens, () => bytesOf(targets)),
    undefined,
    states === undefined ? undefined : (onward) => passed.push(onward),
  );
  task.signal?.throwIfAborted();
  states?.(passed);
  return tensors;
}
