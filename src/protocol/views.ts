import type { Span, WireTensor } from './wire.js';
import type { Sum as EngineSum } from '../engine/graph.js';
import type { AxisName } from './inspection.js';

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

/** A sum's terms as they are sent. */
export interface Sum extends Omit<EngineSum<Float32Array>, 'axis'> {
  /** What the terms count. */
  readonly axis: AxisName;
  /** The index of the first term. */
  readonly start: number;
}

/** The heads of all layers that were asked for, each pooled to `size` × `size` at most. */
export interface Thumbnails {
  readonly revision: number;
  readonly rows: number;
  readonly columns: number;
  /** [layer, head, row, column] */
  readonly data: Float32Array;
}

/** Something that a matrix shows, in words: "Upper triangle empty: causal." */
export interface Finding {
  /** The step whose matrix shows it, and what that is called. */
  readonly step: string;
  readonly title: string;
  readonly text: string;
  /** The rows that show it, in rising order. */
  readonly rows: readonly Span[];
  /** Where to look first. */
  readonly cell: { readonly row: number; readonly column: number };
}

/** Attention through several layers: the product of their matrices, each mixed with the identity (Abnar & Zuidema 2020). */
export interface RolloutRequest {
  readonly inspection: string;
  /** The first and last layer of the product. */
  readonly from: number;
  readonly to: number;
  /** A row: what a token of the last layer is made of. A column: where a token of the first layer goes. */
  readonly side: 'row' | 'column';
  readonly index: number;
  readonly heads: 'mean' | 'max';
  /** The share of the residual connection in each layer, 0 up to but not including 1. */
  readonly residual: number;
}

export interface Rollout {
  readonly revision: number;
  /** // (key) of a row, (query) of a column */
  readonly data: Float32Array;
}

/** What a model takes the whole for, the likeliest first. */
export interface Classes {
  readonly revision: number;
  /** What the image or text is sorted into: the model’s own classes, or captions that were brought. */
  readonly of: 'classes' | 'captions';
  /** What makes probabilities of logits: all of them together, or each by itself. */
  readonly by: 'softmax' | 'sigmoid';
  readonly classes: readonly {
    /** Its number among the model's classes. */
    readonly index: number;
    /** Its name, as the model's configuration has it. */
    readonly label: string;
    readonly logit: number;
    /** The softmax of all logits; the sigmoid of its own where an image may be of several classes. */
    readonly probability: number;
    /** Where it is a caption that was brought: the cosine of the angle between its vector and the image’s. */
    readonly similarity?: number;
  }[];
}

export interface Metric {
  readonly name: string;
  readonly title: string;
  readonly note: string;
  readonly value: number;
  /** "nats", "tokens", "patches", or nothing. */
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
