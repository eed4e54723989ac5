import { truncated, unknownTokens } from '../core/truncated.js';
import { sameItems, stableKey } from '../../common/values.js';
import { attendParameters, readAttendParameters, withValues } from '../../engine/mechanisms/index.js';
import type { AttendParameters } from '../../engine/mechanisms/index.js';
import { ModelError, type Encoding, type Model } from '../../models/index.js';
import type {
  Ending,
  Intervention,
  Labels,
  Parameter,
  ParameterValues,
  GeneratedTokens,
} from '../../protocol.js';
import type { Runtime } from '../../runtime/session.js';
import { formatCount } from '../../common/strings.js';
import { candidatesAfter, generate, settingsNotices, type WritingRules } from '../run/generation.js';
import { withGradients, withoutGradients } from '../run/gradients.js';
import { interventionNotices } from '../run/interventions.js';
import type { Preparation, Setting } from '../core/preparation.js';
import type { Task } from '../core/task.js';
import { marksIn, textMedium } from '../core/marks.js';
import { languageModel, writtenBy, type ModelHandle } from '../core/models.js';
import { takeOver, type Source } from '../core/source.js';
import { ownValues } from './own-values.js';
import {
  choicesOf,
  isCode,
  languageNotices,
  languagesOf,
  readTarget,
  withLanguage,
  type Languages,
} from './sequence-languages.js';
import { attentionParameter, choice, lengthParameter, stackOf } from './sequence-parameters.js';
import {
  checkSequenceInterventions,
  SequenceRun,
  type SequenceAttention,
  type Stack,
} from '../run/sequence-run.js';
import { shortened } from '../../common/strings.js';
import { joined, type Layer, type Next, type GenerationResult, type Subject } from '../core/subject.js';

/** What parameters say to an encoder–decoder model. */
interface Reading {
  readonly described: readonly Parameter[];
  readonly stack: Stack;
  readonly attention: SequenceAttention;
  /** What is written before the text. */
  readonly prefix: string;
  readonly from: number | undefined;
  readonly into: number | undefined;
  readonly length: number;
  readonly interventions: readonly Intervention[];
}

/** A source that was read, and what was written for it. */
interface Written {
  readonly encoding: Encoding;
  /** Where the tokens of a target that was given stand in it, from the first after the start. */
  readonly target: Encoding['ranges'];
  readonly run: SequenceRun;
  readonly rules: WritingRules;
  /** What the model wrote: all of the target, or what comes after one that was given. */
  readonly generated: GeneratedTokens;
}

/** Where the target was given and nothing came after it. */
const nothing: GeneratedTokens = { ids: [], ending: 'length', drawn: false };

const mechanism = { id: 'multi-head', title: 'Multi-head attention' };

/** Text, read by an encoder–decoder model; a second one is its target. */
export const sequenceSource: Source = {
  id: 'sequence',
  async open({ material, by, continuation }, { models, runtime }) {
    if (material.kind !== 'text') return undefined;
    const { texts } = material;
    const reference = languageModel(by?.model);
    if (reference === undefined) return undefined;
    const handle = await models.acquire(reference);
    const written = writtenBy(handle, continuation);
    const preparation = await takeOver(handle, () =>
      // Without a language head nothing can be written; a target that is given can be read all the same.
      handle.model.decoder === undefined || (texts.length === 1 && !handle.model.writes)
        ? undefined
        : openSequence(handle, texts, runtime, written.continuation),
    );
    // What was written before is the preparation's own to have again.
    return preparation && { kind: 'preparation', preparation, by: written.by };
  },
};

/** @throws ModelError when there is no text */
export async function openSequence(
  handle: ModelHandle,
  texts: readonly [string] | readonly [string, string],
  runtime: Runtime,
  before?: GeneratedTokens,
): Promise<SequencePreparation> {
  if (texts.some((text) => text.trim() === '')) {
    throw new ModelError('There is no text to inspect: it is empty.');
  }
  return new SequencePreparation(handle, texts, await languagesOf(handle.model), runtime, before);
}

