/**
 * Every message between the engine process, the extension host and the webviews.
 * This file imports nothing. Numbers travel in typed arrays: plain JSON would turn NaN and −∞ into null.
 *
 * Axis order is [layer, head, query, key]; layers and heads count from 0 here and are shown from 1.
 */

/** Row-major float32 numbers. */
export interface WireTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** Half-open. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

// ---------------------------------------------------------------- what is inspected

/** A file on the engine's own disk, or, for virtual workspaces, its bytes. */
export type FileReference =
  | { readonly kind: 'path'; readonly path: string }
  | { readonly kind: 'bytes'; readonly name: string; readonly bytes: Uint8Array };

/** A checkpoint folder, the embedded one, or one of those that come along for written dates. */
export type ModelReference =
  | { readonly kind: 'embedded' }
  | { readonly kind: 'folder'; readonly path: string }
  | { readonly kind: 'dates'; readonly score: DateScore };

/** The attention of a date model. */
export type DateScore = 'bahdanau' | 'luong' | 'transformer';

export interface ModelDescription {
  readonly reference: ModelReference;
  readonly name: string;
  /** "BERT" */
  readonly family: string;
  readonly layers: number;
  readonly heads: number;
  /** d_model */
  readonly width: number;
  /** The longest input, in tokens. */
  readonly limit: number;
  /** In bytes, of the weights on disk. */
  readonly size: number;
}

/** A mechanism as lists show it. */
export interface MechanismDescription {
  readonly id: string;
  readonly title: string;
  /** Where it was published. */
  readonly source: string;
}

/** What was found where a checkpoint was looked for: a model, or the sentence that says why it is none. */
export type FoundModel =
  | { readonly kind: 'model'; readonly model: ModelDescription }
  | { readonly kind: 'unusable'; readonly path: string; readonly reason: string };

/** A parameter of a mechanism, with what it takes, so that a view can offer it without knowing the mechanism. */
export type Parameter = {
  readonly name: string;
  /** "Mask", "Temperature" */
  readonly title: string;
  /** One sentence: what it does. */
  readonly note: string;
  /** Only then is it of use: another parameter's name and values. */
  readonly when?: { readonly parameter: string; readonly is: readonly ParameterValue[] };
} & (
  | {
      readonly kind: 'choice';
      readonly value: string;
      readonly standard: string;
      readonly choices: readonly { readonly value: string; readonly title: string }[];
    }
  | {
      readonly kind: 'number';
      readonly value: number;
      readonly standard: number;
      readonly minimum: number;
      readonly maximum: number;
      /** 1 for whole numbers; 0 for any. */
      readonly step: number;
      readonly logarithmic?: boolean;
    }
);

export type ParameterValue = string | number;
export type ParameterValues = Readonly<Record<string, ParameterValue>>;

/** The names along one side of a matrix. */
export interface Labels {
  readonly count: number;
  /** One a row or column; where there are none, positions count from 0. */
  readonly words?: readonly string[];
  /** Each word's place in the inspected text, in UTF-16 units; null for a special token such as [CLS]. */
  readonly places?: readonly (Span | null)[];
}

/** One step of the mechanism, the same for every layer and head but for its numbers. */
export interface Step {
  /** Unique within an inspection: "Q", "scores", "weights". */
  readonly name: string;
  /** "Queries" */
  readonly title: string;
  /** The formula, in TeX, as the graph that runs says it: "Q_h = X W^Q_h + b^Q_h". */
  readonly tex: string;
  /** The left side alone: "Q_h". */
  readonly symbol: string;
  /** One or two sentences: what this step is for. */
  readonly note: string;
  /** What rows and columns count, and how many there are, for one layer and one head. */
  readonly rows: AxisDescription;
  readonly columns: AxisDescription;
  /** How its numbers lie: 0 to 1 in rows that sum to 1, or around 0. */
  readonly scale: 'weights' | 'signed';
  /** False for what is the same for all heads of a layer (X, concat, the layer's output). */
  readonly perHead: boolean;
  /** True for what has a matrix of its own for each query: the one of the picked query is shown. */
  readonly perQuery: boolean;
  /** What it is a part of, the same in every mechanism, so that mechanisms can be laid side by side. */
  readonly phase: Phase;
}

