import { placeNumber } from '../../common/counting.js';
import { withChanges } from '../../engine/mechanisms/index.js';
import type {
  Arithmetic,
  ArithmeticRequest,
  Candidates,
  CandidatesRequest,
  Classes,
  CodeRequest,
  ContinueResult,
  ContinueRequest,
  EngineMethods,
  ExportRequest,
  InspectionSummary,
  Intervention,
  Finding,
  Metric,
  ParameterValues,
  Plot,
  Preview,
  Rollout,
  RolloutRequest,
  Continuation,
  Slice,
  SliceRequest,
  Span,
  Step,
  Thumbnails,
  GeneratedTokens,
} from '../../protocol.js';
import type { Runtime } from '../../runtime/session.js';
import { exportFiles, layerExport, type ExportSource } from '../exports/begin.js';
import { exporterNamed } from '../exports/index.js';
import { OpenExport } from '../exports/open-export.js';
import { arithmetic } from '../views/arithmetic.js';
import { likeliest } from '../views/classes.js';
import { findings } from '../views/findings/index.js';
import { metricsOf } from '../views/metrics.js';
import { pooledWeights } from '../views/thumbnails.js';
import { bands, slice, type Schedule } from '../views/matrix.js';
import { plotters } from '../views/plots/index.js';
import { previewOf } from '../views/preview.js';
import type { Plotter } from '../views/plots/plotter.js';
import { checkIndex } from '../views/pool.js';
import { canRollOut, rollOut } from '../views/rollout.js';
import { tellingHead, type TellingHead } from '../views/telling-head.js';
import { LayerReader } from '../views/reader.js';
import type { Preparation, Setting } from './preparation.js';
import {
  describeStep,
  joined,
  nameOfRole,
  type Layer,
  type Next,
  type GenerationRequest,
  type GenerationResult,
  type Subject,
} from './subject.js';
import type { Task } from './task.js';
import { Turns, urgency, type Urgency } from './turns.js';

/** What an inspection begins with. */
export interface Beginning {
  readonly parameters: ParameterValues;
  readonly interventions?: readonly Intervention[] | undefined;
  /** The model as it is now: its path, and when its files were written. */
  readonly by?: string | undefined;
  /** What this model said before: it comes after the text that was read, and what was set is set then. */
  readonly continuation?: Continuation | undefined;
}

/** What a user has open: answers every question the views ask about it. Layers and heads count from 0. */
export class Inspection {
  private readonly turns = new Turns();
  private readers = new Map<Layer, LayerReader>();
  private revision = 1;
  private halted = false;
  private last: Promise<unknown> = Promise.resolve();
  /** What the model said after the text. */
  private generated: GeneratedTokens = { ids: [], ending: 'length', drawn: false };

  private constructor(
    readonly id: string,
    private readonly preparation: Preparation,
    private readonly runtime: Runtime,
    private parameters: ParameterValues,
    private subject: Subject,
    private readonly by?: string,
  ) {}

  static async open(
    id: string,
    preparation: Preparation,
    runtime: Runtime,
    { parameters, interventions = [], by, continuation }: Beginning,
    task: Task,
  ): Promise<Inspection> {
    try {
      const first =
        continuation === undefined ? { parameters, interventions } : { parameters: {}, interventions: [] };
      const subject = await prepared(preparation, first, task);
      const inspection = new Inspection(id, preparation, runtime, first.parameters, subject, by);
      if (continuation === undefined) return inspection;
      if (subject.next !== undefined) await inspection.continueWith(continuation, task);
      if (Object.keys(parameters).length > 0 || interventions.length > 0) {
        await inspection.change(parameters, task, interventions);
      }
      return inspection;
    } catch (error) {
      await preparation.dispose();
      throw error;
    }
  }

