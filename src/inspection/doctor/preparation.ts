import { label, sorted, input, type Value } from '../../engine/graph.js';
import { ParameterError } from '../../engine/mechanisms/index.js';
import {
  formatShape,
  inMemory,
  ShapeError,
  sizeOf,
  wholeOf,
  type Tensor,
  type TensorSource,
} from '../../engine/tensor.js';
import { FormatError } from '../../formats/source.js';
import type { GivenResult, Parameter, ParameterValues } from '../../protocol.js';
import type { Runtime } from '../../runtime/session.js';
import type { Preparation, Setting } from '../core/preparation.js';
import type { Layer, Subject } from '../core/subject.js';
import type { Task } from '../core/task.js';
import { capture } from '../run/capture.js';
import { withoutGradients } from '../run/gradients.js';
import type { Picked, TensorPreparation } from '../sources/tensors.js';
import { explainMismatch, type Explained } from './explain.js';
import { fed, swap, type Formula } from './formula.js';
import { placesOf } from './given.js';
import type { ResultSources } from './results.js';

/** More numbers than these are not searched at once. */
const mostNumbers = 1 << 26;

const explainNames: ReadonlySet<string> = new Set(['explain', 'reading', 'explainedLayer']);

/** Whether an explanation is asked for. */
export function asksToExplain(parameters: ParameterValues | undefined): boolean {
  return parameters?.['explain'] === 'yes';
}

/**
 * Tensors with the results that an implementation made of them: offers to explain how these differ, and then the formula, each
 * explanation of it and the results themselves as readings, which can be looked at and compared as any parameter.
 * @throws FormatError where an explanation is asked for and there are no results
 */
export function withResults(
  inputs: TensorPreparation,
  results: ResultSources,
  { title, runtime, asked }: { readonly title: string; readonly runtime: Runtime; readonly asked: boolean },
): Preparation {
  if (Object.keys(results).length > 0) return new ExplainingPreparation(inputs, results, runtime);
  if (!asked) return inputs;
  throw new FormatError(
    `${title}: there is nothing to explain. Beside the inputs of attention (Q, K, V, or X and its projections), the results of your implementation are needed, as tensors named “scores”, “weights” or “output”.`,
  );
}

class ExplainingPreparation implements Preparation {
  private last: { readonly key: string; readonly explained: Promise<Explained> } | undefined;

  constructor(
    private readonly inputs: TensorPreparation,
    private readonly results: ResultSources,
    private readonly runtime: Runtime,
  ) {}

  async prepare(setting: Setting, task: Task): Promise<Subject> {
    const asked = asksToExplain(setting.parameters);
    const own = Object.fromEntries(
      Object.entries(setting.parameters).filter(([name]) => !explainNames.has(name)),
    );
    if (!asked) {
      const plain = await this.inputs.prepare({ ...setting, parameters: own }, task);
      return { ...plain, parameters: [explainParameter('no'), ...plain.parameters] };
    }
    if (setting.interventions !== undefined && setting.interventions.length > 0) {
      throw new ShapeError(
        'What is set while it runs cannot be explained: take the interventions away first.',
      );
    }
    const begun = performance.now();
    const plain = await this.inputs.prepare({ parameters: withoutGradients(own) }, task);
    task.progress?.('Trying readings of the formula', 0);
    const count = plain.layers.length;
    const layer = layerOf(setting.parameters['explainedLayer'], count);
    const explained = await this.explain(plain.parameters, own, layer, task);
    const { base, diagnosis, readings } = explained;
    const reading = String(setting.parameters['reading'] ?? 'formula');
    const formula =
      reading === 'formula' ? base : reading === 'theirs' ? theirs(explained) : readings.get(reading);
    const shown = formula ?? base;
    const values = new Map(base.parameters.map((each) => [each.name, each]));
    return {
      ...plain,
      layers: [await capture(asLayer(shown), this.runtime, task)],
      heads: base.heads,
      parameters: [
        explainParameter('yes'),
        ...(count > 1 ? [layerParameter(layer, count)] : []),
        readingParameter(formula === undefined ? 'formula' : reading, explained),
        ...plain.parameters
          .filter(({ name }) => name in withoutGradients({ [name]: 0 }))
          .map((each) => values.get(each.name) ?? each),
      ],
      diagnosis,
      forward: performance.now() - begun,
    };
  }

  dispose(): Promise<void> {
    return this.inputs.dispose();
  }

  /** The same search serves all readings of it. */
  private explain(
    parameters: readonly Parameter[],
    own: ParameterValues,
    layer: number,
    task: Task,
  ): Promise<Explained> {
    const key = JSON.stringify([own, layer]);
    if (this.last?.key === key) return this.last.explained;
    const explained = this.search(parameters, own, layer, task);
    this.last = { key, explained };
    explained.catch(() => {
      this.last = undefined;
    });
    return explained;
  }

