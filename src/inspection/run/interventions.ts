import {
  isPerHead,
  label,
  input,
  sorted,
  type AxisName,
  type Label,
  type Value,
} from '../../engine/graph.js';
import { matmul, replace } from '../../engine/ops/index.js';
import { replaced, rewrite } from '../../engine/rewrite.js';
import { formatShape, sizeOf, type Range, type Tensor } from '../../engine/tensor.js';
import type { Intervention } from '../../protocol.js';
import { headRange, isPerQuery } from '../core/subject.js';

/** A sentence about an intervention that cannot be. */
export class InterventionError extends Error {
  override readonly name = 'InterventionError';
}

/** Axes that are as long as there are tokens: of attention among them, and of attention to what is read. */
export const growing = {
  both: new Set<AxisName>(['query', 'key']),
  queries: new Set<AxisName>(['query']),
  none: new Set<AxisName>(),
} as const;

/** Whether an intervention needs all rows of a step at once. */
export function isWhole({ set }: Intervention): boolean {
  return set.kind === 'mean';
}

/** The layers that are run whole, and not some rows at a time. */
export function wholeLayers(interventions: readonly Intervention[]): ReadonlySet<number> {
  return new Set(interventions.filter(isWhole).map(({ layer }) => layer));
}

/** What can be intervened in. */
export interface Layered {
  /** For each layer its labelled steps. */
  readonly layers: readonly (readonly Value[])[];
  /** What each layer reads, then what the last one gives, where layers read each other. */
  readonly hiddenStates?: readonly Value[];
  readonly logits?: Value | undefined;
  /** What else is made from them and wanted. */
  readonly also?: readonly Value[];
}

/** A graph in which steps are set from outside. */
export interface Intervened<Graph> {
  readonly graph: Graph;
  /** What is set, for so many tokens: numbers that are fed to the graph. */
  feeds(tokens: number): ReadonlyMap<Value, Tensor>;
  /** Leaves that are still read under another name, as the steps that are set bear theirs: that name’s value → the leaf. */
  readonly renamed: ReadonlyMap<Value, Value>;
}

/** The most numbers that a step whose mean is set may be made from at once: all rows are needed for it. */
const mostAtOnce = 1 << 27;

const masks: ReadonlySet<string> = new Set(['mask', 'mask-keys', 'within']);

/** What is known of layers beside their graph. */
export interface Known {
  /** Which of several attentions they are. */
  readonly attention?: string;
  /** Axes of rows of which only the longest that they can become is known: there will be as many as tokens are written. */
  readonly openRows?: ReadonlySet<AxisName>;
  /** Axes of columns that may have grown, or may yet grow, beyond those that values are given for. */
  readonly openColumns?: ReadonlySet<AxisName>;
}

/**
 * Interventions that can be made, spelled out: rows of given values, and the attention that was meant, are named.
 * @param heads of queries
 * @throws InterventionError for the first that cannot be
 */
export function checkInterventions(
  interventions: readonly Intervention[],
  { layers }: Layered,
  heads: number,
  known: Known = {},
): readonly Intervention[] {
  const { attention } = known;
  return interventions.map((each) => {
    if (each.attention !== undefined && each.attention !== attention) {
      throw new InterventionError(
        `There is one attention here, none is called “${each.attention}”: leave it out to set “${each.step}”.`,
      );
    }
    const rows = rowsToName(each, checkedStep(each, layers, heads, known));
    const isSpelledOut = rows === each.rows && attention === each.attention;
    // What is spelled out stays the same object, by which it is known again.
    return isSpelledOut
      ? each
      : {
          ...each,
          ...(rows === undefined ? {} : { rows }),
          ...(attention === undefined ? {} : { attention }),
        };
  });
}

/** Given values are those of the rows that there are now, also when a text goes on. */
function rowsToName({ rows, set }: Intervention, step: Value): Range | undefined {
  return rows ?? (set.kind === 'values' ? { start: 0, end: rowsOf(step) } : undefined);
}

