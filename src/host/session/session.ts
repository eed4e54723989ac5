import { CancelledError } from '../../channel.js';
import type { Progress, RequestOptions } from '../../channel.js';
import { nearestPosition } from '../../position.js';
import type {
  CodeRequest,
  ContinueResult,
  ContinueRequest,
  EngineMethods,
  ExportedFile,
  ExporterDescription,
  ExportRequest,
  InspectionSummary,
  Intervention,
  PanelState,
  ParameterValues,
  Picture,
  Position,
  Continuation,
  Variant,
} from '../../protocol.js';
import { startExport } from './running-export.js';
import type { RunningExport } from './running-export.js';
import { Disposable } from '../base/disposable.js';
import { Emitter } from '../base/emitter.js';
import { EngineStoppedError } from '../transports/client.js';
import { firstPicture, tellingPosition } from './position.js';
import type { InspectionRequest, Remembered } from './request.js';
import type {
  Asking,
  ChangeOptions,
  Question,
  SessionEngine,
  SessionOptions,
  Setting,
} from './session-options.js';

/**
 * Something that the user has open: what was asked, where the user is in it, and its life in the engine's process.
 * When that process has died, the next question does the inspection again, with its parameters and what its model had said,
 * before it is answered.
 */
export class Session extends Disposable {
  readonly id: string;
  /** The first words of the text, or the names of the files. */
  readonly label: string;
  /** When it was first asked for, in milliseconds since 1970. */
  private readonly time: number;
  private readonly stateEmitter = this.own(new Emitter<PanelState>());
  private readonly positionEmitter = this.own(new Emitter<Position>());
  private readonly progressEmitter = this.own(new Emitter<Progress>());
  private readonly disposeEmitter = this.own(new Emitter<void>());
  readonly onDidChangeState = this.stateEmitter.event;
  readonly onDidMove = this.positionEmitter.event;
  readonly onDidProgress = this.progressEmitter.event;
  readonly onDidDispose = this.disposeEmitter.event;

  private current: PanelState;
  private place: Position;
  /** The last that worked, as views see it: with this inspection's own id and revisions. */
  private shown: InspectionSummary | undefined;
  private inEngine:
    { readonly id: string; readonly generation: number; readonly revisionOffset: number } | undefined;
  private parameters: ParameterValues;
  private interventions: readonly Intervention[];
  private continuation: Continuation | undefined;
  /** The engine’s ids of what stands beside it. */
  private variants: ReadonlySet<string> = new Set();
  /** Of every run that is under way: a load, a change, what came of a continuation. */
  private readonly running = new Set<AbortController>();
  private loading: Promise<InspectionSummary> | undefined;
  private changing: Promise<void> | undefined;
  private wanted: Setting | undefined;
  /** Whether the head to look at first is still to be found. */
  private seeks: boolean;

  constructor(
    private readonly engine: SessionEngine,
    private asked: InspectionRequest,
    private readonly options: SessionOptions,
  ) {
    super();
    this.id = options.id ?? crypto.randomUUID();
    this.parameters = options.parameters ?? {};
    this.interventions = options.interventions ?? [];
    this.continuation = options.continuation;
    this.place = options.position ?? { layer: 0, head: 0, step: 'weights' };
    this.seeks = options.seeks === true && options.position === undefined;
    this.label = options.label;
    this.time = options.time ?? Date.now();
    this.current = { kind: 'busy', title: this.label };
    this.own(engine.hold());
  }

  get request(): InspectionRequest {
    return this.asked;
  }

  get state(): PanelState {
    return this.current;
  }

  get summary(): InspectionSummary | undefined {
    return this.shown;
  }

  get position(): Position {
    return this.place;
  }

  get remembered(): Remembered {
    return {
      id: this.id,
      label: this.label,
      request: this.asked,
      parameters: this.parameters,
      position: this.place,
      time: this.time,
      ...(this.continuation === undefined ? {} : { continuation: this.continuation }),
    };
  }

  /** Goes to a layer, head, step and cell, as near to the wanted ones as exist. */
  move(position: Position): void {
    const next = this.shown === undefined ? position : nearestPosition(this.shown, position);
    if (JSON.stringify(next) === JSON.stringify(this.place)) return;
    this.place = next;
    if (this.current.kind === 'inspection') this.current = this.stateOf(this.shown);
    this.positionEmitter.fire(next);
  }

  /** Runs it, unless it has run in the process that is there now. */
  ready(signal?: AbortSignal): Promise<InspectionSummary> {
    if (signal?.aborted === true) return Promise.reject(new CancelledError());
    if (this.shown !== undefined && this.inEngine?.generation === this.engine.generation) {
      return Promise.resolve(this.shown);
    }
    this.cancelWith(signal);
    this.loading ??= this.load().finally(() => {
      this.loading = undefined;
    });
    return this.loading;
  }

