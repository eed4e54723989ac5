import { gradient } from '../../engine/gradient.js';
import { input, label, stepWithRole, type Value } from '../../engine/graph.js';
import { gradientSteps, withValues } from '../../engine/mechanisms/index.js';
import { sizeOf, type Tensor } from '../../engine/tensor.js';
import type { Parameter, ParameterValues } from '../../protocol.js';
import type { Runtime } from '../../runtime/session.js';
import type { Task } from '../core/task.js';
import { withGradients } from './gradients.js';
import { StreamedWeights } from './streamed.js';

type Numbers = Tensor<Float32Array>;

/** Numbers of a layer's weights, and so of their gradient, which are whole in memory while it is differentiated. */
const mostWeights = 2 ** 26;

/** A model that sorts what it reads, and the numbers of a run. */
export interface SortingRun {
  readonly graph: {
    readonly layers: readonly (readonly Value[])[];
    readonly hiddenStates: readonly Value[];
    /** // (1, label) */
    readonly logits: Value;
  };
  /** Of all hidden states. */
  readonly states: readonly Numbers[];
  /** Of the graph's inputs. */
  readonly feeds: ReadonlyMap<Value, Tensor>;
  /** Which class. */
  readonly index: number;
}

/** A sentence about a gradient that would take too much. */
export class ClassGradientError extends Error {
  override readonly name = 'ClassGradientError';
}

/** Whether the gradient of a class's logit is asked for. */
export function asksForClass(values: ParameterValues): boolean {
  return values['gradient'] === 'class';
}

/**
 * How a class's logit changes with what the attention of each layer gives: the graph's own derivatives, from the last layer to the
 * first, each once; between layers, the gradient of what one hands to the next is all that is kept.
 * @returns for each layer, of its attention's output // (n, model)
 * @throws ClassGradientError where a layer's weights are too many, RunError, or the signal's reason
 */
export async function classGradients(
  { graph, states, feeds, index }: SortingRun,
  runtime: Runtime,
  task: Task,
): Promise<readonly Numbers[]> {
  const { layers, hiddenStates, logits } = graph;
  const weights = new StreamedWeights();
  const run = async (targets: readonly Value[], given: ReadonlyMap<Value, Tensor>): Promise<Numbers[]> => {
    const known = new Map([...feeds, ...given]);
    const read = await weights.feeds(targets, known, task.signal);
    const tensors = await runtime.run(targets, new Map([...known, ...read]), task);
    weights.release();
    task.signal?.throwIfAborted();
    return tensors;
  };
  /** The gradients of what `result` is made from, where its own is given. */
  const back = async (
    result: Value,
    own: Numbers,
    to: readonly Value[],
    from: number,
  ): Promise<Numbers[]> => {
    const upstream = leafOf(result, 'upstream');
    const state = hiddenStates[from];
    const numbers = states[from];
    if (state === undefined || numbers === undefined) throw new Error('A hidden state was not kept.');
    const found = gradient(result, upstream, to);
    return run(
      found,
      new Map([
        [upstream, own],
        [state, numbers],
      ]),
    );
  };
  const last = hiddenStates.at(-1);
  if (last === undefined) throw new Error('There is no layer.');
  const chosen = { shape: logits.shape, data: new Float32Array(sizeOf(logits.shape)) };
  chosen.data[index] = 1;
  let [own] = await back(logits, chosen, [last], layers.length);
  const results: Numbers[] = [];
  for (let layer = layers.length - 1; layer >= 0; layer--) {
    task.progress?.(`Backward, layer ${layer + 1} of ${layers.length}`, 1 - (layer + 1) / layers.length);
    const steps = layers[layer] ?? [];
    const [output, matrix] = [stepWithRole(steps, 'output'), stepWithRole(steps, 'weights')];
    const [before, after] = [hiddenStates[layer], hiddenStates[layer + 1]];
    if (output === undefined || before === undefined || after === undefined || own === undefined) {
      throw new Error(`Layer ${layer + 1} has no output to differentiate.`);
    }
    if (matrix !== undefined && sizeOf(matrix.shape) > mostWeights) {
      throw new ClassGradientError(
        `A layer has ${sizeOf(matrix.shape)} weights; the gradient of a class is worked out for at most ${mostWeights}. Choose a smaller image.`,
      );
    }
    const [ofOutput, ofState] = await back(after, own, [output, before], layer);
    if (ofOutput === undefined) throw new Error(`Layer ${layer + 1} gave no gradient.`);
    results.unshift(ofOutput);
    own = ofState;
  }
  return results;
}