function checkedStep(
  { layer, step: name, head, rows, set }: Intervention,
  layers: readonly (readonly Value[])[],
  heads: number,
  { openRows = growing.none, openColumns = growing.none }: Known,
): Value {
  const steps = layers[layer];
  if (steps === undefined) {
    throw new InterventionError(
      `“${name}” cannot be set in layer ${layer}: ${layers.length === 1 ? 'there is only layer 0' : `layers are 0 to ${layers.length - 1}`}.`,
    );
  }
  const at = steps.findIndex((value) => value.label?.name === name);
  const value = steps[at];
  if (value === undefined) {
    const names = steps.map((each) => each.label?.name).join(', ');
    throw new InterventionError(`There is no step “${name}” to set; the steps of a layer are ${names}.`);
  }
  if (isPerQuery(value) || value.shape.length !== (isPerHead(value) ? 3 : 2)) {
    throw new InterventionError(
      `“${name}” cannot be set: it is not one matrix for each head. Set a step before or after it.`,
    );
  }
  if (head !== undefined && !isPerHead(value)) {
    throw new InterventionError(
      `“${name}” is the same for all heads, so that no head of it can be set: leave the head out.`,
    );
  }
  if (head !== undefined && !(Number.isInteger(head) && head >= 0 && head < heads)) {
    throw new InterventionError(
      `“${name}” cannot be set in head ${head}: ${heads === 1 ? 'there is only head 0' : `heads are 0 to ${heads - 1}`}.`,
    );
  }
  const [rowAxis = 'feature', columnAxis = 'feature'] = value.label?.axes.slice(-2) ?? [];
  if (openRows.has(rowAxis) && (set.kind === 'mean' || (set.kind === 'values' && rows === undefined))) {
    throw new InterventionError(
      set.kind === 'mean'
        ? `“${name}” cannot be set to its mean: its rows are written one after the other, each with those before it, so that no mean over all of them is known. Set it to zero, or to given values.`
        : `Say which rows of “${name}” the values are for: how many there will be is not known before they are written.`,
    );
  }
  const count = rowsOf(value);
  if (rows !== undefined && !isWithin(rows, count)) {
    throw new InterventionError(
      `Rows ${rows.start} to ${rows.end} (not included) of “${name}” cannot be set: it has ${count} rows, from 0.`,
    );
  }
  switch (set.kind) {
    case 'zero':
      break;
    case 'values':
      checkValues(set.values, shapeOfValues(value, head, rows), name, openColumns.has(columnAxis));
      break;
    case 'mean':
      checkMean(value, steps.slice(0, at + 1), name);
      break;
    default:
      throw new InterventionError(`“${name}” can be set to zero, to its mean, or to given values.`);
  }
  return value;
}

function isWithin({ start, end }: Range, count: number): boolean {
  return Number.isInteger(start) && Number.isInteger(end) && start >= 0 && start < end && end <= count;
}

function shapeOfValues(value: Value, head: number | undefined, rows: Range | undefined): number[] {
  const [height, width = 0] = [
    rows === undefined ? rowsOf(value) : rows.end - rows.start,
    value.shape.at(-1),
  ];
  return isPerHead(value) && head === undefined ? [value.shape[0] ?? 0, height, width] : [height, width];
}

/** @param isOpen whether there may be fewer columns than the most that are expected */
function checkValues({ shape, data }: Tensor, most: readonly number[], name: string, isOpen: boolean): void {
  const columns = Math.min(shape.at(-1) ?? 0, most.at(-1) ?? 0);
  const expected = isOpen ? [...most.slice(0, -1), columns] : most;
  if (formatShape(shape) !== formatShape(expected)) {
    const axes = expected.length === 3 ? '(head, row, column)' : '(row, column)';
    throw new InterventionError(
      `The values for “${name}” have shape ${formatShape(shape)}, but what they are to stand for has ${formatShape(expected)}: ${axes}.`,
    );
  }
  if (!(data instanceof Float32Array) || data.length !== sizeOf(expected)) {
    throw new InterventionError(
      `The values for “${name}” have to be ${sizeOf(expected)} float32 numbers, row by row.`,
    );
  }
  if (!data.every(Number.isFinite)) {
    throw new InterventionError(`The values for “${name}” have to be finite numbers.`);
  }
}

function checkMean(value: Value, before: readonly Value[], name: string): void {
  const isMasked =
    value.label?.step?.phase === 'score' &&
    sorted([value], ({ label: own }) => own?.step?.phase === 'input').some(
      ({ origin }) => origin.kind === 'operation' && masks.has(origin.operation.name),
    );
  if (isMasked) {
    throw new InterventionError(
      `“${name}” cannot be set to its mean: where it is masked it is −∞. Set the scores before the mask, or the weights.`,
    );
  }
  const most = Math.max(
    ...before.filter(({ shape }) => shape.length === 3).map(({ shape }) => sizeOf(shape)),
  );
  if (most > mostAtOnce) {
    throw new InterventionError(
      `The mean of “${name}” would need ${most} scores at once, more than ${mostAtOnce}: set it for a shorter text, or set a step before the scores.`,
    );
  }
}

function rowsOf({ shape }: Value): number {
  return shape.at(-2) ?? 0;
}

/** A leaf of what is set, and its numbers for so many tokens. */
interface Fed {
  readonly leaf: Value;
  numbers(tokens: number): Tensor;
}