export type Phase = 'input' | 'score' | 'normalisation' | 'sum' | 'gradient';

export interface AxisDescription {
  readonly axis: AxisName;
  readonly size: number;
}

/**
 * `feature` is d_k, `value` d_v, `model` d_model, `hidden` a hidden layer's units, `sample` the draws of a random choice.
 * Queries and keys bear the inspection's labels.
 */
export type AxisName = 'query' | 'key' | 'feature' | 'value' | 'model' | 'hidden' | 'sample';

export interface InspectionSummary {
  readonly id: string;
  /** Grows with every re-run; a reply to an older revision is out of date. */
  readonly revision: number;
  /** "all-MiniLM-L6-v2", "Q.npy, K.npy, V.npy" */
  readonly title: string;
  /** "BERT · 6 layers × 12 heads · 15 tokens" */
  readonly subtitle: string;
  readonly mechanism: { readonly id: string; readonly title: string };
  readonly layers: number;
  readonly heads: number;
  readonly queries: Labels;
  readonly keys: Labels;
  readonly steps: readonly Step[];
  readonly parameters: readonly Parameter[];
  /** Sentences worth a line of their own: "The model reads 512 tokens at a time; the first 512 of 830 were used." */
  readonly notices: readonly string[];
  /** What can be plotted of it. */
  readonly plots: readonly { readonly name: string; readonly title: string; readonly note: string }[];
  /** What the last run took, in milliseconds. */
  readonly timing: { readonly forward: number };
}

/** One input run with other parameters, or through another mechanism; or the sentence that says why it cannot be. */
export type Variant =
  | { readonly kind: 'variant'; readonly summary: InspectionSummary }
  | { readonly kind: 'failed'; readonly message: string };

/** A tensor in a file whose role could not be told, and what it may be. */
export interface RoleQuestion {
  readonly tensors: readonly {
    readonly key: string;
    readonly name: string;
    readonly file: string;
    readonly shape: readonly number[];
  }[];
  readonly roles: readonly { readonly role: string; readonly title: string }[];
  /** What has been told already, by name and shape: tensor key → role. */
  readonly known: Readonly<Record<string, string>>;
  /** Why it asks, in a sentence. */
  readonly reason: string;
}

export type FilesResult =
  | { readonly kind: 'inspection'; readonly summary: InspectionSummary }
  | { readonly kind: 'question'; readonly question: RoleQuestion };

// ---------------------------------------------------------------- what is looked at

export interface Place {
  readonly inspection: string;
  readonly layer: number;
  readonly head: number;
  readonly step: string;
  /** The picked query, for a step that has a matrix for each; the first where left out. */
  readonly query?: number;
}

export interface SliceRequest extends Place {
  /** All where left out. */
  readonly rows?: Span;
  readonly columns?: Span;
  /** Pooled down to at most this many rows and columns. */
  readonly pool?: { readonly rows: number; readonly columns: number; readonly by: 'mean' | 'max' };
}

/** A part of one step's matrix. Masked entries are NaN. */
export interface Slice extends WireTensor {
  readonly revision: number;
  readonly rows: Span;
  readonly columns: Span;
  /** Rows, counted in the whole matrix, that have nothing to attend to: every key is masked. */
  readonly emptyRows: Uint32Array;
  /** Of the finite numbers in the part before pooling; both 0 where there are none. */
  readonly minimum: number;
  readonly maximum: number;
}

export interface ArithmeticRequest extends Place {
  readonly row: number;
  readonly column: number;
}