  get summary(): InspectionSummary {
    const { subject } = this;
    return {
      id: this.id,
      revision: this.revision,
      title: subject.title,
      subtitle: subject.subtitle,
      mechanism: subject.mechanism,
      layers: subject.layers.length,
      heads: subject.heads,
      media: subject.media,
      queries: subject.queries,
      keys: subject.keys,
      steps: this.steps,
      parameters: subject.parameters,
      notices: subject.notices,
      continues: subject.next !== undefined,
      ...(subject.next === undefined ? {} : { rows: subject.next.rows }),
      ...(canRollOut(subject) ? { rollout: true as const } : {}),
      ...(subject.classes === undefined ? {} : { classes: subject.classes.logits.length }),
      ...(subject.answers === undefined ? {} : { answers: subject.answers }),
      ...(subject.diagnosis === undefined ? {} : { diagnosis: subject.diagnosis }),
      ...(subject.axes === undefined ? {} : { axes: subject.axes }),
      ...this.continuation,
      ...(this.interventions.length === 0 ? {} : { interventions: this.interventions }),
      plots: this.plotters.map(({ name, title, note }) => ({ name, title, note })),
      timing: { forward: subject.forward },
    };
  }

  get steps(): readonly Step[] {
    return this.layer(0).steps.map(describeStep);
  }

  /**
   * Runs again with some parameters changed. Where that fails, everything stays as it was.
   * @param interventions in place of those that there are; where left out, they stay
   */
  change(
    parameters: ParameterValues,
    task: Task = {},
    interventions?: readonly Intervention[],
  ): Promise<InspectionSummary> {
    return this.alone(async () => {
      const changed = withChanges(this.parameters, parameters);
      const setting = { parameters: changed, interventions: interventions ?? this.interventions };
      this.show(await prepared(this.preparation, setting, task));
      this.parameters = changed;
      return this.summary;
    });
  }

  /**
   * Goes on with the text. What was shown before is part of what is shown then.
   * @throws Error where there is no model that says what comes next; where it fails, everything stays as it was
   */
  async continue(request: ContinueRequest, task: Task = {}): Promise<ContinueResult> {
    const { text, ending } = await this.continueWith(request, task);
    return { text, ending, summary: this.summary };
  }

  /** Lets a continuation that is under way end with what came. */
  halt(): void {
    this.halted = true;
  }

  /** What the model expects after one of the queries. */
  async candidates({ query, count }: CandidatesRequest, task: Task = {}): Promise<Candidates> {
    const { revision } = this;
    checkIndex(query, this.subject.queries.count, 'query');
    return { revision, ...(await this.next.candidates(query, Math.max(1, Math.min(count, 1000)), task)) };
  }

  /** What the model takes the whole for. */
  classes({ count }: Omit<EngineMethods['classes']['params'], 'inspection'>): Classes {
    return { revision: this.revision, classes: likeliest(this.subject, count) };
  }

  preview(request: Omit<EngineMethods['preview']['params'], 'inspection'>): Preview {
    return previewOf(this.subject, request);
  }

  private continueWith(wanted: GenerationRequest, task: Task): Promise<GenerationResult> {
    return this.alone(async () => {
      this.halted = false;
      const { subject, ...further } = await this.next.continueWith(wanted, () => this.halted, task);
      this.generated = joined(this.generated, further);
      this.show(subject);
      return further;
    });
  }

  /** As they were made: spelled out, and known again by what prepares. */
  private get interventions(): readonly Intervention[] {
    return this.subject.interventions ?? [];
  }

  private get continuation(): { readonly continuation?: Continuation } {
    const generated = this.subject.generated ?? this.generated;
    if (this.by === undefined || generated.ids.length === 0) return {};
    return { continuation: { ...generated, by: this.by } };
  }

  /** What makes a new state of it waits for what does so already. */
  private alone<T>(task: () => Promise<T>): Promise<T> {
    const turn = this.last.then(task);
    this.last = turn.catch(() => undefined);
    return turn;
  }

  private show(subject: Subject): void {
    this.subject = subject;
    this.readers = new Map();
    this.revision++;
  }

  private get next(): Next {
    const { next, title } = this.subject;
    if (next === undefined) {
      throw new Error(`${title} says nothing of what comes next: a causal model with a language head does.`);
    }
    return next;
  }

  /** The same input run beside this one with some parameters changed; what it reads stays this one's to close. */
  async variant(
    id: string,
    parameters: ParameterValues,
    task: Task = {},
    interventions: readonly Intervention[] = this.interventions,
  ): Promise<Inspection> {
    const changed = withChanges(this.parameters, parameters);
    const { preparation } = this;
    const shared: Preparation = {
      prepare: (setting, each) => preparation.prepare({ ...setting, beside: true }, each),
      dispose: () => Promise.resolve(),
    };
    return new Inspection(
      id,
      shared,
      this.runtime,
      changed,
      await prepared(shared, { parameters: changed, interventions }, task),
    );
  }

