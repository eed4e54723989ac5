import type { ContinueResult, ContinueRequest } from './generation.js';
import type { InspectionSummary, ParameterValues } from './inspection.js';
import type { CodeRequest } from './exports.js';
import type { PictureOffer } from './pictures.js';
import type { Place, Slice } from './views.js';
import type { EngineMethods } from './engine.js';
import type { HeadTypesState } from './head-types.js';

/** Where the user is. Kept by the host, followed by the panel and by the side panel. */
export interface Position {
  readonly layer: number;
  readonly head: number;
  readonly step: string;
  /** The picked cell of that step. */
  readonly cell?: { readonly row: number; readonly column: number };
}

/** Where a page went to, numbered by that page so that it knows the host's answer. */
export interface Move {
  readonly position: Position;
  /** Larger than those of the page's moves before. */
  readonly number: number;
}

/** Where the user is now, as the host has it. */
export interface Moved {
  readonly position: Position;
  /** The number of the page's own move that led here; null of a move that was made elsewhere. Each move of a page is answered. */
  readonly answers: number | null;
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
  | {
      readonly kind: 'busy';
      readonly title: string;
      /** How far it was when the page came up. */
      readonly progress?: PanelNotices['progress'];
    }
  | { readonly kind: 'failed'; readonly message: string };

/** What the host answers to the panel's webview. Inspection ids are the panel's own; the host checks them. */
export type PanelMethods = {
  /** The page is up: the full state comes back. */
  ready: { params: null; result: PanelState };
  slice: EngineMethods['slice'];
  arithmetic: EngineMethods['arithmetic'];
  thumbnails: EngineMethods['thumbnails'];
  metrics: EngineMethods['metrics'];
  findings: EngineMethods['findings'];
  compare: EngineMethods['compare'];
  plot: EngineMethods['plot'];
  candidates: EngineMethods['candidates'];
  rollout: EngineMethods['rollout'];
  classes: EngineMethods['classes'];
  preview: EngineMethods['preview'];
  waveform: EngineMethods['waveform'];
  spectrogram: EngineMethods['spectrogram'];
  samples: EngineMethods['samples'];
  alignment: EngineMethods['alignment'];
  rankHeads: EngineMethods['rankHeads'];
  headRanking: EngineMethods['headRanking'];
  lines: EngineMethods['lines'];
  /** Goes on with the text; progress carries what was said so far, and the new state comes as a notice. */
  continue: {
    params: Omit<ContinueRequest, 'inspection'>;
    result: Omit<ContinueResult, 'summary'>;
  };
  /** Lets a continuation end with the tokens that came. */
  halt: { params: null; result: null };
  /** Puts a layer's code or TeX on the clipboard; says so in the status bar. */
  copyCode: { params: Omit<CodeRequest, 'inspection'>; result: null };
  /** What else could read what is shown; nothing where no model read it. */
  readers: { params: null; result: readonly ReaderChoice[] };
  /** Has another model read it in this panel; the new state comes as a notice, a failure too. */
  readWith: { params: { reader: string }; result: null };
  /** Inspects what was dropped onto the page, where the user is told of failures. */
  drop: { params: Dropped; result: null };
  /** Asks what is to be taken away, unless it is one of its own pictures, and saves it to a file. */
  export: { params: { readonly picture: string } | null; result: null };
  change: { params: { parameters: ParameterValues }; result: null };
  /** What is known of the heads' types. */
  headTypes: { params: null; result: HeadTypesState };
  /** Finds them, with progress and cancel, where the user is told of failures. */
  classifyHeads: { params: null; result: null };
  cancel: { params: null; result: null };
  /** Tries again after a failure. */
  retry: { params: null; result: null };
};

/** A model that reads what is shown, or could. */
export interface ReaderChoice {
  /** What it is asked for by. */
  readonly reader: string;
  readonly name: string;
  /** "BERT · 6 layers × 12 heads" */
  readonly detail: string;
  readonly used: boolean;
}

/** Files of the workspace, or a file from elsewhere. */
export type Dropped =
  | { readonly kind: 'files'; readonly uris: readonly string[] }
  | {
      readonly kind: 'bytes';
      readonly name: string;
      /** "image/png"; empty where the browser cannot tell. */
      readonly type: string;
      /** Null where it is too large to be sent, or cannot be read. */
      readonly bytes: Uint8Array | null;
    };

/** What the panel's webview tells the host. */
export type PanelReports = {
  position: Move;
  /** Hovered, or no longer: paints the source text. */
  hover: {
    readonly axis: 'query' | 'key';
    readonly index: number;
    readonly layer: number;
    readonly head: number;
  } | null;
  /** An answer that is pointed at, by its tokens among the queries, or none: marks it in the source text. */
  answer: {
    readonly first: number;
    readonly last: number;
    /** Whether the editor scrolls to it. */
    readonly reveal: boolean;
  } | null;
  /** A picture was put on the clipboard by the page itself, or why it was not. */
  copiedPicture: PictureOffer & { readonly problem: string | null };
  /** The first heatmap is on screen; milliseconds since the page asked for it. */
  painted: { readonly milliseconds: number };
  error: { readonly message: string };
};

/** What the host tells the panel's webview. */
export type PanelNotices = {
  state: PanelState;
  position: Moved;
  progress: { readonly message: string; readonly fraction: number | null };
  /** More is known of the heads' types than before. */
  headTypes: HeadTypesState;
};
