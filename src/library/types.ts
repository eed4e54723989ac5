import type {
  Arithmetic,
  Candidates,
  Classes,
  CodeLanguage,
  CodeRequest,
  ContinueResult,
  Diagnosis,
  ExporterDescription,
  ExportRequest,
  ExportScope,
  Finding,
  InspectionSummary,
  Intervention,
  Metric,
  ModelReference,
  ParameterValues,
  Plot,
  Preview,
  Sampling,
  Slice,
  SliceRequest,
  Span,
  Step,
  WireTensor,
} from '../protocol.js';
import type { TextChange } from '../text-change.js';
import type { PicturesInspection } from './pictures.js';
import type { AnsweringSound, SoundInspection } from './sound.js';

/**
 * What other extensions and plain Node are offered: the same calls with the same results, whether inspections run in this
 * process or in one of their own.
 *
 * Layers, heads, rows and columns count from 0, and layers and heads are 0 where left out. Every failure is an Error whose
 * message is one sentence for people.
 */
export interface Library<File, More extends object> {
  /** Text run through a model, or, with a mechanism, its embeddings alone. */
  inspectText(text: string, options?: InspectTextOptions & Partial<More>): Promise<OpenInspection>;
  /**
   * An image run through a model that reads images. Labels say which patch each row and column is, and where it lies on the image.
   *
   * @example
   * const inspection = await inspectImage('cat.jpg', { model: 'models/vit-base-patch16-224' });
   * const { queries } = inspection.summary; // words: ['[CLS]', '0, 0', …], marks: boxes in pixels, grid: { rows, columns, first }
   * await inspection.slice('weights', { layer: 11, head: 3, rows: [0, 1] }); // where [CLS] looks
   * await inspection.classes(5); // where the model sorts images: { label, probability, … }
   * @param file JPEG, PNG, WebP, GIF, BMP or TIFF, whatever it is called; it is turned as its EXIF data say
   */
  inspectImage(file: File, options?: InspectImageOptions & Partial<More>): Promise<OpenInspection>;
  /**
   * A recording run through a model that writes down what it hears, or with its transcript. Labels say which moment each key stands for.
   *
   * @example
   * const inspection = await inspectAudio('talk.wav', { model: 'models/whisper-base', params: { from: 30, to: 60 } });
   * const { words } = await inspection.alignment(); // { text, start, end, rows }, in seconds
   * for await (const { bytes } of inspection.export('words-srt')) await appendFile('talk.srt', bytes);
   * @param file WAV, FLAC or Ogg Opus, whatever it is called
   */
  inspectAudio(file: File, options?: InspectAudioOptions & Partial<More>): Promise<OpenInspection>;
  /**
   * Tensors run through a mechanism.
   * @param tensors row-major float32, by the mechanism's input names: Q (n, d_k), K (m, d_k), V (m, d_v); X (n, d), W_Q, W_K, W_V (d, d);
   *   with heads and layers in front, (head, n, d_k) and (layer, head, n, d_k), unless `params` say otherwise: `vectorAxes`, `matrixAxes`
   */
  inspectTensors(
    tensors: Readonly<Record<string, WireTensor>>,
    options?: InspectTensorsOptions & Partial<More>,
  ): Promise<OpenInspection>;
  /**
   * Files of tensors run through a mechanism; several files make one inspection.
   * @throws RolesNeeded where names and shapes do not tell what the tensors are
   */
  inspectFiles(
    files: File | readonly File[],
    options?: InspectFilesOptions & Partial<More>,
  ): Promise<OpenInspection>;
  /**
   * Says why the numbers of an implementation are not those of the formula: compares `scores`, `weights` and `output`, whichever
   * are given beside the inputs, with the formula as `params` say it is meant, and looks for the usual slips that give them.
   * The inspection shows the formula; `change({ reading: 'theirs' })` what was given, and each explanation by its `reading`.
   *
   * @example
   * const { diagnosis, dispose } = await explainMismatch({ tensors: { Q, K, V, weights } }, { params: { mask: 'causal' } });
   * console.log(diagnosis.sentence); // “The scores are not scaled. …”
   * @param given files as `inspectFiles` reads them, or tensors by name, row-major float32: (head, n, d_k) or (n, heads · d_k)
   *   for vectors, (head, n, m) for scores and weights, (head, n, d_v) or (n, d_model) for the output
   * @throws RolesNeeded as `inspectFiles`, and Error where nothing of them is a result
   */
  explainMismatch(
    given: GivenMismatch<File>,
    options?: InspectFilesOptions & Partial<More>,
  ): Promise<ExplainedInspection>;
}