  /** @throws Error where there is no plot of that name */
  async plot(
    { name, layer, head }: { readonly name: string; readonly layer: number; readonly head: number },
    task: Task = {},
  ): Promise<Plot> {
    const [own, reader] = this.at(layer, head);
    const found = this.plotters.find((each) => each.name === name);
    if (found === undefined) {
      const names = this.plotters.map((each) => each.name).join(', ');
      throw new Error(`There is no plot “${name}” here; there are: ${names === '' ? 'none' : names}.`);
    }
    return found.plot({
      layer: own,
      head,
      heads: this.subject.heads,
      parameters: Object.fromEntries(this.subject.parameters.map((each) => [each.name, each.value])),
      read: (value, region) => reader.read(value, region),
      signal: task.signal,
    });
  }

  private get plotters(): readonly Plotter[] {
    return plotters.filter((each) => each.fits(this.layer(0)));
  }

  async slice(request: SliceRequest, task: Task = {}): Promise<Slice> {
    const [layer, reader] = this.at(request.layer, request.head);
    return slice(
      reader,
      layer,
      this.subject.heads,
      request,
      this.revision,
      this.schedule(urgency.picture, task),
    );
  }

  async arithmetic(request: ArithmeticRequest): Promise<Arithmetic> {
    const [layer, reader] = this.at(request.layer, request.head);
    return arithmetic(reader, layer, this.subject.heads, request);
  }

  /**
   * Every head's weights, pooled by their largest to at most `size` × `size`.
   * @param wanted layers; all where left out
   */
  async thumbnails(size: number, task: Task = {}, wanted?: Span): Promise<Thumbnails> {
    const { heads, layers, queries, keys } = this.subject;
    const { start, end } = wanted ?? { start: 0, end: layers.length };
    checkIndex(start, layers.length, 'layer');
    checkIndex(end - 1, layers.length, 'layer');
    if (!(size >= 1 && size <= 256)) throw new RangeError(`Thumbnails are 1 to 256 cells wide, not ${size}.`);
    const to = {
      rows: Math.min(queries.count, Math.floor(size)),
      columns: Math.min(keys.count, Math.floor(size)),
    };
    const from = { rows: queries.count, columns: keys.count };
    const area = to.rows * to.columns;
    const count = Math.max(0, end - start);
    const data = new Float32Array(count * heads * area); // (layer, head, row, column)
    const { revision } = this;
    const schedule = this.schedule(urgency.overview, task);
    for (let index = 0; index < count; index++) {
      const [layer, reader] = this.at(start + index, 0);
      task.progress?.(`Layer ${start + index + 1} of ${layers.length}`, index / count);
      data.set(await pooledWeights(reader, layer, { heads, from, to }, schedule), index * heads * area);
    }
    return { revision, ...to, data };
  }

  /** Every row of the weights of all heads of a layer; those of one head come in order. Masked cells are NaN. */
  async rows(
    index: number,
    take: (head: number, query: number, weights: Float32Array) => void,
    task: Task = {},
  ): Promise<void> {
    const [layer, reader] = this.at(index, 0);
    const { heads: headCount, queries } = this.subject;
    const heads = { start: 0, end: headCount };
    const rows = { start: 0, end: queries.count };
    const request = { step: nameOfRole(layer, 'weights'), heads, headCount, rows };
    for await (const band of bands(reader, layer, request, this.schedule(urgency.overview, task))) {
      const { columns } = band;
      const { start: first } = band.rows;
      const height = band.rows.end - first;
      for (let head = 0; head < headCount; head++) {
        for (let row = 0; row < height; row++) {
          const start = (head * height + row) * columns;
          take(head, first + row, band.data.subarray(start, start + columns));
        }
      }
    }
  }

  /** Whether nothing that is shown looks ahead. */
  get isCausal(): boolean {
    return this.subject.causal === true;
  }

  /** The metrics of one head's weights. */
  async metrics(
    place: { readonly layer: number; readonly head: number },
    task: Task = {},
  ): Promise<Metric[]> {
    const [layer, reader] = this.at(place.layer, place.head);
    const { queries, keys, heads } = this.subject;
    const looked = { head: place.head, heads, queries, keys };
    return metricsOf(reader, layer, looked, this.schedule(urgency.figures, task));
  }

