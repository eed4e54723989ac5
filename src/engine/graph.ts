import type { Expression, Language } from './expression.js';
import { ShapeError, type Region, type Shape, type Tensor, type TensorSource } from './tensor.js';

/** What the indices of an axis stand for. `feature` is d_k, `value` d_v, `model` d_model, `endpoint` the start and the end of an answer, `image` and `caption` what is compared as a whole. */
export type AxisName =
  | 'head'
  | 'group'
  | 'query'
  | 'key'
  | 'feature'
  | 'value'
  | 'model'
  | 'hidden'
  | 'vocabulary'
  | 'sample'
  | 'frame'
  | 'endpoint'
  | 'image'
  | 'caption';

/** What a step is a part of, the same in every mechanism, so that mechanisms can be laid side by side. */
export type Phase = 'input' | 'score' | 'normalisation' | 'sum' | 'gradient' | 'task' | 'match';

/**
 * What a step is for, whatever its name: capture, masking, metrics and gradients find steps by role. A step that none of them
 * needs has no role. `masked` may occur more than once: the last one says which cells are masked.
 */
export type Role =
  /** The input of queries, keys and values; in cross-attention, the input of queries, and that of keys and values. */
  | 'input'
  | 'query-input'
  | 'key-input'
  /** Queries and keys, whose dot products (or those of their feature maps) are the scores, and values. */
  | 'query'
  | 'key'
  | 'value'
  /** Projected states that are compared by something other than a dot product of both. */
  | 'query-projection'
  | 'key-projection'
  /** How well each query matches each key, before anything else is done to it. */
  | 'scores'
  /** Scores that are −∞ where a query may not attend to a key. */
  | 'masked'
  /** What hard attention chooses from. */
  | 'distribution'
  | 'weights'
  /** The result of attention, one row per query. */
  | 'output'
  /** The steps of REINFORCE: see `reinforce`. */
  | 'reward'
  | 'exact-gradient'
  | 'estimate'
  | 'estimate-error'
  | 'estimate-variance';

/**
 * An operator with its attributes bound: everything that is known about what it computes is defined here.
 * All functions are pure.
 */
export interface Operation {
  readonly name: string;

  /** The result's shape. @throws ShapeError naming the input and the axis that does not fit. */
  shape(inputs: readonly Shape[]): Shape;

  /** The region that has to be computed to get `region`; itself, where left out. A softmax needs whole rows. */
  computes?(region: Region, shape: Shape, inputs: readonly Shape[]): Region;

  /** For each input, the part that `region` of the result is made from. */
  reads(region: Region, inputs: readonly Shape[]): readonly Region[];

  /** The operation that gives `region` from what `reads` says; itself, where left out. */
  restrict?(region: Region): Operation;

  /** The reference, in float64. */
  evaluate(inputs: readonly Tensor[], shape: Shape): Float64Array;

  /** Emits nodes that do not depend on the number of queries or keys; returns the result's name. */
  onnx(emitter: OnnxEmitter, inputs: readonly string[]): string;

  print(language: Language, inputs: readonly Expression[], shapes: readonly Shape[]): Expression;

  /** One cell's arithmetic with its real numbers. */
  derive(cell: Cell): Promise<Derivation>;

  /**
   * The vector–Jacobian product: some scalar's gradient with respect to each input, from `upstream`, its gradient with
   * respect to the result. Gradients are values in the same operators, so that they are typeset, run and explained like
   * anything else. Undefined for an input that has none: positions, the ones and zeros of a mask.
   */
  vjp(upstream: Value, inputs: readonly Value[], result: Value): readonly (Value | undefined)[];

  /** Set where cells are only moved, never changed: formulas and arithmetic skip it. */
  readonly moves?: true;

  /** Its attributes, for a runtime that has one node for several operations. */
  readonly attributes?: Readonly<Record<string, number | string>>;
}

/** How an operation builds its ONNX nodes. Names are opaque. */
export interface OnnxEmitter {
  /** Adds a node of the default operator set and returns its (first) output's name. */
  node(
    operator: string,
    inputs: readonly string[],
    attributes?: Readonly<Record<string, number | string | readonly number[]>>,
  ): string;
  floats(values: readonly number[], shape: Shape): string;
  integers(values: readonly number[], shape: Shape): string;
}

/** A leaf: numbers that come from outside the graph. */
export type Leaf =
  /** Fed at each run. */
  | { readonly kind: 'input' }
  /** A checkpoint's weight, which stays on disk. */
  | { readonly kind: 'parameter'; readonly source: TensorSource; readonly storage?: Storage }
  /** `start`, `start` + 1, … along one axis. */
  | { readonly kind: 'positions'; readonly start: number };

/** Where a parameter's raw numbers lie, so that a runtime can read them from the file itself. */
export interface Storage {
  readonly folder: string;
  readonly file: string;
  /** In bytes, from the start of the file. */
  readonly offset: number;
  readonly length: number;
  readonly dtype: 'F32' | 'F16' | 'BF16';
}

/** The name of a value and how it is shown. Formulas refer to a labelled value by its symbol; others are written out. */
export interface Label {
  /** Unique in its graph, and a valid identifier: "scores", "W_Q". */
  readonly name: string;
  /** In TeX: "S", "W^Q_h". */
  readonly symbol: string;
  /** In TeX, for one row: "q" for Q. */
  readonly element?: string;
  readonly axes: readonly AxisName[];
  /** Under which name a program loads it, where that is not `name`. */
  readonly file?: string;
  /** Set where formulas start: the value is shown as its symbol alone, even if it is computed. */
  readonly given?: true;
  /** Set where the value is a step that a reader follows. */
  readonly step?: StepDescription;
}