/** Where inputs and results of an implementation are. */
export type GivenMismatch<File> =
  { readonly files: File | readonly File[] } | { readonly tensors: Readonly<Record<string, WireTensor>> };

/** The formula beside what was given. */
export interface ExplainedInspection extends OpenInspection {
  readonly diagnosis: Diagnosis;
}

/** Text run through a model, or tensors through a mechanism. Dispose of it when done. */
export interface OpenInspection extends PicturesInspection, SoundInspection {
  /** Sizes, labels, parameters, notices; another one after each run. */
  readonly summary: InspectionSummary;
  /** The formula's steps, in order. */
  readonly steps: readonly Step[];
  /** A part of one step's matrix, for one layer and head: `{ shape: [rows, columns], data }`. Masked cells are NaN. */
  slice(step: string, options?: SliceOptions): Promise<Slice>;
  /** How one cell came about, with its real numbers: [row, column], [head, row, column] or [layer, head, row, column], or by name. */
  arithmetic(step: string, cell: CellIndex): Promise<Arithmetic>;
  metrics(place?: HeadPlace): Promise<readonly Metric[]>;
  /**
   * What a head's numbers show, in words, and in which rows: rows that do not sum to 1, an empty triangle, keys that nothing attends
   * to, NaN, a head that is another one's copy.
   */
  findings(place?: HeadPlace): Promise<readonly Finding[]>;
  /** Curves: what can be plotted is listed in the summary. */
  plot(name: string, place?: HeadPlace): Promise<Plot>;
  /** A layer's code or TeX, which says where its inputs are expected: of the first layer and all its heads where left out. */
  code(language: CodeLanguage, scope?: Partial<ExportScope>): Promise<string>;
  /** What it can be taken away as. */
  exporters(): Promise<readonly ExporterDescription[]>;
  /**
   * Takes it away, by an exporter's id: bytes of one file after the other, in bands of a few megabytes. Of the first layer and
   * all its heads where left out.
   *
   * @example
   * for await (const { file, bytes } of inspection.export('npz', { layer: 'all' })) await appendFile(file, bytes);
   */
  export(exporter: string, options?: ExportOptions): AsyncIterable<ExportedBytes>;
  /** Goes on with the text, where its model says what comes next: greedily, unless the sampling says otherwise. */
  continue(options: ContinueOptions): Promise<ContinueResult>;
  /** What the model expects after a token, the likeliest first. */
  candidates(query: number, count?: number): Promise<Candidates>;
  /** The classes that a model sorts an image into, the likeliest first. @throws Error where the model sorts nothing */
  classes(count?: number): Promise<Classes['classes']>;
  /** An image that was brought, upright, the longer side at most so many pixels. @throws Error where none was brought */
  preview(options?: PreviewOptions): Promise<Preview>;
  /** Runs again with some parameters changed; interventions stay as they are where they are left out. */
  change(params: ParameterValues, options?: ChangeOptions): Promise<InspectionSummary>;
  /** Closes files and frees what was captured. */
  dispose(): Promise<void>;
}

export interface HeadPlace {
  readonly layer?: number;
  readonly head?: number;
}

export type CellIndex = readonly number[] | (HeadPlace & { readonly row: number; readonly column: number });

export interface SliceOptions extends HeadPlace {
  /** Half-open, as an object or as [start, end]; all where left out. */
  readonly rows?: Span | readonly [start: number, end: number];
  readonly columns?: Span | readonly [start: number, end: number];
  readonly pool?: { readonly rows: number; readonly columns: number; readonly by?: 'mean' | 'max' };
  readonly signal?: AbortSignal;
}

export interface PreviewOptions {
  /** At most so many pixels of the longer side, up to 4096; 1024 where left out. */
  readonly side?: number;
  /** Which of the summary's media; the first image where left out. */
  readonly medium?: string;
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
  /** Told all of the text so far, after each token. */
  readonly onText?: (text: string) => void;
}

