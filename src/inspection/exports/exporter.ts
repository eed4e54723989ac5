import type { Value } from '../../engine/graph.js';
import type { Shape } from '../../engine/tensor.js';
import type { Alignment, ExporterDescription, InspectionSummary, Span, Step } from '../../protocol.js';

/** One file of an export, written in bands: it never stands in memory whole. */
export interface ExportFile {
  readonly name: string;
  /** In bytes: exact, or for text an estimate. */
  readonly size: number;
  /** Its bytes, in order, a few megabytes at most at a time. */
  write(signal: AbortSignal): AsyncIterable<Uint8Array>;
}

/** An array that is read from its first number to its last. */
export interface BandedArray {
  readonly shape: Shape;
  /** Its numbers in row-major order, whole rows of its last axis at a time. */
  bands(signal: AbortSignal): AsyncIterable<Float32Array>;
}

/** A step's numbers, of the layers and heads that were asked for. */
export interface StepExport {
  /** The file's name, without its ending. */
  readonly name: string;
  readonly summary: InspectionSummary;
  readonly step: Step;
  /** Undefined where there are several, which are an axis then. Counted from 0. */
  readonly layer: number | undefined;
  readonly head: number | undefined;
  /** "layer", "head", "query", "key": what the axes of the array count. A group of heads that share keys is one of "head". */
  readonly axes: readonly string[];
  /** Masked cells are NaN. */
  readonly array: BandedArray;
}

/** A tensor that formulas start from, under the name by which a program loads it. */
export interface InputArray extends BandedArray {
  readonly name: string;
}

/** The formulas of a layer, of one head or all. */
export interface LayerExport {
  readonly name: string;
  readonly summary: InspectionSummary;
  /** Labelled, in reading order: of one head alone, where one was asked for. */
  readonly steps: readonly Value[];
  readonly inputs: readonly InputArray[];
  /** "Layer 1 of 6, all 12 heads, of “all-MiniLM-L6-v2”." */
  readonly about: string;
}

interface Described extends Omit<ExporterDescription, 'of'> {
  /** Whether there is something for it to take away. */
  fits(summary: InspectionSummary): boolean;
}

export interface StepExporter extends Described {
  readonly of: 'step';
  files(from: StepExport): readonly ExportFile[];
}

export interface LayerExporter extends Described {
  readonly of: 'layer';
  files(from: LayerExport): readonly ExportFile[];
  /** The text alone, for the clipboard. */
  text(from: LayerExport): string;
}

/** The words of what was said, and when. */
export interface WordsExport {
  readonly name: string;
  readonly summary: InspectionSummary;
  words(signal: AbortSignal): Promise<Alignment>;
}

export interface WordsExporter extends Described {
  readonly of: 'words';
  files(from: WordsExport): readonly ExportFile[];
}

export type Exporter = StepExporter | LayerExporter | WordsExporter;

/** From 0 to `count` − 1, in spans of at most `size`. */
export function* spans(count: number, size: number): Generator<Span> {
  for (let start = 0; start < count; start += size) yield { start, end: Math.min(count, start + size) };
}