/** What a reader is told of a step. */
export interface StepDescription {
  readonly title: string;
  /** One or two sentences: what it is for. */
  readonly note: string;
  /** How its numbers lie: 0 to 1, in rows that sum to 1 or less, or around 0. */
  readonly scale: 'weights' | 'signed';
  /** What it is a part of, the same in every mechanism, so that mechanisms can be laid side by side. */
  readonly phase: Phase;
  readonly role?: Role;
  /** Set where the step returns its one input unchanged and exists only because other layers have it. Programs leave it out. */
  readonly passesOn?: true;
}

/** A named or unnamed tensor of the graph: a leaf, or an operation applied to values. Immutable; identity is the node's identity. */
export interface Value {
  readonly shape: Shape;
  readonly type: 'float' | 'integer';
  readonly origin:
    Leaf | { readonly kind: 'operation'; readonly operation: Operation; readonly inputs: readonly Value[] };
  readonly label?: Label;
}

/** What a cell's arithmetic can ask for. */
export interface Cell {
  readonly index: readonly number[];
  readonly shapes: readonly Shape[];
  /** One cell of an input: a number, or its own arithmetic if the input has no label. */
  scalar(input: number, index: readonly number[]): Promise<Derivation>;
  /** A line of cells of an input, along one axis of `region`. */
  line(input: number, region: Region): Promise<Line>;
}

export interface Line {
  /** "q_{11}" */
  readonly tex: string;
  readonly values: Float64Array;
  /** What the cells along the line count, where the input is labelled. */
  readonly axis: AxisName;
}

/** How a number was computed. */
export interface Derivation {
  readonly value: number;
  /** The formula with symbols: "q_{11} \cdot k_{3}". Undefined where the numbers are enough. */
  readonly symbolic?: string;
  /** The formula with numbers put in. */
  readonly numbers: Expression;
  readonly sums: readonly Sum[];
  readonly remark?: string;
}

/** A sum's terms as aligned columns: q, k, q·k; or score, exponential, weight. */
export interface Sum<Values = Float64Array> {
  /** What the terms count. */
  readonly axis: AxisName;
  readonly columns: readonly {
    /** "q_{11}" */
    readonly tex: string;
    readonly values: Values;
    /** Where the column adds up to something that the formula uses. */
    readonly total?: number;
  }[];
  /** The index of the term that is the selected cell, in the row of a softmax. */
  readonly picked?: number;
}

/**
 * Applies an operation.
 * @throws ShapeError when the inputs' shapes do not fit it.
 */
export function apply(operation: Operation, inputs: readonly Value[]): Value {
  const shape = operation.shape(inputs.map((input) => input.shape));
  return { shape, type: 'float', origin: { kind: 'operation', operation, inputs } };
}

/** Numbers fed at each run. */
export function input(shape: Shape, type: 'float' | 'integer' = 'float'): Value {
  return { shape, type, origin: { kind: 'input' } };
}

/** A weight of a checkpoint. */
export function parameter(source: TensorSource, storage?: Storage): Value {
  return {
    shape: source.shape,
    type: 'float',
    origin: storage === undefined ? { kind: 'parameter', source } : { kind: 'parameter', source, storage },
  };
}

/** The indices start … start + count − 1. // (count) */
export function positions(count: number, start = 0): Value {
  return { shape: [count], type: 'integer', origin: { kind: 'positions', start } };
}

/**
 * The same value under a name. The copy shares its `origin`, so they are one node when the graph runs.
 * @throws ShapeError when the axes' names are not as many as the axes.
 */
export function label(value: Value, label: Label): Value {
  if (label.axes.length !== value.shape.length) {
    throw new ShapeError(
      `${label.name} has ${value.shape.length} axes, but ${label.axes.length} names for them.`,
    );
  }
  return { ...value, label };
}

/** Whether a value has one matrix per head, or per group of heads. */
export function isPerHead(value: Value): boolean {
  const first = value.label?.axes[0];
  return first === 'head' || first === 'group';
}

/** The first step that has a role; undefined where none has. */
export function stepWithRole(steps: readonly Value[], role: Role): Value | undefined {
  return steps.find((step) => roleOf(step) === role);
}

/** The first step that has a role. @throws Error where none has it */
export function stepFor(steps: readonly Value[], role: Role): Value {
  const step = stepWithRole(steps, role);
  if (step === undefined) throw new Error(`No step of this attention gives its ${role}.`);
  return step;
}

export function roleOf({ label }: Value): Role | undefined {
  return label?.step?.role;
}

/** The values that a value is computed from; none for a leaf. */
export function inputsOf(value: Value): readonly Value[] {
  return value.origin.kind === 'operation' ? value.origin.inputs : [];
}

/**
 * Every value that `targets` depend on, themselves included, in topological order, each once. The inputs of values for which
 * `stop` holds are not visited.
 */
export function sorted(targets: readonly Value[], stop: (value: Value) => boolean = () => false): Value[] {
  const order: Value[] = [];
  const seen = new Set<Value>();
  const pending: { value: Value; entered: boolean }[] = targets
    .toReversed()
    .map((value) => ({ value, entered: false }));
  for (let top = pending.pop(); top !== undefined; top = pending.pop()) {
    const { value, entered } = top;
    if (entered) {
      order.push(value);
      continue;
    }
    if (seen.has(value)) continue;
    seen.add(value);
    pending.push({ value, entered: true });
    if (stop(value)) continue;
    for (const from of inputsOf(value).toReversed())
      if (!seen.has(from)) pending.push({ value: from, entered: false });
  }
  return order;
}
