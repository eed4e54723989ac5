import type { CodeLanguage } from './views.js';

/** Which layers and heads are taken away; they count from 0. */
export interface ExportScope {
  readonly layer: number | 'all';
  readonly head: number | 'all';
}

/** A way to take an inspection away, as a reader chooses it. */
export interface ExporterDescription {
  readonly id: string;
  /** "NumPy array (.npy)" */
  readonly title: string;
  /** One sentence: what is in the file. */
  readonly note: string;
  /** Of the file, without a dot: "npy". */
  readonly extension: string;
  /** What it takes away: a step's numbers, of any layers; the formulas of one layer; or the words that were said, and when. */
  readonly of: 'step' | 'layer' | 'words';
}

export interface ExportRequest {
  readonly inspection: string;
  /** An exporter's id: "npy". */
  readonly exporter: string;
  /** Whose numbers; the weights where left out. An exporter of formulas takes all steps of the layer. */
  readonly step?: string;
  readonly scope: ExportScope;
  /** The file's name without its ending, by which files refer to each other. */
  readonly name: string;
}

/** A file that an export consists of. */
export interface ExportedFile {
  readonly name: string;
  /** In bytes: exact, or for text an estimate. */
  readonly size: number;
}

/** The next bytes of an export. */
export interface ExportChunk {
  /** Which of the export's files they go on; its files come one after the other. */
  readonly file: number;
  readonly bytes: Uint8Array;
  /** How much of the whole is done with them, from 0 to 1. */
  readonly fraction: number;
}

export interface CodeRequest {
  readonly inspection: string;
  readonly language: CodeLanguage;
  readonly scope: ExportScope;
}

/** What the engine answers about exports. Bytes are pulled chunk by chunk, so that nothing of unbounded size crosses a channel. */
export type ExportMethods = {
  /** The exporters that have something to take away here. */
  exporters: { params: { inspection: string }; result: readonly ExporterDescription[] };
  /** How large the files of an export would be. */
  exportFiles: { params: ExportRequest; result: readonly ExportedFile[] };
  /** Begins an export, which stays open until it is closed, or the inspection is. */
  exportStart: {
    params: ExportRequest;
    result: { readonly id: string; readonly files: readonly ExportedFile[] };
  };
  /** The next bytes; null at the end. */
  exportRead: { params: { id: string }; result: ExportChunk | null };
  exportClose: { params: { id: string }; result: null };
  /** A layer's formulas as text, for the clipboard. */
  code: { params: CodeRequest; result: string };
};
