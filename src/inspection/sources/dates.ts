import { truncated } from '../core/truncated.js';
import {
  attendParameters,
  mechanisms,
  withValues,
  type Parameter,
  type ParameterValue,
} from '../../engine/mechanisms/index.js';
import { stateParameters } from '../../engine/mechanisms/states.js';
import type { Value } from '../../engine/graph.js';
import type { Tensor } from '../../engine/tensor.js';
import { DateModel, datesFolder, ModelError, type DateScore } from '../../models/index.js';
import {
  list,
  outputCharacters,
  outputLength,
  start,
  type DateAxis,
  type DateGraph,
  type DateReading,
} from '../../models/dates/index.js';
import type { Labels } from '../../protocol.js';
import type { Runtime } from '../../runtime/session.js';
import { marksIn, textMedium } from '../core/marks.js';
import type { Source } from '../core/source.js';
import { capture, keep } from '../run/capture.js';
import { withGradients, withoutGradients } from '../run/gradients.js';
import { interventionNotices } from '../run/interventions.js';
import type { Preparation, Setting } from '../core/preparation.js';
import type { Task } from '../core/task.js';
import { checkDateInterventions, presentedLayers, setDates } from './date-interventions.js';
import { ownValues } from './own-values.js';
import { shortened } from '../../common/strings.js';
import type { Layer, Subject } from '../core/subject.js';

/** Where the characters of the date stand. */
const medium = textMedium(0);

/** What stands before the first output character. */
const startLabel = '[START]';

/** What opens each of the date models. */
type OpenModel = (score: DateScore) => Promise<DateModel>;

/** A written date, read by a model that knows only dates. */
export const datesSource: Source = {
  id: 'dates',
  async open({ material, by }, { platform, media, runtime }) {
    if (material.kind !== 'text' || by?.model?.kind !== 'dates') return undefined;
    const folder = datesFolder(platform, media);
    const preparation = await DatePreparation.open(
      material.texts,
      by.model.score,
      (score) => DateModel.open(platform, folder, score),
      runtime,
    );
    return { kind: 'preparation', preparation };
  },
};

/**
 * A written date run through a model that knows only dates: each output character attends to the characters it reads. The
 * same date can be read by any of the models.
 */
export class DatePreparation implements Preparation {
  private readonly models = new Map<DateScore, Promise<DateModel>>();

  private constructor(
    private readonly texts: readonly string[],
    private readonly first: DateScore,
    private readonly openModel: OpenModel,
    private readonly runtime: Runtime,
  ) {}

  /** @throws ModelError when the text has no character, or the model cannot be read. */
  static async open(
    texts: readonly string[],
    first: DateScore,
    openModel: OpenModel,
    runtime: Runtime,
  ): Promise<DatePreparation> {
    const preparation = new DatePreparation(texts, first, openModel, runtime);
    try {
      const model = await preparation.model(first);
      if (model.read(preparation.text).ids.length > 0) return preparation;
      throw new ModelError('There is no date to inspect: the text is empty.');
    } catch (error) {
      await preparation.dispose();
      throw error;
    }
  }

  private get text(): string {
    return this.texts[0] ?? '';
  }