/** Text run through an encoder–decoder model: translated, summarised, answered, as the model was trained for. */
export class SequencePreparation implements Preparation {
  /** What was written last, and for which parameters: to look at another attention of it needs no other run. */
  private last:
    | {
        readonly key: string;
        readonly interventions: readonly Intervention[];
        readonly written: Promise<Written>;
      }
    | undefined;

  constructor(
    private readonly handle: ModelHandle,
    /** The source, and the target where that is not to be written but given. */
    private readonly texts: readonly [string] | readonly [string, string],
    private readonly languages: Languages,
    private readonly runtime: Runtime,
    /** What the model wrote before: it is read at first instead of written anew. */
    private before?: GeneratedTokens,
  ) {}

  private get text(): string {
    return this.texts[0];
  }

  private get target(): string | undefined {
    return this.texts[1];
  }

  async prepare({ parameters, interventions: wanted = [], beside }: Setting, task: Task): Promise<Subject> {
    const own = this.read(parameters);
    const { attention, prefix, from, into, length } = own;
    const { languages } = this;
    const encoding = withLanguage(await this.encode(prefix), languages, from ?? languages.from);
    const count = encoding.ids.length;
    const interventions = checkSequenceInterventions(wanted, this.model, attention, count, own.stack);
    const reading = { ...own, interventions };
    const key = stableKey([attention, prefix, from, into, length]);
    const begun = performance.now();
    const isKnown = this.last?.key === key && sameItems(this.last.interventions, interventions);
    const known = isKnown ? this.last?.written : undefined;
    const written = known ?? this.write(reading, encoding, task);
    if (known === undefined && beside !== true) {
      const last = { key, interventions, written };
      this.last = last;
      written.catch(() => {
        if (this.last === last) this.last = undefined;
      });
    }
    return this.subject(parameters, reading, await written, performance.now() - begun);
  }

  async dispose(): Promise<void> {
    this.last = undefined;
    await this.handle.release();
  }

  /** Reads the source and writes the target, or reads the one that was given. */
  private async write(reading: Reading, encoding: Encoding, task: Task): Promise<Written> {
    const { model } = this.handle;
    const { languages } = this;
    const { start: own } = await model.generation();
    const known = new Set(languages.ids.values());
    // Where the first token of all is a language, it is the one that is chosen.
    const replaces = own !== undefined && known.has(own) && reading.into !== undefined;
    const start = replaces ? reading.into : own;
    if (start === undefined) {
      throw new ModelError(
        `${model.name} does not say what its decoder begins with: neither generation_config.json nor config.json has a "decoder_start_token_id".`,
      );
    }
    task.progress?.(`${model.name}: ${encoding.ids.length} tokens`, null);
    const { attention, interventions } = reading;
    const run = await SequenceRun.open(model, encoding.ids, attention, this.runtime, task, interventions);
    const { before } = this;
    this.before = undefined;
    const given =
      this.target === undefined
        ? undefined
        : withLanguage(await model.encodeTarget(this.target), languages, reading.into ?? languages.into);
    const limit = model.decoder?.limit ?? model.limit;
    const target = given === undefined ? { ids: [start], ranges: [] } : readTarget(start, given, languages);
    await run.target.append(target.ids.slice(0, limit), task);
    const rules: WritingRules = {
      limit,
      forced: (place) => (place === 1 && !replaces ? reading.into : undefined),
      prompt: run.target.ids.length,
      source: encoding.ids,
    };
    const written = { encoding, target: target.ranges, run, rules };
    if (given !== undefined && (before === undefined || !model.writes))
      return { ...written, generated: nothing };
    const wanted = before ?? { tokens: Math.min(reading.length, rules.limit - 1) };
    const further = await generate(model, run.target, wanted, () => false, task, rules);
    return { ...written, generated: joined(nothing, further) };
  }