/** How one cell came about, with its real numbers. */
export interface Arithmetic {
  readonly step: string;
  readonly row: number;
  readonly column: number;
  /** The cell itself, as it ran in float32; NaN where masked. */
  readonly value: number;
  /** "S_{11,3} = q_{11} \cdot k_3 = 0.83 \cdot 1.12 + 0.41 \cdot 0.95 + \cdots = 17.57": the largest terms first. */
  readonly tex: string;
  /** The sums that it is made of, term by term. Empty for a step that is given rather than computed. */
  readonly sums: readonly Sum[];
  /** In words, where numbers are not the whole story: "Masked: key 7 comes after query 3." */
  readonly remark?: string;
}

/** A sum's terms as aligned columns: q, k, q·k; or score, exponential, weight. */
export interface Sum {
  /** What the terms count. */
  readonly axis: AxisName;
  /** The index of the first term. */
  readonly start: number;
  readonly columns: readonly {
    /** "q_{11}" */
    readonly tex: string;
    readonly values: Float32Array;
    /** Where the column adds up to something that the formula uses. */
    readonly total?: number;
  }[];
  /** The term that the picked cell is, in a softmax's row. */
  readonly picked?: number;
}

/** All heads of all layers, each pooled to `size` × `size` at most. */
export interface Thumbnails {
  readonly revision: number;
  readonly rows: number;
  readonly columns: number;
  /** [layer, head, row, column] */
  readonly data: Float32Array;
}

export interface Metric {
  readonly name: string;
  readonly title: string;
  readonly note: string;
  readonly value: number;
  /** "nats", "tokens", or nothing. */
  readonly unit: string;
  /** What a full bar stands for. */
  readonly full: number;
}

/** Curves over one quantity, in panels below each other that share their horizontal axis. */
export interface Plot {
  readonly name: string;
  readonly title: string;
  /** One or two sentences: what is to be seen. */
  readonly note: string;
  readonly x: { readonly title: string; readonly logarithmic: boolean; readonly values: Float64Array };
  readonly panels: readonly {
    readonly title: string;
    readonly unit: string;
    readonly logarithmic: boolean;
    /** NaN where there is nothing. `expected` is what theory says, `measured` what was computed. */
    readonly series: readonly {
      readonly title: string;
      readonly kind: 'measured' | 'expected';
      readonly values: Float64Array;
    }[];
  }[];
}

export type CodeLanguage = 'numpy' | 'pytorch' | 'latex';

// ---------------------------------------------------------------- channels

/** Method → what is sent and what comes back. */
export type Methods = Readonly<Record<string, { readonly params: unknown; readonly result: unknown }>>;
/** Name → what is told, with no reply. */
export type Notices = Readonly<Record<string, unknown>>;

/** What the engine process answers. */
export type EngineMethods = {
  inspectText: {
    params: {
      text: string;
      model: ModelReference;
      /** With a mechanism's id, the model gives only its word vectors, and the mechanism runs on them. */
      mechanism?: string;
      /** With a mechanism: the text of the queries, where that is not the same. */
      second?: string;
      parameters?: ParameterValues;
    };
    result: InspectionSummary;
  };
  inspectFiles: {
    params: {
      files: readonly FileReference[];
      roles?: Readonly<Record<string, string>>;
      mechanism?: string;
      parameters?: ParameterValues;
    };
    result: FilesResult;
  };
  inspectTensors: {
    params: {
      tensors: Readonly<Record<string, WireTensor>>;
      mechanism?: string;
      parameters?: ParameterValues;
    };
    result: InspectionSummary;
  };
  /** Re-runs with some parameters changed. */
  change: { params: { inspection: string; parameters: ParameterValues }; result: InspectionSummary };
  slice: { params: SliceRequest; result: Slice };
  arithmetic: { params: ArithmeticRequest; result: Arithmetic };
  thumbnails: { params: { inspection: string; size: number }; result: Thumbnails };
  metrics: { params: { inspection: string; layer: number; head: number }; result: readonly Metric[] };
  code: {
    params: { inspection: string; layer: number; head: number; language: CodeLanguage };
    result: string;
  };
  /**
   * Runs the inspection's input again beside it, once for each set of changes to its parameters. A variant is asked for
   * slices, arithmetic, thumbnails and metrics like an inspection; those of the call before go, and all with the inspection.
   */
  compare: {
    params: { inspection: string; variants: readonly ParameterValues[] };
    result: readonly Variant[];
  };
  plot: { params: { inspection: string; layer: number; head: number; name: string }; result: Plot };
  close: { params: { inspection: string }; result: null };
  /** Looks for checkpoints in these folders, not deeper than a few levels. */
  models: { params: { folders: readonly string[] }; result: readonly FoundModel[] };
  /** Every mechanism there is, for lists. */
  mechanisms: { params: null; result: readonly MechanismDescription[] };
  /** For diagnostics and the benchmark: bytes, as the process itself sees them. */
  memory: { params: null; result: { readonly resident: number; readonly peak: number } };
};

