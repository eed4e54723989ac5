import { label, sorted, input, type Value } from '../../engine/graph.js';
import {
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
import type { TensorPreparation } from '../sources/tensors.js';
import { explainMismatch, type Explained } from './explain.js';
import { fed, swap, type Formula } from './formula.js';
import { placesOf } from './given.js';
import type { ResultSources } from './results.js';

/** More numbers than these are not searched at once. */
const mostNumbers = 1 << 26;

const explainNames: ReadonlySet<string> = new Set(['explain', 'reading']);

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
    const explained = await this.explain(plain.parameters, own, task);
    const { base, diagnosis, readings } = explained;
    const reading = String(setting.parameters['reading'] ?? 'formula');
    const formula =
      reading === 'formula' ? base : reading === 'theirs' ? theirs(explained) : readings.get(reading);
    const shown = formula ?? base;
    const values = new Map(base.parameters.map((each) => [each.name, each]));
    const layers = plain.layers.length;
    return {
      ...plain,
      layers: [await capture(layerOf(shown), this.runtime, task)],
      heads: base.heads,
      parameters: [
        explainParameter('yes'),
        readingParameter(formula === undefined ? 'formula' : reading, explained),
        ...plain.parameters
          .filter(({ name }) => name in withoutGradients({ [name]: 0 }))
          .map((each) => values.get(each.name) ?? each),
      ],
      diagnosis:
        layers === 1
          ? diagnosis
          : { ...diagnosis, notes: [...diagnosis.notes, `The first of ${layers} layers is explained.`] },
      forward: performance.now() - begun,
    };
  }

  dispose(): Promise<void> {
    return this.inputs.dispose();
  }

  /** The same search serves all readings of it. */
  private explain(parameters: readonly Parameter[], own: ParameterValues, task: Task): Promise<Explained> {
    const key = JSON.stringify(own);
    if (this.last?.key === key) return this.last.explained;
    const explained = this.search(parameters, own, task);
    this.last = { key, explained };
    explained.catch(() => {
      this.last = undefined;
    });
    return explained;
  }

  private async search(
    parameters: readonly Parameter[],
    own: ParameterValues,
    task: Task,
  ): Promise<Explained> {
    const { mechanism, tensors } = await this.inputs.layerInputs(own, 0, (sources) => {
      checkSize([...sources, ...Object.values(this.results)]);
    });
    const shapes = Object.fromEntries([...tensors].map(([name, { shape }]) => [name, shape]));
    const usual = new Map(mechanism.parameters(shapes).map(({ name, value }) => [name, value]));
    const values = parameters.filter(({ name, value }) => usual.has(name) && usual.get(name) !== value);
    const given: Partial<Record<GivenResult, Tensor>> = {};
    for (const [as, source] of Object.entries(this.results)) {
      const read = await firstLayer(source);
      if (as === 'scores' || as === 'weights' || as === 'output') given[as] = read;
    }
    return explainMismatch(
      {
        mechanism,
        inputs: tensors,
        parameters: Object.fromEntries(values.map(({ name, value }) => [name, value])),
        given,
      },
      task.signal,
    );
  }
}

function checkSize(sources: readonly TensorSource[]): void {
  const numbers = sources.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  if (numbers <= mostNumbers) return;
  throw new ShapeError(
    `These tensors hold ${numbers} numbers; at most ${mostNumbers} can be explained. Keep one layer, or fewer tokens.`,
  );
}

/** Of more than three axes, one batch or layer is looked at: the first. */
async function firstLayer(source: TensorSource): Promise<Tensor> {
  const extra = Math.max(0, source.shape.length - 3);
  const region = wholeOf(source.shape).map((range, axis) => (axis < extra ? { start: 0, end: 1 } : range));
  const { data } = await source.read(region);
  return { shape: source.shape.slice(extra), data };
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

function layerOf({ steps, feeds }: Formula): Layer {
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
