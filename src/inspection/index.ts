import type {
  Arithmetic,
  Candidates,
  CodeLanguage,
  ContinueResult,
  ExporterDescription,
  ExportScope,
  FileReference,
  InspectionSummary,
  Intervention,
  Material,
  Metric,
  ModelReference,
  OpenRequest,
  ParameterValues,
  Plot,
  ReadBy,
  RoleQuestion,
  Sampling,
  Slice,
  Span,
  Step,
} from '../protocol.js';
import { nodePlatform } from '../platform/node.js';
import { modelAt } from '../models/index.js';
import { Engine } from './core/engine.js';
import { gatherText } from '../text-change.js';
import { Inspection } from './core/inspection.js';
import type { Task } from './core/task.js';
import { describeExporters } from './exports/index.js';

/**
 * Attention in plain Node: no VS Code, no webview.
 *
 * @example
 * const inspection = await inspectTensors({ Q, K, V }, { params: { mask: 'causal' } });
 * const { shape, data } = await inspection.slice('weights');
 * await inspection.dispose();
 */
export interface OpenInspection {
  readonly summary: InspectionSummary;
  readonly steps: readonly Step[];
  /** A part of a step's matrix, for one layer and head (0 where left out). Masked cells are NaN. */
  slice(step: string, options?: SliceOptions): Promise<Slice>;
  /** How one cell came about: [row, column], [head, row, column] or [layer, head, row, column], or by name. */
  arithmetic(step: string, cell: CellIndex): Promise<Arithmetic>;
  metrics(place?: { readonly layer?: number; readonly head?: number }): Promise<readonly Metric[]>;
  /** A layer's code or TeX, which says where its inputs are expected: of the first layer and all its heads where left out. */
  code(language: CodeLanguage, scope?: Partial<ExportScope>): string;
  /** What it can be taken away as. */
  exporters(): readonly ExporterDescription[];
  /**
   * Takes it away, by an exporter's id: bytes of one file after the other, in bands of a few megabytes.
   *
   * @example
   * for await (const { file, bytes } of inspection.export('npz', { layer: 'all' })) await appendFile(file, bytes);
   */
  export(exporter: string, options?: ExportOptions): AsyncIterable<ExportedBytes>;
  /** Curves: what can be plotted is listed in the summary. */
  plot(name: string, place?: { readonly layer?: number; readonly head?: number }): Promise<Plot>;
  /** Goes on with the text, greedily unless the sampling says otherwise. */
  continue(options: ContinueOptions): Promise<ContinueResult>;
  /** What the model expects after a token, the likeliest first. */
  candidates(query: number, count?: number): Promise<Candidates>;
  /** Runs again with some parameters changed; interventions stay as they are where they are left out. */
  change(params: ParameterValues, options?: ChangeOptions): Promise<InspectionSummary>;
  /** Closes files and frees what was captured. */
  dispose(): Promise<void>;
}

export interface SliceOptions {
  readonly layer?: number;
  readonly head?: number;
  readonly rows?: Span | readonly [start: number, end: number];
  readonly columns?: Span | readonly [start: number, end: number];
  readonly pool?: { readonly rows: number; readonly columns: number; readonly by?: 'mean' | 'max' };
  readonly signal?: AbortSignal;
}