/**
 * Puts what is set into a graph, one intervention after the other.
 * @param interventions that were checked
 * @param heads of queries
 * @param grows the axes that are as long as there are tokens, in one of the layers
 */
export function intervene<Graph extends Layered>(
  graph: Graph,
  interventions: readonly Intervention[],
  heads: number,
  grows: (layer: number) => ReadonlySet<AxisName> = () => growing.none,
): Intervened<Graph> {
  const fed: Fed[] = [];
  const renamed = new Map<Value, Value>();
  const done = interventions.reduce<Graph>((before, each, index) => {
    const steps = before.layers[each.layer] ?? [];
    const at = steps.findIndex((value) => value.label?.name === each.step);
    const of = steps[at];
    if (of?.label === undefined) return before;
    const own = setStep(of, of.label, each, { index, heads, grows: grows(each.layer) });
    fed.push(...own.fed);
    if (own.leaf !== undefined) renamed.set(own.leaf, of);
    return put(before, each.layer, at, of, own.value);
  }, graph);
  return {
    graph: done,
    feeds: (tokens) => new Map(fed.map(({ leaf, numbers }) => [leaf, numbers(tokens)])),
    renamed,
  };
}

/** A graph with another value in place of a layer’s step. */
function put<Graph extends Layered>(graph: Graph, layer: number, at: number, of: Value, by: Value): Graph {
  const { layers, hiddenStates = [], logits, also = [] } = graph;
  const steps = layers[layer] ?? [];
  // An encoder–decoder model has two attentions in each of its layers.
  const depth = hiddenStates.length - 1;
  const place = depth > 0 ? layer % depth : 0;
  const after = hiddenStates[place + 1];
  const behind = logits === undefined ? also : [...also, logits];
  const results = [...layers.flat(), ...hiddenStates, ...behind];
  // Where layers are not cut apart, what a layer starts from may be what others start from as well.
  const own = after !== undefined ? [after] : of.label?.given === true ? [] : behind;
  const within = [...steps.slice(at), ...own];
  const take = rewrite(results, { of, by, within, until: hiddenStates[place] });
  const takeStep = (step: Value): Value => (step === of ? by : take(step));
  return {
    ...graph,
    layers: layers.map((each, index) => each.map(index === layer ? takeStep : take)),
    ...(graph.hiddenStates === undefined ? {} : { hiddenStates: hiddenStates.map(take) }),
    ...(logits === undefined ? {} : { logits: take(logits) }),
    ...(graph.also === undefined ? {} : { also: also.map(take) }),
  };
}

/** Which intervention it is, and what its graph is like. */
interface Surroundings {
  readonly index: number;
  readonly heads: number;
  readonly grows: ReadonlySet<AxisName>;
}

function setStep(
  of: Value,
  { given, ...own }: Label,
  { head, rows, set }: Intervention,
  { index, heads, grows }: Surroundings,
): { readonly value: Value; readonly fed: readonly Fed[]; readonly leaf?: Value } {
  const { axes } = own;
  const perHead = isPerHead(of);
  const isLeaf = of.origin.kind !== 'operation';
  const number = index + 1;
  /** Before it was set; formulas that started at it start there now. */
  const named = label(of, {
    ...own,
    name: `${own.name}_before_${number}`,
    symbol: checked(own.symbol),
    ...(own.element === undefined ? {} : { element: checked(own.element) }),
    ...(isLeaf ? { file: own.file ?? own.name } : {}),
    ...(given === undefined ? {} : { given }),
  });
  const { shape, type, origin } = of;
  const before: Value = isLeaf || given === true ? named : { shape, type, origin };

  const sizes = (tokens: number): number[] =>
    of.shape.map((extent, axis) => (grows.has(axes[axis] ?? 'feature') ? tokens : extent));
  const leafOf = (name: string, symbol: string, numbers: Fed['numbers'], tokens: number): Fed => ({
    leaf: label(input(numbers(tokens).shape), {
      name: `${name}_${number}`,
      symbol: `${symbol}^{(${number})}`,
      axes,
    }),
    numbers,
  });
  const long = axes.findIndex((name) => grows.has(name));
  const now = of.shape[long] ?? 0;
  const region = {
    heads: perHead && head !== undefined ? headRange(of, { start: head, end: head + 1 }, heads) : undefined,
    rows,
    // Columns that come later than the values stay what they are.
    columns:
      set.kind === 'values' && grows.has(axes.at(-1) ?? 'feature')
        ? (set.values.shape.at(-1) ?? 0)
        : undefined,
  };
  const where = leafOf('set', 'M', (tokens) => flagsOf(sizes(tokens), perHead, region), now);
  switch (set.kind) {
    case 'zero': {
      const by = leafOf('fill', 'F', () => zeros(of.shape.map(() => 1)), now);
      return result(replace(before, where.leaf, by.leaf, 'Set to 0 by an intervention.'), [where, by]);
    }
    case 'values': {
      const by = leafOf('fill', 'F', (tokens) => filled(sizes(tokens), perHead, region, set.values), now);
      return result(replace(before, where.leaf, by.leaf, 'Set to a given value by an intervention.'), [
        where,
        by,
      ]);
    }
    case 'mean': {
      const shares = leafOf('mean', 'u', (tokens) => sharesOf(sizes(tokens), perHead), now);
      const by = matmul(shares.leaf, named); // (head, 1, column) or (1, column)
      const remark = `Set by an intervention to the mean of its column over all ${rowsOf(of)} rows.`;
      return result(replace(before, where.leaf, by, remark), [where, shares]);
    }
  }
  function result(value: Value, fed: readonly Fed[]): ReturnType<typeof setStep> {
    return { value: label(value, own), fed, ...(isLeaf ? { leaf: named } : {}) };
  }
}

