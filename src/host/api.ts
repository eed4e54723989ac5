import { Uri } from 'vscode';
import type {
  Arithmetic,
  Candidates,
  CodeLanguage,
  ContinueResult,
  ExporterDescription,
  ExportScope,
  InspectionSummary,
  Metric,
  ModelReference,
  ParameterValues,
  Plot,
  Sampling,
  Slice,
  Span,
  Step,
  WireTensor,
} from '../protocol.js';
import { gatherText } from '../text-change.js';
import { modelAt } from './models/model-path.js';
import type { EngineClient } from './transports/client.js';
import { createSession } from './session/create.js';
import type { Session } from './session/session.js';
import type { InspectionRequest } from './session/request.js';
import { activeModel } from './base/settings.js';

export interface InspectOptions {
  /** Parameters of the mechanism, by name: `{ mask: 'causal', temperature: 0.5 }`. */
  readonly params?: ParameterValues;
  /** Cancels: the promise is rejected at once with a `CancelledError`. */
  readonly signal?: AbortSignal;
}

export interface InspectTextOptions extends InspectOptions {
  /** A checkpoint's folder, or a reference to one; the user's active model where left out. */
  readonly model?: string | ModelReference;
  /** A mechanism’s id: it runs on the model’s word vectors, and the model itself does not run. */
  readonly mechanism?: string;
  /** With a mechanism: the text of the queries, where that is not the same. With an encoder–decoder model: its target. */
  readonly second?: string;
}

export interface InspectTensorsOptions extends InspectOptions {
  /** A mechanism’s id, such as `bahdanau`; told from the tensors' names where left out. */
  readonly mechanism?: string;
}

export interface InspectFilesOptions extends InspectTensorsOptions {
  /** Tensor key → role, where names and shapes do not tell. */
  readonly roles?: Readonly<Record<string, string>>;
}

export interface SliceOptions {
  /** Layers and heads count from 0, and are 0 where left out. */
  readonly layer?: number;
  readonly head?: number;
  /** Half-open; all where left out. */
  readonly rows?: Span;
  readonly columns?: Span;
  readonly pool?: { readonly rows: number; readonly columns: number; readonly by?: 'mean' | 'max' };
  readonly signal?: AbortSignal;
}

export interface ExportOptions extends Partial<ExportScope> {
  /** Whose numbers; the weights where left out. */
  readonly step?: string;
  /** Of the files, without their endings; a program names its inputs so. */
  readonly name?: string;
  readonly signal?: AbortSignal;
}

/** The next bytes of one of an export's files. */
export interface ExportedBytes {
  readonly file: string;
  readonly bytes: Uint8Array;
}

export interface Cell {
  readonly layer?: number;
  readonly head?: number;
  readonly row: number;
  readonly column: number;
}

export interface ContinueOptions {
  /** How many more tokens at most. */
  readonly tokens: number;
  readonly sampling?: Partial<Sampling>;
  readonly signal?: AbortSignal;
  /** Told what was said so far, after each token. */
  readonly onText?: (text: string) => void;
}

/** Text run through a model, or tensors through a mechanism. Dispose of it when done. */
export interface AttentionInspection {
  /** Sizes, labels, parameters, notices. */
  summary(): InspectionSummary;
  /** The formula's steps, in order. */
  steps(): readonly Step[];
  /** A part of one step's matrix, for one layer and head: `{ shape: [rows, columns], data }`, masked entries NaN. */
  slice(step: string, options?: SliceOptions): Promise<Slice>;
  /** How one cell came about, with its real numbers. */
  arithmetic(step: string, cell: Cell): Promise<Arithmetic>;
  metrics(place?: { readonly layer?: number; readonly head?: number }): Promise<readonly Metric[]>;
  /** Curves: what can be plotted is listed in the summary. */
  plot(name: string, place?: { readonly layer?: number; readonly head?: number }): Promise<Plot>;
  /** A layer's code or TeX, which says where its inputs are expected: of the first layer and all its heads where left out. */
  code(language: CodeLanguage, scope?: Partial<ExportScope>): Promise<string>;
  /** What it can be taken away as. */
  exporters(): Promise<readonly ExporterDescription[]>;
  /** Takes it away, by an exporter's id: bytes of one file after the other, in bands of a few megabytes. */
  export(exporter: string, options?: ExportOptions): AsyncIterable<ExportedBytes>;
  /** Goes on with the text, where its model says what comes next: greedily, unless the sampling says otherwise. */
  continue(options: ContinueOptions): Promise<Omit<ContinueResult, 'summary'>>;
  /** What the model expects after a token, the likeliest first. */
  candidates(query: number, count?: number): Promise<Candidates>;
  /** Runs again with some parameters changed. */
  change(params: ParameterValues): Promise<void>;
  dispose(): void;
}