export interface InspectOptions {
  /** Parameters of the mechanism, by name: `{ causal: 'on', temperature: 0.5 }`. */
  readonly params?: ParameterValues;
  /** Steps that are set from outside while it runs, one after the other: to zero, to their mean, to given values. */
  readonly interventions?: readonly Intervention[];
  /** Cancels: the promise is rejected. */
  readonly signal?: AbortSignal;
}

export interface InspectTextOptions extends InspectOptions {
  /** A checkpoint's folder, or a reference to one. Where left out: VS Code's active model, or in Node the embedded BERT. */
  readonly model?: string | ModelReference;
  /** A mechanism’s id: it runs on the model’s embeddings, and the model itself does not run. */
  readonly mechanism?: string;
  /**
   * With a mechanism: the text of the queries, where that is not the same. With an encoder–decoder model: its target. With one
   * that answers questions: the text that answers, where it does not stand beside its question.
   */
  readonly second?: string;
}

export interface InspectImageOptions extends InspectOptions {
  /** A checkpoint's folder or an ONNX export, or a reference to one. Where left out: the model that VS Code uses for images. */
  readonly model?: string | ModelReference;
  /** What a model that writes about images is to have written; others say that they do not use it. */
  readonly text?: string;
}

export interface InspectAudioOptions extends InspectOptions {
  /** A checkpoint's folder, or a reference to one. Where left out: the model that VS Code uses for recordings. */
  readonly model?: string | ModelReference;
  /** What is said in it, to be aligned; the model writes it where left out. */
  readonly text?: string;
}

export interface InspectTensorsOptions extends InspectOptions {
  /** A mechanism’s id, such as `bahdanau`; told from the tensors' names where left out. */
  readonly mechanism?: string;
}

export interface InspectFilesOptions extends InspectTensorsOptions {
  /** Tensor key → role, as `RoleQuestion` names them, where names and shapes do not tell. */
  readonly roles?: Readonly<Record<string, string>>;
}

/** What is to be opened, whichever way files and models are reached. */
export type Asked<File> = { readonly mechanism?: string } & (
  | {
      readonly kind: 'text';
      readonly texts: readonly [string] | readonly [string, string];
      readonly model?: string | ModelReference;
    }
  | {
      readonly kind: 'audio' | 'image';
      readonly file: File;
      readonly text?: string;
      readonly model?: string | ModelReference;
    }
  | { readonly kind: 'tensors'; readonly tensors: Readonly<Record<string, WireTensor>> }
  | {
      readonly kind: 'files';
      readonly files: readonly File[];
      readonly roles?: Readonly<Record<string, string>>;
    }
);

type At<Request extends { readonly inspection: string }> = Omit<Request, 'inspection'>;

/** Something open that answers: in this process, or in the engine's. */
export interface Answering extends AnsweringSound {
  readonly summary: InspectionSummary;
  slice(request: At<SliceRequest>, signal?: AbortSignal): Promise<Slice>;
  arithmetic(cell: At<SliceRequest> & { readonly row: number; readonly column: number }): Promise<Arithmetic>;
  metrics(place: Required<HeadPlace>): Promise<readonly Metric[]>;
  findings(place: Required<HeadPlace>): Promise<readonly Finding[]>;
  plot(place: Required<HeadPlace> & { readonly name: string }): Promise<Plot>;
  code(request: At<CodeRequest>): Promise<string>;
  exporters(): Promise<readonly ExporterDescription[]>;
  export(request: At<ExportRequest>, signal?: AbortSignal): AsyncIterable<ExportedBytes>;
  continue(
    request: Pick<ContinueOptions, 'sampling' | 'tokens'>,
    options: {
      readonly signal?: AbortSignal;
      readonly onProgress?: (progress: { readonly text?: TextChange }) => void;
    },
  ): Promise<Pick<ContinueResult, 'ending' | 'text'>>;
  candidates(request: { readonly query: number; readonly count: number }): Promise<Candidates>;
  classes(request: { readonly count: number }): Promise<Classes>;
  preview(request: { readonly medium: string; readonly side: number }): Promise<Preview>;
  change(params: ParameterValues, options: ChangeOptions): Promise<unknown>;
  dispose(): Promise<void>;
}
