import { sameItems, stableKey } from '../../../common/values.js';
import { formatCount, shortened } from '../../../common/strings.js';
import { attendParameters, readAttendParameters, withValues } from '../../../engine/mechanisms/index.js';
import type { AttendParameters } from '../../../engine/mechanisms/index.js';
import { ModelError } from '../../../models/index.js';
import type {
  Ending,
  GeneratedTokens,
  Intervention,
  Labels,
  Parameter,
  ParameterValues,
} from '../../../protocol.js';
import type { Runtime } from '../../../runtime/session.js';
import { marksIn } from '../../core/marks.js';
import type { Preparation, Setting } from '../../core/preparation.js';
import type { Task } from '../../core/task.js';
import { joined, type GenerationResult, type Layer, type Next, type Subject } from '../../core/subject.js';
import { candidatesAfter, generate, settingsNotices, type WritingRules } from '../../run/generation.js';
import { withGradients, withoutGradients } from '../../run/gradients.js';
import { interventionNotices } from '../../run/interventions.js';
import { likeliest } from '../../run/sampling.js';
import {
  checkSequenceInterventions,
  SequenceRun,
  type SequenceAttention,
  type Stack,
} from '../../run/sequence-run.js';
import { ownValues } from '../own-values.js';
import { lengthParameter, stackOf } from './parameters.js';
import type { Opening, Read, ReadTarget, SequenceReader, SequenceWriter } from './reader.js';

/** What parameters say to an encoder–decoder model. */
interface Reading {
  readonly described: readonly Parameter[];
  readonly stack: Stack;
  readonly attention: SequenceAttention;
  readonly values: ParameterValues;
  readonly length: number;
  readonly interventions: readonly Intervention[];
}

/** A source that was read, and what was written for it. */
interface Written {
  readonly read: Read;
  /** Where the tokens of a target that was given stand in it, from the first after the start. */
  readonly target: ReadTarget['ranges'];
  /** What is to be told of how that was read. */
  readonly said: readonly string[];
  readonly opening: Opening;
  readonly run: SequenceRun;
  readonly rules: WritingRules;
  /** What the model wrote: all of the target, or what comes after one that was given. */
  readonly generated: GeneratedTokens;
}

/** Where the target was given and nothing came after it. */
const nothing: GeneratedTokens = { ids: [], ending: 'length', drawn: false };

/** The row of what was read last, behind which nothing was written yet. */
const behindTheEnd = '…';

const mechanism = { id: 'multi-head', title: 'Multi-head attention' };

