import type { Answers } from './answers.js';
import type { Diagnosis } from './doctor.js';
import type { Continuation } from './generation.js';
import type { Intervention } from './interventions.js';
import type { Labels, Medium } from './media.js';
import type { AxisName as EngineAxis, Phase, Role } from '../engine/graph.js';
import type { Parameter } from '../engine/mechanisms/parameters.js';

export type { Phase, Role } from '../engine/graph.js';
export type { Parameter, ParameterValue, ParameterValues } from '../engine/mechanisms/parameters.js';

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
  /** What it is for, under whatever name: "scores", "weights". */
  readonly role?: Role;
}

export interface AxisDescription {
  readonly axis: AxisName;
  readonly size: number;
}

/**
 * `feature` is d_k, `value` d_v, `model` d_model, `hidden` a hidden layer's units, `sample` the draws of a random choice,
 * `endpoint` the two ends of an answer, `image` and `caption` what is compared as a whole.
 * Queries and keys bear the inspection's labels.
 */
export type AxisName = Exclude<EngineAxis, 'head' | 'group' | 'vocabulary'>;

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
  /** What the labels' marks are parts of. */
  readonly media: readonly Medium[];
  readonly queries: Labels;
  readonly keys: Labels;
  readonly steps: readonly Step[];
  readonly parameters: readonly Parameter[];
  /** Sentences worth a line of their own: "Truncated to the model’s limit: 512 of 830 tokens." */
  readonly notices: readonly string[];
  /** Whether the model says what comes next, so that it can be gone on with. */
  readonly continues: boolean;
  /** Where it does: whether the queries bear tokens as they were read, or those that were written in their place. */
  readonly rows?: 'read' | 'written';
  /** What the model has said of its own so far: after the text, or as its target. */
  readonly continuation?: Continuation;
  /** What was set while it ran, in this order; left out where nothing was. */
  readonly interventions?: readonly Intervention[];
  /** Whether layers can be multiplied: there are several, and queries and keys are the same tokens. */
  readonly rollout?: true;
  /** Where the model sorts what it reads: into how many classes. */
  readonly classes?: number;
  /** Where a text that is said in a recording can be aligned with it. */
  readonly aligns?: true;
  /** Where the model was asked a question about a text. */
  readonly answers?: Answers;
  /** Where somebody's results were given beside the inputs: how they differ, and why. */
  readonly diagnosis?: Diagnosis;
  /** What the axes of given tensors were taken for; left out of what a model computed. */
  readonly axes?: readonly TensorAxes[];
  /** What can be plotted of it. */
  readonly plots: readonly { readonly name: string; readonly title: string; readonly note: string }[];
  /** What the last run took, in milliseconds. */
  readonly timing: { readonly forward: number };
}

/** What each axis of a given tensor was taken for, and why. */
export interface TensorAxes {
  /** The mechanism's input: "Q", "weights". */
  readonly role: string;
  /** In its file. */
  readonly name: string;
  readonly shape: readonly number[];
  /** One for each axis: "layer", "batch", "head", "query", "key", "feature". */
  readonly axes: readonly string[];
  readonly reason: string;
  /** The parameter that changes it. */
  readonly parameter: string;
}

/** One input run with other parameters, or through another mechanism; or the sentence that says why it cannot be. */
export type Variant =
  | { readonly kind: 'variant'; readonly summary: InspectionSummary }
  | { readonly kind: 'failed'; readonly message: string };