  async prepare({ parameters, interventions = [] }: Setting, task: Task): Promise<Subject> {
    const { first } = this;
    const [choice = modelParameter(first)] = withValues([modelParameter(first)], {
      mechanism: parameters['mechanism'] ?? first,
    });
    const model = await this.model(scoreOf(choice.value));
    const reading = model.read(this.text);
    const { ids } = reading;
    const own = parametersOf(model);
    const described = withValues(
      own,
      ownValues(own, everyControl(model.limit), withoutGradients(parameters)),
    );
    const values = Object.fromEntries(described.map(({ name, value }) => [name, value]));
    const plain = model.build(ids.length, values);
    const made = checkDateInterventions(interventions, plain, model.name);
    const { graph, feeds } = setDates(plain, made);

    task.progress?.(`${model.name}: ${ids.length} characters`, null);
    const begun = performance.now();
    const { said, sources } = await decode(
      graph,
      new Map([...graph.feeds(ids), ...feeds]),
      this.runtime,
      task,
    );
    const forward = performance.now() - begun;

    const layers: Layer[] = [];
    let gradients: readonly Parameter[] = [];
    for (const { steps, kept } of presentedLayers(graph, made, sources)) {
      const derived = withGradients(steps, parameters);
      layers.push(await capture({ steps: derived.steps, kept }, this.runtime, task));
      gradients = derived.parameters;
    }
    const iso = textOf(said);
    const sides = `${outputLength} output characters from ${ids.length}`;
    const sizes = model.heads === 1 ? '' : ` · ${model.layers} layers × ${model.heads} heads`;
    return {
      title: `“${shortened(this.text)}” → ${iso}`,
      subtitle: `${model.family}${sizes} · ${sides}`,
      mechanism: mechanismOf(model),
      layers,
      heads: graph.heads,
      media: [medium],
      queries: labelsOf(reading, graph.queries, said),
      keys: labelsOf(reading, graph.keys, said),
      parameters: [choice, ...described, ...gradients],
      notices: [
        ...noticesOf(model, reading, iso),
        ...(this.texts.length > 1
          ? [`${model.name} reads one date: the second selection was not used.`]
          : []),
        ...interventionNotices(made),
      ],
      interventions: made,
      forward,
    };
  }

  async dispose(): Promise<void> {
    const opened = await Promise.allSettled(this.models.values());
    await Promise.all(opened.flatMap((each) => (each.status === 'fulfilled' ? [each.value.dispose()] : [])));
  }

  /** A model, opened when it is first needed. */
  private model(score: DateScore): Promise<DateModel> {
    const known = this.models.get(score);
    if (known !== undefined) return known;
    const opening = this.openModel(score);
    this.models.set(score, opening);
    // One that could not be opened is tried again.
    opening.catch(() => this.models.delete(score));
    return opening;
  }
}

function labelsOf({ characters }: DateReading, axis: DateAxis, said: readonly number[]): Labels {
  switch (axis) {
    case 'source':
      return {
        count: characters.length,
        words: characters.map(({ text }) => text),
        marks: marksIn(medium, characters),
      };
    case 'output':
      return { count: outputLength, words: said.map(characterOf) };
    case 'before':
      return { count: outputLength, words: [startLabel, ...said.slice(0, -1).map(characterOf)] };
  }
}

function noticesOf(model: DateModel, reading: DateReading, iso: string): string[] {
  const { characters } = reading;
  const { heldOut, unseen } = model.accuracy;
  const strange = [...new Set(characters.map(({ text }) => text))].filter((each) => !model.knows(each));
  const doubt = doubtOf(reading);
  return [
    `${model.name} knows only dates. ${percent(heldOut)} of held-out dates in the languages it was trained on come out right, and ${percent(unseen)} in languages that it has never seen.`,
    ...(doubt === undefined ? [] : [doubt]),
    ...truncated(characters.length, reading, 'characters'),
    ...(strange.length === 0
      ? []
      : [
          `It cannot tell ${strange.slice(0, 5).join(' ')}${strange.length > 5 ? ' …' : ''} from other characters: ${strange.length === 1 ? 'it was' : 'they were'} too rare in training.`,
        ]),
    ...(isDay(iso) ? [] : [`What it wrote, ${iso}, is no day of the calendar.`]),
  ];
}

/** What the decoder wrote, and the numbers that the presented attention starts from. */
interface Decoded {
  readonly said: readonly number[];
  readonly sources: ReturnType<typeof keep>;
}

/** Writes greedily: at each place the character that fits best, which is what the next place reads. */
async function decode(
  graph: DateGraph,
  feeds: Map<Value, Tensor>,
  runtime: Runtime,
  task: Task,
): Promise<Decoded> {
  const wanted = [...new Set(graph.layers.flatMap(({ inputs }) => [...inputs.values()]))];
  const { decoder } = graph;
  if (decoder === undefined) {
    const [logits, ...tensors] = await runtime.run([graph.logits, ...wanted], feeds, task);
    return { said: largestOf(logits), sources: keep(wanted, tensors) };
  }
  const [memory] = await runtime.run([decoder.memory], feeds, task);
  if (memory === undefined) throw new ModelError('The encoder gave nothing.');
  const said: number[] = [];
  while (said.length < outputLength) {
    const given = new Map<Value, Tensor>([
      ...feeds,
      [decoder.memory, memory],
      [decoder.previous, before(said)],
    ]);
    const [logits] = await runtime.run([graph.logits], given, task);
    said.push(largestOf(logits)[said.length] ?? 0);
  }
  const tensors = await runtime.run(wanted, feeds.set(decoder.previous, before(said)), task);
  return { said, sources: keep(wanted, tensors) };
}