interface SetRegion {
  /** All where undefined. */
  readonly heads: Range | undefined;
  readonly rows: Range | undefined;
  readonly columns: number | undefined;
}

/** 1 in the cells that are set. // (head or 1, row, column or 1), or without heads */
function flagsOf(sizes: readonly number[], perHead: boolean, { heads, rows, columns }: SetRegion): Tensor {
  const [height = 0, width = 0] = sizes.slice(-2);
  const [depth = 1] = perHead && heads !== undefined ? sizes : [];
  const breadth = columns === undefined ? 1 : width;
  const shape = [...(perHead ? [depth] : []), height, breadth];
  const data = new Float32Array(sizeOf(shape));
  const { start, end } = rows ?? { start: 0, end: height };
  for (let head = heads?.start ?? 0; head < (heads?.end ?? 1); head++) {
    for (let row = start; row < Math.min(end, height); row++) {
      const first = (head * height + row) * breadth;
      data.fill(1, first, first + Math.min(breadth, columns ?? breadth));
    }
  }
  return { shape, data };
}

/** Given values at their places, 0 elsewhere. // (head or 1, row, column), or without heads */
function filled(
  sizes: readonly number[],
  perHead: boolean,
  { heads, rows }: SetRegion,
  values: Tensor,
): Tensor {
  const [height = 0, width = 0] = sizes.slice(-2);
  const depth = perHead && heads === undefined ? (sizes[0] ?? 1) : 1;
  const shape = [...(perHead ? [depth] : []), height, width];
  const data = new Float32Array(sizeOf(shape));
  const [given = 0, columns = 0] = values.shape.slice(-2);
  const start = rows?.start ?? 0;
  for (let head = 0; head < depth; head++) {
    for (let row = 0; row < Math.min(given, height - start); row++) {
      const from = (head * given + row) * columns;
      const line = values.data.subarray(from, from + Math.min(columns, width));
      data.set(line, (head * height + start + row) * width);
    }
  }
  return { shape, data };
}

/** What each row counts for in the mean. // (head, 1, row) or (1, row) */
function sharesOf(sizes: readonly number[], perHead: boolean): Tensor {
  const [height = 0] = sizes.slice(-2);
  const shape = [...(perHead ? sizes.slice(0, 1) : []), 1, height];
  return { shape, data: new Float32Array(sizeOf(shape)).fill(1 / height) };
}

function zeros(shape: readonly number[]): Tensor {
  return { shape, data: new Float32Array(sizeOf(shape)) };
}

/** "A_h" → "\check{A}_h": what stood there before it was set. */
function checked(symbol: string): string {
  return symbol.replace(/^(\\\w+\{[^}]*\}|\\\w+|\w)/, (letter) => `\\check{${letter}}`);
}

/** The masked scores as they decide which weights are shown: where a weight was set, none is masked. */
export function unmasked(masked: Value, weights: Value): Value {
  const before = replaced(weights);
  if (before === undefined) return masked;
  return replace(unmasked(masked, before.value), before.where, before.by);
}

/** What a reader is told of each. */
export function interventionNotices(interventions: readonly Intervention[]): string[] {
  return interventions.map(({ layer, step, head, rows, set, attention }) => {
    const to = { zero: '0', mean: 'its mean over all rows', values: 'given values' }[set.kind];
    const place = [
      `layer ${layer + 1}`,
      ...(head === undefined ? [] : [`head ${head + 1}`]),
      ...(rows === undefined ? [] : [`rows ${rows.start} to ${rows.end - 1}`]),
      ...(attention === undefined ? [] : [`attention “${attention}”`]),
    ];
    return `Set by an intervention: ${step} (${place.join(', ')}) is ${to}.`;
  });
}
