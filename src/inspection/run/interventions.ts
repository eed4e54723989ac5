import { isPerHead, label, input, type AxisName, type Label, type Value } from '../../engine/graph.js';
import { matmul, replace } from '../../engine/ops/index.js';
import { replaced, rewrite } from '../../engine/rewrite.js';
import { sizeOf, type Range, type Tensor } from '../../engine/tensor.js';
import type { Intervention } from '../../protocol.js';
import { headRange } from '../core/subject.js';
import { placeNumber } from '../../common/counting.js';

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
      const remark = `Set by an intervention to the mean of its column over all ${of.shape.at(-2)} rows.`;
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
      `layer ${placeNumber(layer)}`,
      ...(head === undefined ? [] : [`head ${placeNumber(head)}`]),
      ...(rows === undefined ? [] : [`rows ${rows.start} to ${rows.end - 1}`]),
      ...(attention === undefined ? [] : [`attention “${attention}”`]),
    ];
    return `Set by an intervention: ${step} (${place.join(', ')}) is ${to}.`;
  });
}