  private async search(
    parameters: readonly Parameter[],
    own: ParameterValues,
    layer: number,
    task: Task,
  ): Promise<Explained> {
    const { mechanism, tensors, front } = await this.inputs.layerInputs(own, layer, (sources) => {
      checkSize([...sources, ...Object.values(this.results)]);
    });
    const shapes = Object.fromEntries([...tensors].map(([name, { shape }]) => [name, shape]));
    const usual = new Map(mechanism.parameters(shapes).map(({ name, value }) => [name, value]));
    const values = parameters.filter(({ name, value }) => usual.has(name) && usual.get(name) !== value);
    const given: Partial<Record<GivenResult, Tensor>> = {};
    for (const [as, source] of Object.entries(this.results)) {
      const read = await partOf(as, source, front);
      if (as === 'scores' || as === 'weights' || as === 'output') given[as] = read;
    }
    const explained = explainMismatch(
      {
        mechanism,
        inputs: tensors,
        parameters: Object.fromEntries(values.map(({ name, value }) => [name, value])),
        given,
      },
      task.signal,
    );
    const { diagnosis } = explained;
    return { ...explained, diagnosis: { ...diagnosis, notes: [...diagnosis.notes, ...notesOn(front)] } };
  }
}

function checkSize(sources: readonly TensorSource[]): void {
  const numbers = sources.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  if (numbers <= mostNumbers) return;
  throw new ShapeError(
    `These tensors hold ${numbers} numbers; at most ${mostNumbers} can be explained. Keep one layer, or fewer tokens.`,
  );
}

/** Which of several layers and entries was compared. */
function notesOn(front: readonly Picked[]): string[] {
  return front
    .filter(({ extent }) => extent > 1)
    .map(({ part, extent, at }) =>
      part === 'layer'
        ? `Layer ${at + 1} of ${extent} is explained; choose another under Explore.`
        : `Entry ${at} of a batch of ${extent} is explained; choose another under Axes.`,
    );
}

/**
 * The part of a result that belongs to the layer and the entry of the inputs that are looked at.
 * @throws ShapeError where it has not the same in front
 */
async function partOf(as: string, source: TensorSource, front: readonly Picked[]): Promise<Tensor> {
  const { shape } = source;
  // A batch of one may have been taken off, of either.
  const ones = shape.findIndex((extent) => extent !== 1);
  const picks = [front, front.filter(({ extent }) => extent > 1)].find(
    (each) =>
      [2, 3].includes(shape.length - each.length) && each.every(({ extent }, axis) => shape[axis] === extent),
  );
  const extra = Math.max(0, shape.length - 3);
  if (picks === undefined && (ones >= 0 ? ones : shape.length) < extra) {
    const what = front.map(({ part, extent }) => `${part} ${extent}`).join(', ');
    throw new ShapeError(
      `The given ${as} ${formatShape(shape)} have more axes than heads, rows and columns, and not those that stand in front of the inputs (${what === '' ? 'none' : what}): give one layer and one text, or inputs of the same layers and batch.`,
    );
  }
  const taken = picks?.map(({ at }) => at) ?? new Array<number>(extra).fill(0);
  const region = wholeOf(shape).map((range, axis) => {
    const at = taken[axis];
    return at === undefined ? range : { start: at, end: at + 1 };
  });
  const { data } = await source.read(region);
  return { shape: shape.slice(taken.length), data };
}

/** @throws ParameterError where there is no such layer */
function layerOf(value: ParameterValues[string] | undefined, count: number): number {
  const layer = value ?? 0;
  if (typeof layer === 'number' && Number.isInteger(layer) && layer >= 0 && layer < count) return layer;
  throw new ParameterError(`There are the layers 0 to ${count - 1} to be explained, not ${String(value)}.`);
}

function layerParameter(value: number, count: number): Parameter {
  return {
    kind: 'number',
    name: 'explainedLayer',
    title: 'Explained layer',
    note: `Which of the ${count} layers is compared, counted from 0.`,
    value,
    default: 0,
    minimum: 0,
    maximum: count - 1,
    step: 1,
  };
}

/** The formula with what was given in the place of its steps. */
function theirs({ base, given, diagnosis }: Explained): Formula {
  return given.reduce((formula, each) => {
    const name = diagnosis.compared.find(({ given: as }) => as === each.as)?.step;
    const place = placesOf(each, formula).find(({ step }) => step.label?.name === name);
    if (place?.step.label?.step === undefined) return formula;
    const { step, tensor } = place;
    const note = 'As your implementation gave it.';
    const leaf = label(input(step.shape), { ...place.step.label, step: { ...place.step.label.step, note } });
    const put = swap(formula, step, leaf);
    const steps = put.steps.map((own) => (own.origin === leaf.origin ? leaf : own));
    return fed({ ...put, steps }, leaf, tensor);
  }, base);
}

function asLayer({ steps, feeds }: Formula): Layer {
  const kept = new Map<Value, TensorSource>();
  for (const value of sorted(steps)) {
    const tensor = feeds.get(value.origin);
    if (tensor !== undefined) kept.set(value, inMemory(tensor));
  }
  return { steps, kept };
}

function explainParameter(value: 'yes' | 'no'): Parameter {
  return {
    kind: 'choice',
    name: 'explain',
    title: 'Explain the given results',
    note: 'Compares the results that were given beside the inputs with the formula, and looks for the reading of it that gives them.',
    value,
    default: 'no',
    choices: [
      { value: 'no', title: 'No' },
      { value: 'yes', title: 'Yes' },
    ],
  };
}

function readingParameter(value: string, { diagnosis }: Explained): Parameter {
  return {
    kind: 'choice',
    name: 'reading',
    title: 'Reading',
    note: 'What is shown: the formula as it stands, the results that were given, or an explanation of these.',
    value,
    default: 'formula',
    choices: [
      { value: 'formula', title: 'Formula' },
      { value: 'theirs', title: 'Given results' },
      ...diagnosis.explanations.map(({ reading, title }) => ({ value: reading, title })),
    ],
  };
}