  /** The tokens of the text with what the task begins with; places are those in the text alone. */
  private async encode(prefix: string): Promise<Encoding> {
    const encoding = await this.handle.model.encode(prefix + this.text);
    const { length } = prefix;
    return {
      ...encoding,
      ranges: encoding.ranges.map((range) =>
        range === null || range.end <= length
          ? null
          : { start: Math.max(0, range.start - length), end: range.end - length },
      ),
    };
  }

  private async subject(
    parameters: ParameterValues,
    reading: Reading,
    written: Written,
    forward: number,
  ): Promise<Subject> {
    const { model } = this.handle;
    const { run, encoding } = written;
    const { stack } = reading;
    const derived = run
      .layers(stack)
      .map(({ steps, kept }) => ({ ...withGradients(steps, parameters), kept }));
    const ids = run.target.ids.slice(0, run.written + 1);
    const spelled = await Promise.all(ids.map((id) => model.spell(id)));
    const text = await model.decode(ids.slice(1));
    const source: Labels = {
      count: encoding.tokens.length,
      words: encoding.tokens,
      marks: marksIn(textMedium(0), encoding.ranges),
    };
    const outputs: Labels = {
      ...labelsOf(spelled.slice(1)),
      ...(this.target === undefined
        ? {}
        : {
            marks: marksIn(
              textMedium(1),
              ids.slice(1).map((_, at) => written.target[at] ?? null),
            ),
          }),
    };
    const [queries, keys] = {
      cross: [outputs, source] as const,
      encoder: [source, source] as const,
      decoder: [outputs, labelsOf(spelled.slice(0, -1))] as const,
    }[stack];
    const heads = stack === 'encoder' ? model.heads : (model.decoder?.heads ?? model.heads);
    return {
      title: `“${shortened(this.text, 28)}” → “${shortened(text, 28)}”`,
      subtitle: `${model.name} · ${model.family} · ${formatCount(derived.length, 'layer')} × ${formatCount(heads, 'head')} · ${formatCount(outputs.count, 'target token')} from ${source.count}`,
      mechanism,
      layers: derived.map(({ steps, kept }): Layer => ({ steps, kept })),
      heads,
      media: this.texts.map((_, index) => textMedium(index)),
      queries,
      keys,
      parameters: [...reading.described, ...(derived[0]?.parameters ?? [])],
      notices: [
        ...(await this.notices(reading, written, text)),
        ...interventionNotices(reading.interventions),
      ],
      interventions: reading.interventions,
      causal: stack === 'decoder',
      generated: written.generated,
      forward,
      ...(stack === 'encoder' || !model.writes ? {} : { next: this.next(parameters, reading, written) }),
    };
  }

  private next(parameters: ParameterValues, reading: Reading, written: Written): Next {
    const { model } = this.handle;
    const { target } = written.run;
    return {
      rows: 'written',
      candidates: (query, count, task) => candidatesAfter(model, target, query, count, task),
      continueWith: async (wanted, halted, task) => {
        const begun = performance.now();
        const { endings } = await model.generation();
        const over = endings.has(target.ids.at(-1) ?? -1);
        const further: GenerationResult = over
          ? { ...nothing, ending: 'end', text: '' }
          : await generate(model, target, wanted, halted, task, written.rules);
        const longer = { ...written, generated: joined(written.generated, further) };
        const { last } = this;
        if (last !== undefined && (await last.written) === written) {
          this.last = { ...last, written: Promise.resolve(longer) };
        }
        const subject = await this.subject(parameters, reading, longer, performance.now() - begun);
        return { ...further, subject };
      },
    };
  }