  /** Runs it once more, after a failure. */
  again(): Promise<InspectionSummary> {
    this.close();
    return this.ready();
  }

  /** Ends every run that is under way; what was shown before it stays. */
  cancel(): void {
    for (const controller of this.running) controller.abort();
  }

  /** Re-runs with some parameters changed. Changes that come while one runs are gathered into the next run. */
  change(
    parameters: ParameterValues,
    { interventions = this.wanted?.interventions, signal }: ChangeOptions = {},
  ): Promise<void> {
    if (signal?.aborted === true) return Promise.reject(new CancelledError());
    this.cancelWith(signal);
    this.wanted = {
      parameters: { ...this.wanted?.parameters, ...parameters },
      ...(interventions === undefined ? {} : { interventions }),
    };
    this.changing ??= this.catchUp().finally(() => {
      this.changing = undefined;
    });
    return this.changing;
  }

  /** A question about what is shown, or about a variant of it. */
  async ask<M extends Question>(
    method: M,
    request: Asking<M>,
    options?: RequestOptions,
  ): Promise<EngineMethods[M]['result']> {
    const result = await this.view(request, (inspection) => {
      // What was left out and the rest are the whole, whichever question it is.
      const params = { ...request, inspection } as EngineMethods[M]['params'];
      return this.engine.request(method, params, options);
    });
    if (this.isVariant(request) || !('revision' in result)) return result;
    return { ...result, revision: this.revision(result.revision) };
  }

  /** Runs the input again beside this inspection, once for each set of changes; the variants of before go. */
  async compare(variants: readonly ParameterValues[], options?: RequestOptions): Promise<readonly Variant[]> {
    const results = await this.view({}, (inspection) =>
      this.engine.request('compare', { inspection, variants }, options),
    );
    this.variants = new Set(results.flatMap((each) => (each.kind === 'variant' ? [each.summary.id] : [])));
    return results;
  }

  /** Goes on with the text, as its model says; what is shown then has the new tokens. */
  async continue(
    request: Omit<ContinueRequest, 'inspection'>,
    options?: RequestOptions,
  ): Promise<Omit<ContinueResult, 'summary'>> {
    const { summary, ...result } = await this.view({}, (inspection) =>
      this.engine.request('continue', { ...request, inspection }, options),
    );
    await this.run((signal) => this.accept(summary, signal));
    return result;
  }

  /** Lets a continuation that is under way end with the tokens that came. */
  async halt(): Promise<void> {
    const { inEngine } = this;
    if (inEngine === undefined || inEngine.generation !== this.engine.generation) return;
    await this.engine.request('halt', { inspection: inEngine.id });
  }

  code(request: Omit<CodeRequest, 'inspection'>, options?: RequestOptions): Promise<string> {
    return this.view({}, (inspection) => this.engine.request('code', { ...request, inspection }, options));
  }

  /** What it can be taken away as. */
  exporters(): Promise<readonly ExporterDescription[]> {
    return this.view({}, (inspection) => this.engine.request('exporters', { inspection }));
  }

  /** The files of an export, before anything is computed. */
  exportFiles(request: Omit<ExportRequest, 'inspection'>): Promise<readonly ExportedFile[]> {
    return this.view({}, (inspection) => this.engine.request('exportFiles', { ...request, inspection }));
  }

  /** Begins an export. Its chunks are computed as they are asked for; whoever stops asking, or aborts, ends it. */
  async export(request: Omit<ExportRequest, 'inspection'>, signal?: AbortSignal): Promise<RunningExport> {
    return this.view({}, (inspection) => startExport(this.engine, { ...request, inspection }, signal));
  }

  override dispose(): void {
    if (this.disposed) return;
    this.cancel();
    this.close();
    this.disposeEmitter.fire(undefined);
    super.dispose();
  }

  /** Lets the engine forget it. */
  private close(): void {
    const { inEngine, engine } = this;
    this.inEngine = undefined;
    if (inEngine === undefined || inEngine.generation !== engine.generation || engine.processId === undefined)
      return;
    // It is gone either way: a process that died in between has forgotten it too.
    engine.request('close', { inspection: inEngine.id }).catch(() => undefined);
  }

  private async load(): Promise<InspectionSummary> {
    this.setState({ kind: 'busy', title: this.label });
    try {
      return await this.run(async (signal) => {
        const { request, answered, summary } = await this.options.open(
          this.engine,
          this.asked,
          this.parameters,
          {
            ...this.reporting(signal),
            interventions: this.interventions,
            roles: (question) => this.options.ask(question, signal),
            continuation: this.continuation,
          },
        );
        this.asked = request;
        this.parameters = { ...this.parameters, ...answered };
        return this.accept(summary, signal);
      });
    } catch (error) {
      this.setState({ kind: 'failed', message: this.options.messageOf(error) });
      throw error;
    }
  }