/** What an encoder–decoder model reads, and what it writes for it. */
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
    private readonly reader: SequenceReader,
    private readonly runtime: Runtime,
    /** What the model wrote before: it is read at first instead of written anew. */
    private before?: GeneratedTokens,
  ) {}

  async prepare({ parameters, interventions: wanted = [], beside }: Setting, task: Task): Promise<Subject> {
    const own = this.read(parameters);
    const { attention, values, length } = own;
    const read = await this.reader.read(values, task);
    const interventions = checkSequenceInterventions(wanted, this.model, attention, read.input, own.stack);
    const reading = { ...own, interventions };
    const key = stableKey([attention, read.key, length]);
    const begun = performance.now();
    const isKnown = this.last?.key === key && sameItems(this.last.interventions, interventions);
    const known = isKnown ? this.last?.written : undefined;
    const written = known ?? this.write(reading, read, task);
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
    await this.reader.release();
  }

  /** Reads the source and writes the target, or reads the one that was given. */
  private async write(reading: Reading, read: Read, task: Task): Promise<Written> {
    const { model, target: given } = this.reader;
    task.progress?.(`${model.name}: ${read.input.count} tokens`, null);
    const { attention, interventions } = reading;
    const run = await SequenceRun.open(model, read.input, attention, this.runtime, task, interventions);
    const opening = await read.begin((await model.generation()).start, run.target, task);
    const { tokens } = opening;
    const [start] = tokens;
    if (start === undefined) {
      throw new ModelError(
        `${model.name} does not say what its decoder begins with: neither generation_config.json nor config.json has a "decoder_start_token_id".`,
      );
    }
    const { before } = this;
    this.before = undefined;
    const limit = model.decoder?.limit ?? model.limit;
    const first = async (): Promise<number> => {
      await run.target.append([start], task);
      return likeliest(await run.target.logits(0, task), 1)[0] ?? start;
    };
    const target = given === undefined ? undefined : await read.target(tokens, given.text, first);
    const begun = run.target.ids.length;
    await run.target.append((target?.ids ?? tokens).slice(begun, limit), task);
    const rules: WritingRules = {
      ...opening.rules,
      limit,
      prompt: run.target.ids.length,
      source: read.ids,
    };
    const said = [...(opening.notices ?? []), ...(target?.notices ?? [])];
    const written = { read, target: target?.ranges ?? [], said, opening, run, rules };
    if (given !== undefined && (before === undefined || !model.writes))
      return { ...written, generated: nothing };
    const wanted = before ?? { tokens: Math.min(reading.length, rules.limit - 1) };
    const further = await generate(model, run.target, wanted, () => false, task, rules);
    return { ...written, generated: joined(nothing, further) };
  }

  private async subject(
    parameters: ParameterValues,
    reading: Reading,
    written: Written,
    forward: number,
  ): Promise<Subject> {
    const { model, target, pictures, title } = this.reader;
    const { run, read, opening } = written;
    const { stack } = reading;
    const aligned = read.align?.(run, opening, reading.values);
    const layers = aligned !== undefined && stack === 'cross' ? aligned.layers : run.layers(stack, aligned !== undefined);
    const derived = layers.map(({ steps, kept }) => ({ ...withGradients(steps, parameters), kept }));
    const ids = run.target.ids.slice(0, run.written + 1);
    const spelled = await Promise.all(ids.map((id) => model.spell(id)));
    const text = await model.decode(ids.slice(opening.hidden ?? 1));
    const source = read.labels;
    const beyond = aligned === undefined ? [] : [behindTheEnd];
    const outputs: Labels = {
      ...labelsOf([...spelled.slice(1), ...beyond]),
      ...(target === undefined
        ? {}
        : {
            marks: marksIn(
              target.medium,
              [...ids.slice(1), ...beyond].map((_, at) => written.target[at] ?? null),
            ),
          }),
    };
    const [queries, keys] = {
      cross: [outputs, source] as const,
      encoder: [source, source] as const,
      decoder: [outputs, labelsOf(aligned === undefined ? spelled.slice(0, -1) : spelled)] as const,
    }[stack];
    const { heads } = sizesOf(model, stack);
    return {
      title: `${title} → “${shortened(text, 28)}”`,
      subtitle: `${model.name} · ${model.family} · ${formatCount(derived.length, 'layer')} × ${formatCount(heads, 'head')} · ${formatCount(outputs.count, 'target token')} from ${read.size}`,
      mechanism,
      layers: derived.map(({ steps, kept }): Layer => ({ steps, kept })),
      heads,
      media: read.media,
      ...(read.sound === undefined ? {} : { sound: read.sound }),
      ...(aligned?.aligner === undefined ? {} : { aligner: aligned.aligner }),
      ...(pictures === undefined ? {} : { pictures }),
      queries,
      keys,
      parameters: [...reading.described, ...(derived[0]?.parameters ?? [])],
      notices: [
        ...(await this.notices(written, text)),
        ...(aligned?.notices ?? []),
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
    const { model } = this.reader;
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
    const { model, target, limit, length } = this.reader;
    const { decoder } = model;
    if (decoder === undefined) throw new ModelError(`${model.name} only reads: it has no decoder.`);
    const standard: SequenceAttention = { ...decoder.attention, encoder: model.attention };
    const stack = stackOf(parameters['attention']);
    const general = [
      ...this.reader.parameters(parameters),
      ...(target === undefined ? [lengthParameter(decoder.limit - 1, length)] : []),
    ];
    const controls = (each: Stack): readonly Parameter[] => {
      const { width, heads, positions } = sizesOf(model, each);
      return attendParameters({
        inputs: {},
        keys: each === 'decoder' ? decoder.limit : limit,
        pairs: positions === 'embedded' && (width / heads) % 2 === 0,
        bias: positions !== 'bias',
        standard: standard[each],
        // What is written can never look at what is not: it is not there yet.
      }).filter(({ name }) => each !== 'decoder' || !masks.has(name));
    };
    const offered = [...general, ...controls(stack)];
    const elsewhere = [...controls('encoder'), ...controls('decoder')].map(({ name }) => name);
    const described = withValues(offered, ownValues(offered, elsewhere, withoutGradients(parameters)));
    const values = Object.fromEntries(described.map(({ name, value }) => [name, value]));
    const looked: AttendParameters = {
      ...readAttendParameters(values, {}),
      ...(stack === 'decoder' ? { mask: standard.decoder.mask } : {}),
    };
    return {
      described,
      stack,
      attention: { ...standard, [stack]: looked },
      values,
      length: Number(values['length'] ?? 1),
    };
  }

  private get model(): SequenceWriter {
    return this.reader.model;
  }

  private async notices({ read, said, run, generated, rules }: Written, text: string): Promise<string[]> {
    const { model, target } = this.reader;
    const { ids: own, ending, drawn } = generated;
    const generation = await model.generation();
    const always = [
      ...read.notices(generation, run.target.ids),
      ...said,
      ...run.budget.notices(model.name),
      ...read.losses,
      ...model.remarks,
    ];
    if (own.length === 0) return always;
    const settings = settingsNotices(generation, drawn);
    const how = drawn ? 'with tokens that were drawn' : 'always with the likeliest token next';
    const what =
      target === undefined
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

/** Of the half whose queries they are. */
function sizesOf(
  { decoder, heads, width, positions }: SequenceWriter,
  stack: Stack,
): Pick<SequenceWriter, 'heads' | 'positions' | 'width'> {
  if (stack === 'encoder' || decoder === undefined) return { heads, width, positions };
  return { heads: decoder.heads, width: decoder.width ?? width, positions: decoder.positions ?? positions };
}

function labelsOf(words: readonly string[]): Labels {
  return { count: words.length, words };
}