/** What the decoder reads at each place; what is not yet written is never looked at. // (10) */
function before(said: readonly number[]): Tensor {
  return list(Array.from({ length: outputLength }, (_, at) => (at === 0 ? start : (said[at - 1] ?? start))));
}

/** The largest entry of each row. */
function largestOf(logits: Tensor | undefined): number[] {
  const width = outputCharacters.length;
  return Array.from({ length: outputLength }, (_, row) => {
    const own = [...(logits?.data.subarray(row * width, (row + 1) * width) ?? [])];
    return own.indexOf(Math.max(...own));
  });
}

function parametersOf({ score, limit }: DateModel): readonly Parameter[] {
  return controlsOf(score, limit);
}

function controlsOf(score: DateScore, limit: number): readonly Parameter[] {
  // A mask would be one of places in the finished text, which the decoder does not have while it writes.
  const isOffered = ({ name }: Parameter): boolean => ['scaling', 'divisor', 'temperature'].includes(name);
  return score === 'transformer'
    ? [attentionParameter, ...attendParameters({ inputs: {}, keys: limit }).filter(isOffered)]
    : stateParameters({}, limit).filter(isOffered);
}

/** The models as one control, so that they can be compared on one date. */
const modelParameter = (standard: DateScore): Parameter => ({
  kind: 'choice',
  name: 'mechanism',
  title: 'Date model',
  note: 'Which of the models reads the date: they differ in their attention.',
  value: standard,
  default: standard,
  choices: [
    { value: 'bahdanau', title: 'Bahdanau' },
    { value: 'luong', title: 'Luong' },
    { value: 'transformer', title: 'Transformer' },
  ],
});

function scoreOf(value: ParameterValue): DateScore {
  return value === 'luong' || value === 'transformer' ? value : 'bahdanau';
}

/** The names of all controls that any of the models has. */
function everyControl(limit: number): string[] {
  const own = [...controlsOf('transformer', limit), ...controlsOf('bahdanau', limit)];
  return ['mechanism', ...own.map(({ name }) => name)];
}

const attentionParameter: Parameter = {
  kind: 'choice',
  name: 'attention',
  title: 'Attention',
  note: 'Which of the model’s attentions is shown; scaling and temperature change this one, in every step of the decoder.',
  value: 'cross',
  default: 'cross',
  choices: [
    { value: 'cross', title: 'Output to source' },
    { value: 'encoder', title: 'Source to source' },
    { value: 'decoder', title: 'Output to output' },
  ],
};

function mechanismOf({ score }: DateModel): { readonly id: string; readonly title: string } {
  const id = score === 'transformer' ? 'multi-head' : score;
  return { id, title: mechanisms.find((each) => each.id === id)?.title ?? id };
}

function characterOf(number: number): string {
  return outputCharacters[number] ?? startLabel;
}

function textOf(said: readonly number[]): string {
  return said.map(characterOf).join('');
}

/** Why a text may not be a date; undefined where it looks like one. */
function doubtOf({ characters }: DateReading): string | undefined {
  const digits = characters.filter(({ text }) => /^[0-9]$/.test(text)).length;
  if (digits === 0)
    return 'This does not look like a date: there is no digit in it. The model writes one all the same.';
  if (digits > 10)
    return `This does not look like one date: ${digits} digits are more than one has. The model writes a single date all the same.`;
  return undefined;
}

/** Whether it is a date that there is: 2021-02-29 is none. */
function isDay(iso: string): boolean {
  const time = Date.parse(`${iso}T00:00:00Z`);
  return /^\d{4}-\d\d-\d\d$/.test(iso) && !Number.isNaN(time) && new Date(time).toISOString().startsWith(iso);
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