/**
 * What `activate()` gives to other extensions. Everything runs in the engine's own process; every failure is an Error whose
 * message is one sentence for people.
 */
export interface AttentionInspectorApi {
  inspectText(text: string, options?: InspectTextOptions): Promise<AttentionInspection>;
  /** @param tensors by input name: Q (n, d_k), K (m, d_k), V (m, d_v); X (n, d), W_Q, W_K, W_V (d, d) */
  inspectTensors(
    tensors: Readonly<Record<string, WireTensor>>,
    options?: InspectTensorsOptions,
  ): Promise<AttentionInspection>;
  /** Several files make one inspection. */
  inspectFiles(files: readonly (Uri | string)[], options?: InspectFilesOptions): Promise<AttentionInspection>;
  /** For diagnostics and benchmarks. */
  readonly engine: {
    /** Undefined while no process runs. */
    readonly processId: number | undefined;
    /** Bytes, as the process itself sees them. */
    memory(): Promise<{ readonly resident: number; readonly peak: number }>;
  };
}

export function createApi(engine: EngineClient): AttentionInspectorApi {
  const open = async (
    request: InspectionRequest,
    { params, signal }: InspectOptions,
  ): Promise<AttentionInspection> => {
    const inspection = createSession(engine, request, {
      ...(params === undefined ? {} : { parameters: params }),
      ask: ({ reason }) => Promise.reject(new Error(reason)),
    });
    try {
      await inspection.ready(signal);
    } catch (error) {
      inspection.dispose();
      throw error;
    }
    return present(inspection);
  };
  return {
    inspectText: (text, { model, mechanism, second, ...options } = {}) =>
      open(
        {
          kind: 'text',
          texts: second === undefined ? [text] : [text, second],
          model: referenceOf(model),
          ...(mechanism === undefined ? {} : { mechanism }),
        },
        options,
      ),
    inspectTensors: (tensors, { mechanism, ...options } = {}) =>
      open({ kind: 'tensors', tensors, ...(mechanism === undefined ? {} : { mechanism }) }, options),
    inspectFiles: (files, { mechanism, roles, ...options } = {}) =>
      open(
        {
          kind: 'files',
          uris: files.map((file) => (typeof file === 'string' ? Uri.file(file) : file).toString()),
          ...(mechanism === undefined ? {} : { mechanism }),
          ...(roles === undefined ? {} : { roles }),
        },
        options,
      ),
    engine: {
      get processId() {
        return engine.processId;
      },
      memory: () => engine.request('memory', null),
    },
  };
}

function referenceOf(model: string | ModelReference | undefined): ModelReference {
  if (model === undefined) return activeModel();
  return typeof model === 'string' ? modelAt(model) : model;
}

async function* exported(
  inspection: Session,
  exporter: string,
  { layer = 0, head = 'all', step, name = 'attention', signal }: ExportOptions = {},
): AsyncGenerator<ExportedBytes> {
  const { files, chunks } = await inspection.export(
    { exporter, name, scope: { layer, head }, ...(step === undefined ? {} : { step }) },
    signal,
  );
  for await (const { file, bytes } of chunks) yield { file: files[file]?.name ?? name, bytes };
}

function present(inspection: Session): AttentionInspection {
  const summary = (): InspectionSummary => {
    if (inspection.summary === undefined) throw new Error(`“${inspection.label}” has not run.`);
    return inspection.summary;
  };
  return {
    summary,
    steps: () => summary().steps,
    slice: (step, { layer = 0, head = 0, rows, columns, pool, signal } = {}) =>
      inspection.slice(
        {
          step,
          layer,
          head,
          ...(rows === undefined ? {} : { rows }),
          ...(columns === undefined ? {} : { columns }),
          ...(pool === undefined ? {} : { pool: { by: 'max', ...pool } }),
        },
        signal === undefined ? {} : { signal },
      ),
    arithmetic: (step, { layer = 0, head = 0, row, column }) =>
      inspection.arithmetic({ step, layer, head, row, column }),
    metrics: ({ layer = 0, head = 0 } = {}) => inspection.metrics({ layer, head }),
    plot: (name, { layer = 0, head = 0 } = {}) => inspection.plot({ name, layer, head }),
    code: (language, { layer = 0, head = 'all' } = {}) =>
      inspection.code({ language, scope: { layer, head } }),
    exporters: () => inspection.exporters(),
    export: (exporter, options) => exported(inspection, exporter, options),
    continue: ({ tokens, sampling, signal, onText }) =>
      inspection.continue(
        { tokens, ...(sampling === undefined ? {} : { sampling }) },
        {
          ...(signal === undefined ? {} : { signal }),
          ...(onText === undefined ? {} : { onProgress: gatherText(onText) }),
        },
      ),
    candidates: (query, count = 10) => inspection.candidates({ query, count }),
    change: (params) => inspection.change(params),
    dispose: () => {
      inspection.dispose();
    },
  };
}