  private async catchUp(): Promise<void> {
    const before = this.current;
    for (let next = this.wanted; next !== undefined; next = this.wanted) {
      this.wanted = undefined;
      try {
        await this.ready();
        const { inEngine } = this;
        if (inEngine === undefined) throw new CancelledError();
        await this.run(async (signal) => {
          const params = { inspection: inEngine.id, ...next };
          const summary = await this.engine.request('change', params, this.reporting(signal));
          this.parameters = { ...this.parameters, ...next.parameters };
          this.interventions = next.interventions ?? this.interventions;
          return this.accept(summary, signal);
        });
      } catch (error) {
        this.wanted = undefined;
        // What was shown is still true, so it stays; only its controls must be told to go back.
        if (error instanceof EngineStoppedError) this.setState({ kind: 'failed', message: error.message });
        else if (before.kind === 'inspection') this.setState(this.stateOf(this.shown));
        throw error;
      }
    }
  }

  private isVariant({ inspection }: { readonly inspection?: string }): boolean {
    return inspection !== undefined && this.variants.has(inspection);
  }

  /**
   * The variant that is asked about; undefined for the inspection itself.
   * @throws CancelledError for one that is gone: the page that asked is about to be told of what came instead
   */
  private target({ inspection }: { readonly inspection?: string }): string | undefined {
    if (inspection === undefined || inspection === this.id) return undefined;
    if (this.variants.has(inspection)) return inspection;
    throw new CancelledError();
  }

  private async view<T>(
    place: { readonly inspection?: string },
    ask: (inspection: string) => Promise<T>,
    again = true,
  ): Promise<T> {
    await this.ready();
    // A change that is under way is waited for, so that nothing is asked of what is about to be replaced.
    await this.changing?.catch(() => undefined);
    const { inEngine } = this;
    if (inEngine === undefined) throw new CancelledError();
    try {
      return await ask(this.target(place) ?? inEngine.id);
    } catch (error) {
      if (!(error instanceof EngineStoppedError)) throw error;
      // Somebody else's run was ended; this question had no part in it.
      if (again && error.stop.kind === 'unresponsive') return this.view(place, ask, false);
      this.setState({ kind: 'failed', message: error.message });
      throw error;
    }
  }

  private async accept(summary: InspectionSummary, signal: AbortSignal): Promise<InspectionSummary> {
    const { generation } = this.engine;
    if (this.seeks) this.place = await tellingPosition(this.engine, summary, this.place, signal);
    this.seeks = false;
    const seen = await firstPicture(this.engine, summary, this.place, signal);
    const revision = (this.shown?.revision ?? 0) + 1;
    this.inEngine = { id: summary.id, generation, revisionOffset: revision - summary.revision };
    if (this.disposed || signal.aborted) {
      this.close();
      throw new CancelledError();
    }
    this.shown = { ...summary, id: this.id, revision };
    this.continuation = summary.continuation;
    this.variants = new Set();
    this.place = nearestPosition(this.shown, this.place);
    const { shown, id: inspection } = this;
    const picture = seen && { place: { ...seen.place, inspection }, slice: { ...seen.slice, revision } };
    this.setState(this.stateOf(shown, picture));
    return shown;
  }

  private stateOf(summary: InspectionSummary | undefined, picture?: Picture): PanelState {
    if (summary === undefined) return { kind: 'busy', title: this.label };
    const seen = picture === undefined ? {} : { picture };
    return { kind: 'inspection', summary, position: this.place, ...seen };
  }

  private setState(state: PanelState): void {
    if (this.disposed) return;
    this.current = state;
    this.stateEmitter.fire(state);
  }

  private revision(inEngine: number): number {
    return inEngine + (this.inEngine?.revisionOffset ?? 0);
  }

  /** Something that `cancel` ends as long as it is under way, whatever else is. */
  private async run<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const controller = new AbortController();
    this.running.add(controller);
    try {
      return await work(controller.signal);
    } finally {
      this.running.delete(controller);
    }
  }

  private cancelWith(signal: AbortSignal | undefined): void {
    const cancel = (): void => {
      this.cancel();
    };
    signal?.addEventListener('abort', cancel, { once: true });
  }

  private reporting(signal: AbortSignal): RequestOptions & { readonly signal: AbortSignal } {
    return {
      signal,
      onProgress: (progress) => {
        // A page that is not up yet asks for the state when it is.
        if (this.current.kind === 'busy') this.current = { ...this.current, progress };
        this.progressEmitter.fire(progress);
      },
    };
  }
}