  private read(parameters: ParameterValues): Omit<Reading, 'interventions'> {
    const { model, languages } = this;
    const { decoder } = model;
    if (decoder === undefined) throw new ModelError(`${model.name} only reads: it has no decoder.`);
    const standard: SequenceAttention = { ...decoder.attention, encoder: model.attention };
    const stack = stackOf(parameters['attention']);
    const general = [
      attentionParameter,
      ...choice('task', 'Task', 'What is put before the text to say what to do with it.', [
        ...[...model.prefixes].map(([name, prefix]) => ({ value: name, title: prefix.trim() })),
      ]),
      ...choice('from', 'From', 'The language of the text.', choicesOf(languages, 'from')),
      ...choice('into', 'Into', 'The language to write.', choicesOf(languages, 'into')),
      ...(this.target === undefined ? [lengthParameter(decoder.limit - 1)] : []),
    ];
    const controls = (each: Stack): readonly Parameter[] =>
      attendParameters({
        inputs: {},
        keys: each === 'decoder' ? decoder.limit : model.limit,
        pairs: model.positions === 'embedded' && (model.width / headsOf(model, each)) % 2 === 0,
        bias: model.positions !== 'bias',
        standard: standard[each],
        // What is written can never look at what is not: it is not there yet.
      }).filter(({ name }) => each !== 'decoder' || !masks.has(name));
    const own = [...general, ...controls(stack)];
    const elsewhere = [...controls('encoder'), ...controls('decoder')].map(({ name }) => name);
    const described = withValues(own, ownValues(own, elsewhere, withoutGradients(parameters)));
    const values = Object.fromEntries(described.map(({ name, value }) => [name, value]));
    const looked: AttendParameters = {
      ...readAttendParameters(values, {}),
      ...(stack === 'decoder' ? { mask: standard.decoder.mask } : {}),
    };
    const into = String(values['into']);
    const code = isCode(into) && languages.ids.has(into) ? `${into} ` : '';
    return {
      described,
      stack,
      attention: { ...standard, [stack]: looked },
      prefix: code + (model.prefixes.get(String(values['task'])) ?? ''),
      from: languages.ids.get(String(values['from'])),
      into: code === '' ? languages.ids.get(into) : undefined,
      length: Number(values['length'] ?? 1),
    };
  }

  private get model(): Model {
    return this.handle.model;
  }

  private async notices(
    { prefix, from, into }: Reading,
    { encoding, run, generated, rules }: Written,
    text: string,
  ): Promise<string[]> {
    const { model } = this.handle;
    const { ids: own, ending, drawn } = generated;
    const { ids, total } = encoding;
    const generation = await model.generation();
    const always = [
      ...languageNotices(this.languages, generation, {
        text: prefix + this.text,
        source: encoding,
        target: run.target.ids,
        isGiven: this.target !== undefined,
        from: from !== undefined,
        into: into !== undefined,
      }),
      ...run.budget.notices(model.name),
      ...truncated(ids.length, total),
      ...unknownTokens(encoding),
      ...model.remarks,
    ];
    if (own.length === 0) return always;
    const settings = settingsNotices(generation, drawn);
    const how = drawn ? 'with tokens that were drawn' : 'always with the likeliest token next';
    const what =
      this.target === undefined
        ? `Written, ${how}: “${text}”`
        : `After the target that was given it goes on, ${how}: “${await model.decode(own)}”`;
    return [`${what}${whyEnded[ending](rules.limit)}`, ...settings, ...always];
  }
}

/** Whether the same interventions were made: once spelled out, they stay the same objects. */
const masks: ReadonlySet<string> = new Set(['causal', 'prefix', 'windowLeft', 'windowRight']);

const whyEnded: Readonly<Record<Ending, (limit: number) => string>> = {
  end: () => '.',
  length: () => ' – and it was not over.',
  halted: () => ' – and it was not over.',
  limit: (limit) => ` – the decoder reads no more than ${limit} tokens.`,
};

function headsOf(model: Model, stack: Stack): number {
  return stack === 'encoder' ? model.heads : (model.decoder?.heads ?? model.heads);
}

function labelsOf(words: readonly string[]): Labels {
  return { count: words.length, words };
}