export interface ChangeOptions {
  /** In place of those that there are; `[]` for none. */
  readonly interventions?: readonly Intervention[];
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

export interface ContinueOptions {
  /** How many more tokens at most. */
  readonly tokens: number;
  readonly sampling?: Partial<Sampling>;
  readonly signal?: AbortSignal;
  /** Told what was said so far, after each token. */
  readonly onText?: (text: string) => void;
}

export type CellIndex =
  | readonly number[]
  | { readonly layer?: number; readonly head?: number; readonly row: number; readonly column: number };

export interface InspectOptions {
  readonly params?: ParameterValues;
  /** Steps that are set from outside while it runs, one after the other: to zero, to their mean, to given values. */
  readonly interventions?: readonly Intervention[];
  readonly signal?: AbortSignal;
  /** The folder that holds the embedded model, where it is not beside this file's own folder. */
  readonly media?: string;
}

export interface InspectTensorsOptions extends InspectOptions {
  readonly mechanism?: string;
}

export interface InspectFilesOptions extends InspectTensorsOptions {
  /** Tensor key → role, as `RoleQuestion` names them. */
  readonly roles?: Readonly<Record<string, string>>;
}

export interface InspectTextOptions extends InspectOptions {
  /** A checkpoint folder; the embedded model where left out. */
  readonly model?: string | ModelReference;
  /** A mechanism’s id: it runs on the model’s word vectors, and the model itself does not run. */
  readonly mechanism?: string;
  /**
   * With a mechanism: the text of the queries, where that is not the same. With an encoder–decoder model: its target. With one
   * that answers questions: the text that answers, where it does not stand beside its question.
   */
  readonly second?: string;
}

/** Thrown where files do not say which tensor is what; its question lists them. */
export class RolesNeeded extends Error {
  override readonly name = 'RolesNeeded';
  constructor(readonly question: RoleQuestion) {
    super(question.reason);
  }
}

/**
 * Tensors run through a mechanism.
 * @param tensors row-major float32, under the mechanism's input names: Q (n, d_k), K (m, d_k), V (m, d_v); X, W_Q, …
 */
export function inspectTensors(
  tensors: Readonly<Record<string, { readonly shape: readonly number[]; readonly data: Float32Array }>>,
  options: InspectTensorsOptions = {},
): Promise<OpenInspection> {
  return opened({ kind: 'tensors', tensors }, mechanismOf(options), options);
}

/**
 * Matrix files run through a mechanism.
 * @throws RolesNeeded when names and shapes do not tell what the tensors are; FormatError when a file cannot be read
 */
export function inspectFiles(
  paths: string | readonly string[],
  options: InspectFilesOptions = {},
): Promise<OpenInspection> {
  const files: FileReference[] = (typeof paths === 'string' ? [paths] : paths).map((path) => ({
    kind: 'path',
    path,
  }));
  const { roles } = options;
  const material = { kind: 'files' as const, files, ...(roles === undefined ? {} : { roles }) };
  return opened(material, mechanismOf(options), options);
}

/** Text run through a model, or, with a mechanism, its words alone. @throws where the model cannot be read or the text has no token. */
export function inspectText(text: string, options: InspectTextOptions = {}): Promise<OpenInspection> {
  const { model, second } = options;
  const texts = second === undefined ? ([text] as const) : ([text, second] as const);
  const reference = typeof model === 'string' ? modelAt(model) : model;
  const by = { ...mechanismOf(options), ...(reference === undefined ? {} : { model: reference }) };
  return opened({ kind: 'text', texts }, by, options);
}

/** Inspections share one engine, which goes when the last of them is disposed of. */
const shared = new Map<string, { readonly engine: Engine; users: number }>();

/** What the three calls come to. */
async function opened(material: Material, by: ReadBy, options: InspectOptions): Promise<OpenInspection> {
  const platform = nodePlatform();
  const media = options.media ?? platform.paths.join(__dirname, '..', 'media');
  const user = shared.get(media) ?? { engine: new Engine(platform, media), users: 0 };
  shared.set(media, user);
  user.users++;
  const leave = async (): Promise<void> => {
    user.users--;
    if (user.users > 0) return;
    shared.delete(media);
    await user.engine.dispose();
  };
  try {
    const task = options.signal === undefined ? {} : { signal: options.signal };
    const result = await user.engine.open({ material, by, ...settingOf(options) }, task);
    if (!(result instanceof Inspection)) throw new RolesNeeded(result);
    return wrap(result, user.engine, leave);
  } catch (error) {
    await leave();
    throw error;
  }
}

function wrap(inspection: Inspection, engine: Engine, leave: () => Promise<void>): OpenInspection {
  let disposed: Promise<void> | undefined;
  return {
    get summary() {
      return inspection.summary;
    },
    get steps() {
      return inspection.steps;
    },
    slice: (step, { layer = 0, head = 0, rows, columns, pool, signal } = {}) =>
      inspection.slice(
        {
          inspection: inspection.id,
          step,
          layer,
          head,
          ...(rows === undefined ? {} : { rows: spanOf(rows) }),
          ...(columns === undefined ? {} : { columns: spanOf(columns) }),
          ...(pool === undefined ? {} : { pool: { by: 'max', ...pool } }),
        },
        signal === undefined ? {} : { signal },
      ),
    arithmetic: (step, cell) => inspection.arithmetic({ inspection: inspection.id, step, ...cellOf(cell) }),
    metrics: ({ layer = 0, head = 0 } = {}) => inspection.metrics({ layer, head }),
    plot: (name, { layer = 0, head = 0 } = {}) => inspection.plot({ name, layer, head }),
    code: (language, { layer = 0, head = 'all' } = {}) =>
      inspection.code({ language, scope: { layer, head } }),
    exporters: () => describeExporters(inspection.summary),
    export: (exporter, options) => exported(inspection, exporter, options),
    continue: ({ tokens, sampling, signal, onText }) =>
      inspection.continue(
        { inspection: inspection.id, tokens, ...(sampling === undefined ? {} : { sampling }) },
        {
          ...(signal === undefined ? {} : { signal }),
          ...(onText === undefined ? {} : { progress: withText(onText) }),
        },
      ),
    candidates: (query, count = 10) => inspection.candidates({ inspection: inspection.id, query, count }),
    change: (params, { interventions, signal } = {}) =>
      inspection.change(params, signal === undefined ? {} : { signal }, interventions),
    dispose: () => (disposed ??= engine.close(inspection.id).then(leave)),
  };
}

/** A task's progress that tells of all that was written so far, whenever there is more of it. */
function withText(onText: (text: string) => void): NonNullable<Task['progress']> {
  const gather = gatherText(onText);
  return (_message, _fraction, text) => {
    gather(text === undefined ? {} : { text });
  };
}

async function* exported(
  inspection: Inspection,
  exporter: string,
  { layer = 0, head = 'all', step, name = 'attention', signal }: ExportOptions = {},
): AsyncGenerator<ExportedBytes> {
  const open = inspection.export({
    exporter,
    name,
    scope: { layer, head },
    ...(step === undefined ? {} : { step }),
  });
  try {
    for (let next = await open.read(signal); next !== null; next = await open.read(signal)) {
      yield { file: open.files[next.file]?.name ?? name, bytes: next.bytes };
    }
  } finally {
    await open.close();
  }
}

function spanOf(span: Span | readonly [number, number]): Span {
  return 'start' in span ? span : { start: span[0], end: span[1] };
}

function cellOf(cell: CellIndex): { layer: number; head: number; row: number; column: number } {
  if ('row' in cell) return { layer: 0, head: 0, ...cell };
  const [column = 0, row = 0, head = 0, layer = 0] = cell.toReversed();
  return { layer, head, row, column };
}

function mechanismOf({ mechanism }: Pick<InspectTensorsOptions, 'mechanism'>): { mechanism?: string } {
  return mechanism === undefined ? {} : { mechanism };
}

function settingOf({
  params,
  interventions,
}: InspectOptions): Pick<OpenRequest, 'parameters' | 'interventions'> {
  return {
    ...(params === undefined ? {} : { parameters: params }),
    ...(interventions === undefined ? {} : { interventions }),
  };
}

export type {
  Arithmetic,
  Candidates,
  CodeLanguage,
  ContinueResult,
  ExporterDescription,
  ExportScope,
  InspectionSummary,
  Intervention,
  InterventionValue,
  Metric,
  ModelReference,
  ParameterValues,
  Plot,
  RoleQuestion,
  Sampling,
  Slice,
  Span,
  Step,
} from '../protocol.js';
