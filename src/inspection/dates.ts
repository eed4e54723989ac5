import {
  attendParameters,
  mechanisms,
  withValues,
  type Parameter,
  type ParameterValues,
} from '../engine/mechanisms/index.js';
import { stateParameters } from '../engine/mechanisms/states.js';
import type { Value } from '../engine/graph.js';
import type { Tensor } from '../engine/tensor.js';
import { ModelError } from '../models/index.js';
import {
  list,
  outputCharacters,
  outputLength,
  start,
  type DateAxis,
  type DateGraph,
  type DateModel,
  type DateReading,
} from '../models/dates/index.js';
import type { Labels } from '../protocol.js';
import type { Runtime } from '../runtime/session.js';
import { capture, keep } from './capture.js';
import { withGradients, withoutGradients } from './gradients.js';
import type { Preparation, Task } from './inspection.js';
import type { Layer, Subject } from './subject.js';

/** What stands before the first output character. */
const startLabel = '[START]';

/** A written date run through a model that knows only dates: each output character attends to the characters it reads. */
export class DatePreparation implements Preparation {
  private constructor(
    private readonly text: string,
    private readonly reading: DateReading,
    private readonly model: DateModel,
    private readonly runtime: Runtime,
  ) {}

  /** @throws ModelError when the text has no character; the model is then disposed of. */
  static async open(text: string, model: DateModel, runtime: Runtime): Promise<DatePreparation> {
    const reading = model.read(text);
    if (reading.ids.length > 0) return new DatePreparation(text, reading, model, runtime);
    await model.dispose();
    throw new ModelError('There is no date to inspect: the text is empty.');
  }

  async prepare(parameters: ParameterValues, task: Task): Promise<Subject> {
    const { model, reading } = this;
    const { ids } = reading;
    const described = withValues(parametersOf(model), withoutGradients(parameters));
    const values = Object.fromEntries(described.map(({ name, value }) => [name, value]));
    const graph = model.build(ids.length, values);

    task.progress?.(`${model.name}: ${ids.length} characters`, null);
    const begun = performance.now();
    const { said, sources } = await decode(graph, ids, this.runtime, task);
    const forward = performance.now() - begun;

    const layers: Layer[] = [];
    let gradients: readonly Parameter[] = [];
    for (const { steps, inputs } of graph.layers) {
      const derived = withGradients(steps, parameters);
      const kept = new Map([...inputs].flatMap(([leaf, from]) => pair(leaf, sources.get(from))));
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
      queries: this.labelsOf(graph.queries, said),
      keys: this.labelsOf(graph.keys, said),
      parameters: [...described, ...gradients],
      notices: this.notices(iso),
      forward,
    };
  }

  async dispose(): Promise<void> {
    await this.model.dispose();
  }

  private labelsOf(axis: DateAxis, said: readonly number[]): Labels {
    const { characters } = this.reading;
    switch (axis) {
      case 'source':
        return {
          count: characters.length,
          words: characters.map(({ text }) => text),
          places: characters.map((each) => ({ start: each.start, end: each.end })),
        };
      case 'output':
        return { count: outputLength, words: said.map(characterOf) };
      case 'before':
        return { count: outputLength, words: [startLabel, ...said.slice(0, -1).map(characterOf)] };
    }
  }

  private notices(iso: string): string[] {
    const { model, reading } = this;
    const { characters, total } = reading;
    const { heldOut, unseen } = model.accuracy;
    const strange = [...new Set(characters.map(({ text }) => text))].filter((each) => !model.knows(each));
    const doubt = doubtOf(reading);
    return [
      `${model.name} knows only dates. ${percent(heldOut)} of held-out dates in the locales it was trained on come out right, and ${percent(unseen)} in locales that it has never seen.`,
      ...(doubt === undefined ? [] : [doubt]),
      ...(total > characters.length
        ? [
            `${model.name} reads ${model.limit} characters at a time: the first ${characters.length} of ${total} were used.`,
          ]
        : []),
      ...(strange.length === 0
        ? []
        : [
            `It cannot tell ${strange.slice(0, 5).join(' ')}${strange.length > 5 ? ' …' : ''} from other characters: ${strange.length === 1 ? 'it was' : 'they were'} too rare in training.`,
          ]),
      ...(isDay(iso) ? [] : [`What it wrote, ${iso}, is no day of the calendar.`]),
    ];
  }
}

/** What the decoder wrote, and the numbers that the presented attention starts from. */
interface Decoded {
  readonly said: readonly number[];
  readonly sources: ReturnType<typeof keep>;
}

/** Writes greedily: at each place the character that fits best, which is what the next place reads. */
async function decode(
  graph: DateGraph,
  ids: readonly number[],
  runtime: Runtime,
  task: Task,
): Promise<Decoded> {
  const options = task.signal === undefined ? {} : { signal: task.signal };
  const wanted = [...new Set(graph.layers.flatMap(({ inputs }) => [...inputs.values()]))];
  const { decoder } = graph;
  const feeds = new Map(graph.feeds(ids));
  if (decoder === undefined) {
    const [logits, ...tensors] = await runtime.run([graph.logits, ...wanted], feeds, options);
    return { said: largestOf(logits), sources: keep(wanted, tensors) };
  }
  const [memory] = await runtime.run([decoder.memory], feeds, options);
  if (memory === undefined) throw new ModelError('The encoder gave nothing.');
  const said: number[] = [];
  while (said.length < outputLength) {
    const given = new Map<Value, Tensor>([
      [decoder.memory, memory],
      [decoder.previous, before(said)],
    ]);
    const [logits] = await runtime.run([graph.logits], given, options);
    said.push(largestOf(logits)[said.length] ?? 0);
  }
  const tensors = await runtime.run(wanted, feeds.set(decoder.previous, before(said)), options);
  return { said, sources: keep(wanted, tensors) };
}

/** What the decoder reads at each place; what is not yet written is never looked at. // (10) */
function before(said: readonly number[]): Tensor {
  return list(Array.from({ length: outputLength }, (_, at) => (at === 0 ? start : (said[at - 1] ?? start))));
}

function pair<Key, Found>(key: Key, found: Found | undefined): [Key, Found][] {
  return found === undefined ? [] : [[key, found]];
}

/** The largest entry of each row. */
function largestOf(logits: Tensor | undefined): number[] {
  const width = outputCharacters.length;
  return Array.from({ length: outputLength }, (_, row) => {
    const own = [...(logits?.data.subarray(row * width, (row + 1) * width) ?? [])];
    return own.indexOf(Math.max(...own));
  });
}

function parametersOf(model: DateModel): readonly Parameter[] {
  // A mask would be one of places in the finished text, which the decoder does not have while it writes.
  const isOffered = ({ name }: Parameter): boolean => ['scaling', 'divisor', 'temperature'].includes(name);
  return model.score === 'transformer'
    ? [attentionParameter, ...attendParameters({ inputs: {}, keys: model.limit }).filter(isOffered)]
    : stateParameters({}, model.limit).filter(isOffered);
}

const attentionParameter: Parameter = {
  kind: 'choice',
  name: 'attention',
  title: 'Attention',
  note: 'Which of the model’s attentions is shown; scaling and temperature change this one, in every step of the decoder.',
  value: 'cross',
  standard: 'cross',
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

function shortened(text: string): string {
  const plain = text.trim().replaceAll(/\s+/gu, ' ');
  const points = [...plain];
  return points.length <= 40 ? plain : `${points.slice(0, 39).join('')}…`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