/** Parameter values without that for a class. */
export function withoutClass(values: ParameterValues): ParameterValues {
  return Object.fromEntries(Object.entries(values).filter(([name]) => name !== 'class'));
}

/** What a model's classes add to the controls for gradients. */
export interface ClassTarget {
  readonly labels: readonly string[];
  /** // (1, label) */
  readonly logits: Numbers;
  /** Of each layer's output, where they were asked for. */
  readonly gradients: readonly Numbers[] | undefined;
}

/** The class that is meant: the likeliest where none is named. @throws ParameterError for one that there is not */
export function classMeant(values: ParameterValues, logits: Numbers): number {
  const [{ value } = { value: 0 }] = withValues([classParameter(logits)], own(values));
  return Number(value);
}

/** As `withGradients`, where a class's logit is a further target: its steps, and the numbers of their leaf. */
export function withClassGradients(
  steps: readonly Value[],
  values: ParameterValues,
  { labels, logits, gradients }: ClassTarget,
  layer: number,
): {
  readonly steps: readonly Value[];
  readonly parameters: readonly Parameter[];
  readonly given: ReadonlyMap<Value, Numbers>;
} {
  const asked = asksForClass(values);
  const { gradient: _gradient, ...rest } = values;
  const general = withGradients(steps, asked ? rest : values);
  const [choice, ...others] = general.parameters;
  const parameters: readonly Parameter[] =
    choice?.kind !== 'choice'
      ? general.parameters
      : [
          {
            ...choice,
            ...(asked ? { value: 'class' } : {}),
            choices: [...choice.choices, { value: 'class', title: 'Class logit' }],
            note: `${choice.note} That of a class goes back through all layers once, which takes about twice as long as the model itself.`,
          },
          ...others,
          ...withValues([classParameter(logits)], own(values)),
        ];
  const numbers = gradients?.[layer];
  const output = stepWithRole(steps, 'output');
  if (numbers === undefined || output === undefined) return { ...general, parameters, given: new Map() };
  const index = classMeant(values, logits);
  const upstream = leafOf(output, 'class_gradient');
  const note = `Target: the logit of the class ${labels[index] ?? index}; this is its gradient through all layers that follow.`;
  const added = gradientSteps(steps, { kind: 'given', upstream, note });
  // The first of them is the leaf under the name of a step.
  const leaves = [upstream, ...added.filter(({ origin }) => origin === upstream.origin)];
  return {
    steps: [...steps, ...added],
    parameters,
    given: new Map(leaves.map((leaf) => [leaf, numbers] as const)),
  };
}

function own(values: ParameterValues): ParameterValues {
  return 'class' in values ? { class: values['class'] ?? 0 } : {};
}

function classParameter({ data }: Numbers): Parameter {
  const likeliest = data.indexOf(data.reduce((most, logit) => Math.max(most, logit), -Infinity));
  return {
    kind: 'number',
    name: 'class',
    title: 'Class',
    note: 'The number of the class whose logit is differentiated; the likeliest where none is chosen.',
    when: { parameter: 'gradient', is: ['class'] },
    value: Math.max(0, likeliest),
    default: Math.max(0, likeliest),
    minimum: 0,
    maximum: Math.max(0, data.length - 1),
    step: 1,
  };
}

/** What is given of a gradient: of the shape of what it is of. // (n, model), (1, label) */
function leafOf({ shape, label: known }: Value, name: string): Value {
  return label(input(shape), { name, symbol: 'G', axes: known?.axes ?? ['query', 'model'] });
}