/** What the engine process tells without being asked. */
export type EngineNotices = {
  log: { level: 'info' | 'warning' | 'error'; message: string };
};

/** Where the user is. Kept by the host, followed by the panel and by the side panel. */
export interface Position {
  readonly layer: number;
  readonly head: number;
  readonly step: string;
  /** The picked cell of that step. */
  readonly cell?: { readonly row: number; readonly column: number };
}

/** A whole matrix, a number a cell, and where it belongs. */
export interface Picture {
  readonly place: Place;
  readonly slice: Slice;
}

export type PanelState =
  | {
      readonly kind: 'inspection';
      readonly summary: InspectionSummary;
      readonly position: Position;
      /** What is looked at first, where it is small and soon there: it need not be asked for. */
      readonly picture?: Picture;
    }
  | { readonly kind: 'busy'; readonly title: string }
  | { readonly kind: 'failed'; readonly message: string };

/** What the host answers to the panel's webview. Inspection ids are the panel's own; the host checks them. */
export type PanelMethods = {
  /** The page is up: the full state comes back. */
  ready: { params: null; result: PanelState };
  slice: EngineMethods['slice'];
  arithmetic: EngineMethods['arithmetic'];
  thumbnails: EngineMethods['thumbnails'];
  metrics: EngineMethods['metrics'];
  compare: EngineMethods['compare'];
  plot: EngineMethods['plot'];
  /** Puts code or TeX on the clipboard; says so in the status bar. */
  copyCode: { params: { layer: number; head: number; language: CodeLanguage }; result: null };
  change: { params: { parameters: ParameterValues }; result: null };
  cancel: { params: null; result: null };
  /** Tries again after a failure. */
  retry: { params: null; result: null };
};

/** What the panel's webview tells the host. */
export type PanelReports = {
  position: Position;
  /** Hovered, or no longer: paints the source text. */
  hover: {
    readonly axis: 'query' | 'key';
    readonly index: number;
    readonly layer: number;
    readonly head: number;
  } | null;
  /** The first heatmap is on screen; milliseconds since the page asked for it. */
  painted: { readonly milliseconds: number };
  error: { readonly message: string };
};

/** What the host tells the panel's webview. */
export type PanelNotices = {
  state: PanelState;
  position: Position;
  progress: { readonly message: string; readonly fraction: number | null };
};

/** The side panel's Explore view. */
export type ExploreState =
  | { readonly kind: 'none' }
  | { readonly kind: 'inspection'; readonly summary: InspectionSummary; readonly position: Position };

export type ExploreMethods = {
  ready: { params: null; result: ExploreState };
  change: { params: { parameters: ParameterValues }; result: null };
  /** Starts an inspection of the selection, for the empty state's button. */
  inspectSelection: { params: null; result: null };
};

export type ExploreReports = {
  position: Position;
};

export type ExploreNotices = {
  state: ExploreState;
};