  /** One row or column of the attention through several layers. */
  async rollout(request: Omit<RolloutRequest, 'inspection'>, task: Task = {}): Promise<Rollout> {
    const { revision } = this;
    const data = await rollOut(
      this.subject,
      request,
      (index, rows, take) => this.everyHead(index, rows, take, task),
      (layer, count) => {
        task.progress?.(`Layer ${placeNumber(layer)}`, count);
      },
    );
    return { revision, data };
  }

  /** The head to look at first; undefined where there is nothing to tell it by. */
  tellingHead(task: Task = {}): Promise<TellingHead | undefined> {
    return tellingHead(this.subject, (layer, rows, take) => this.everyHead(layer, rows, take, task));
  }

  /** The rows of a layer's weights that are wanted, each with all heads. Masked cells are NaN. */
  private async everyHead(
    index: number,
    rows: Span,
    take: (query: number, heads: readonly Float32Array[]) => void,
    task: Task,
  ): Promise<void> {
    const [layer, reader] = this.at(index, 0);
    const { heads: headCount } = this.subject;
    const heads = { start: 0, end: headCount };
    const request = { step: nameOfRole(layer, 'weights'), heads, headCount, rows };
    for await (const band of bands(reader, layer, request, this.schedule(urgency.figures, task))) {
      const { columns } = band;
      const height = band.rows.end - band.rows.start;
      for (let row = 0; row < height; row++) {
        const ofHead = (head: number): Float32Array =>
          band.data.subarray((head * height + row) * columns, (head * height + row + 1) * columns);
        take(
          band.rows.start + row,
          Array.from({ length: band.heads }, (_, head) => ofHead(head)),
        );
      }
    }
  }

  /** What one head's numbers show, in words. */
  findings(place: { readonly layer: number; readonly head: number }, task: Task = {}): Promise<Finding[]> {
    const [layer, reader] = this.at(place.layer, place.head);
    const { heads, queries, keys } = this.subject;
    const looked = { head: place.head, heads, queries: queries.count, keys: keys.count };
    return findings(reader, layer, looked, this.schedule(urgency.background, task));
  }

  /** A layer's steps as text that reproduces them, of one head or of all. */
  code({ language, scope }: Omit<CodeRequest, 'inspection'>): string {
    const exporter = exporterNamed(language);
    if (exporter.of !== 'layer') throw new Error(`${exporter.title} is no text for the clipboard.`);
    return exporter.text(layerExport(this.exportSource, { scope, name: '' }));
  }

  /** Something to take away; what the inspection becomes later does not change it. @throws Error where there is no such thing */
  export(request: Omit<ExportRequest, 'inspection'>): OpenExport {
    return new OpenExport(exportFiles(this.exportSource, request));
  }

  private get exportSource(): ExportSource {
    const { summary, subject, turns, readers } = this;
    const reader = (layer: Layer): LayerReader => readers.get(layer) ?? new LayerReader(layer, this.runtime);
    return { summary, layers: subject.layers, heads: subject.heads, turns, reader };
  }

  dispose(): Promise<void> {
    this.readers = new Map();
    return this.preparation.dispose();
  }

  private schedule(level: Urgency, { signal }: Task): Schedule {
    return { turns: this.turns, urgency: level, signal };
  }

  private layer(index: number): Layer {
    const layer = this.subject.layers[checkIndex(index, this.subject.layers.length, 'layer')];
    if (layer === undefined) throw new RangeError(`There is no layer ${index}.`);
    return layer;
  }

  private at(layerIndex: number, head: number): [Layer, LayerReader] {
    const layer = this.layer(layerIndex);
    checkIndex(head, this.subject.heads, 'head');
    const reader = this.readers.get(layer) ?? new LayerReader(layer, this.runtime);
    this.readers.set(layer, reader);
    return [layer, reader];
  }
}

/** What is never done is to leave out an intervention and say nothing of it. */
async function prepared(preparation: Preparation, setting: Setting, task: Task): Promise<Subject> {
  const subject = await preparation.prepare(setting, task);
  const [asked, made] = [setting.interventions ?? [], subject.interventions ?? []];
  if (asked.length === made.length) return subject;
  throw new Error(`${subject.title} cannot be intervened in: it was run without what was to be set.`);
}
