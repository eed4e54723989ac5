import { isPerHead, label, stepFor, stepWithRole, type Role, type Value } from '../../engine/graph.js';
import { extent } from '../../engine/mechanisms/heads.js';
import type { Range, TensorSource } from '../../engine/tensor.js';
import type {
  Alignment,
  Answers,
  Diagnosis,
  AxisName,
  Candidates,
  ContinueResult,
  ContinueRequest,
  HeadRank,
  Interval,
  Labels,
  Medium,
  Parameter,
  Preview,
  Samples,
  Spectrogram,
  Step,
  GeneratedTokens,
  Intervention,
  Span,
  TensorAxes,
  Waveform,
} from '../../protocol.js';
import { definition } from '../../engine/explain.js';
import { unset } from '../../engine/rewrite.js';
import type { Task } from './task.js';

/** One layer of what is inspected: its graph, and where the numbers of some of its values are kept. */
export interface Layer {
  /** Labelled, in reading order. */
  readonly steps: readonly Value[];
  /** Files, captured values, parameters: what every other value of the layer is computed from. */
  readonly kept: ReadonlyMap<Value, TensorSource>;
}

/** Tensors run through a mechanism, or text run through a model, made ready to be looked at. */
export interface Subject {
  readonly title: string;
  readonly subtitle: string;
  readonly mechanism: { readonly id: string; readonly title: string };
  readonly layers: readonly Layer[];
  readonly heads: number;
  /** What the labels' marks are parts of. */
  readonly media: readonly Medium[];
  readonly queries: Labels;
  readonly keys: Labels;
  readonly parameters: readonly Parameter[];
  readonly notices: readonly string[];
  /** Milliseconds that the run took. */
  readonly forward: number;
  /** Whether no query sees what comes after it. */
  readonly causal?: boolean;
  /** What was set while it ran, spelled out. */
  readonly interventions?: readonly Intervention[];
  /** Set where a model sorts what it reads. */
  readonly classes?: ClassScores;
  /** Images that were brought, by their medium. */
  readonly pictures?: ReadonlyMap<string, Picture>;
  /** A recording that was brought. */
  readonly sound?: Sound;
  /** Set where a text that is said in a recording can be aligned with it. */
  readonly aligner?: Aligner;
  /** Set where a model was asked a question about a text. */
  readonly answers?: Answers;
  /** Set where results were given beside the inputs, and are explained. */
  readonly diagnosis?: Diagnosis;
  /** What the axes of given tensors were taken for. */
  readonly axes?: readonly TensorAxes[];
  /** Set where a model says what comes next. */
  readonly next?: Next;
  /** Set where the model wrote what is shown. */
  readonly generated?: GeneratedTokens;
}

/** How much a model takes what it read for each of its classes. */
export interface ClassScores {
  /** By class. */
  readonly labels: readonly string[];
  /** // (class) */
  readonly logits: Float32Array;
  /** Set where it may be of several classes, each with a probability of its own. */
  readonly independent?: true;
  /** Set where classes are captions that were brought: the cosine of each with the image. // (class) */
  readonly similarities?: Float32Array;
}

/** Something to be seen. */
export interface Picture {
  /** @param side the most pixels of its longer side */
  preview(side: number): Preview;
}

/** Something to be heard. */
export interface Sound {
  /** Which medium it is. */
  readonly medium: string;
  waveform(part: Interval, columns: number, task: Task): Promise<Omit<Waveform, 'revision'>>;
  samples(part: Interval): Promise<Samples>;
  spectrogram(part: Interval, columns: number): Omit<Spectrogram, 'revision'>;
}

/** Finds when each word of a text was said. */
export interface Aligner {
  align(task: Task): Promise<Omit<Alignment, 'revision'>>;
  /** Every head of the attention to the sound, the best first. */
  rank(task: Task): Promise<readonly HeadRank[]>;
}

/** What a model is to say, or what it said before and says again. */
export type GenerationRequest = Omit<ContinueRequest, 'inspection'> | GeneratedTokens;

/** What was said this time. */
export type GenerationResult = Omit<ContinueResult, 'summary'> & GeneratedTokens;

/** What comes after a text, as its model says. */
export interface Next {
  /** Whether a row of the queries is a token that was read, or the one that was written there. */
  readonly rows: 'read' | 'written';
  /** @throws RangeError where there is no such query */
  candidates(query: number, count: number, task: Task): Promise<Omit<Candidates, 'revision'>>;
  /** @param halted asked before each token: whether it shall end with those that came */
  continueWith(
    wanted: GenerationRequest,
    halted: () => boolean,
    task: Task,
  ): Promise<GenerationResult & { readonly subject: Subject }>;
}

/** What a model said, and what it said after that. */
export function joined(before: GeneratedTokens, { ids, ending, drawn }: GeneratedTokens): GeneratedTokens {
  return { ids: [...before.ids, ...ids], ending, drawn: before.drawn || drawn };
}

/** A layer's step by name. @throws Error where there is none of that name. */
export function stepOf(layer: Layer, name: string): Value {
  const step = layer.steps.find((value) => value.label?.name === name);
  if (step === undefined) {
    const names = layer.steps.map((value) => value.label?.name).join(', ');
    throw new Error(`There is no step “${name}” here; there are ${names}.`);
  }
  return step;
}

/** The name of the step that is meant where none is named: the weights, else the last. */
export function mainStep({ steps }: Layer): string {
  return (stepWithRole(steps, 'weights') ?? steps.at(-1))?.label?.name ?? '';
}

/** The name of a layer's step of a role. @throws Error where none has it */
export function nameOfRole(layer: Layer, role: Role): string {
  return stepFor(layer.steps, role).label?.name ?? role;
}

/** A step as the views are told of it. */
export function describeStep(value: Value): Step {
  const { label } = value;
  if (label?.step === undefined) throw new Error('Only a labelled step can be described.');
  const [rows, columns] = label.axes.slice(-2);
  return {
    name: label.name,
    title: label.step.title,
    note: label.step.note,
    tex: definition(asComputed(value)),
    symbol: label.symbol,
    rows: { axis: shownAxis(rows), size: extent(value.shape, -2) },
    columns: { axis: shownAxis(columns), size: extent(value.shape, -1) },
    scale: label.step.scale,
    perHead: isPerHead(value),
    perQuery: isPerQuery(value),
    phase: label.step.phase,
    ...(label.step.role === undefined ? {} : { role: label.step.role }),
  };
}

/** A step as the mechanism has it, whatever was set in it in this layer: its formula is that of all layers. */
function asComputed(value: Value): Value {
  const before = unset(value);
  if (before === value || value.label === undefined) return value;
  const given = before.label?.given;
  return label(before, { ...value.label, ...(given === undefined ? {} : { given }) });
}

/** Whether a step has a matrix of its own for each query, as the comparison in additive attention does. */
export function isPerQuery({ label }: Value): boolean {
  return label?.axes.at(-3) === 'query';
}

/** The heads of a step that belong to these query heads: the same, or the group they share. */
export function headRange(value: Value, heads: Span, count: number): Range {
  const own = value.shape[0] ?? 1;
  return { start: Math.floor((heads.start * own) / count), end: Math.ceil((heads.end * own) / count) };
}

/** Axes as a reader is told of them: what stands for whole tensors is called a feature. */
export function shownAxis(name = ''): AxisName {
  switch (name) {
    case 'query':
    case 'key':
    case 'value':
    case 'model':
    case 'hidden':
    case 'sample':
    case 'frame':
    case 'endpoint':
    case 'image':
    case 'caption':
      return name;
    default:
      return 'feature';
  }
}
