import type { OnnxNode } from '../../formats/onnx.js';
import type { Between, FoundAttention, Lie, Operand, SoftmaxAxis } from './attention.js';
import { numberOf, titleOf, type OnnxGraph } from './graph.js';

/** Nodes that leave every number as it is, and the axes of heads, rows and columns in their order. */
const transparent: ReadonlySet<string> = new Set([
  'Cast',
  'Dropout',
  'Expand',
  'Identity',
  'Reshape',
  'Squeeze',
  'Unsqueeze',
]);
/** How far apart the nodes of one attention may stand. */
const mostSteps = 16;

/** The product that scores are, and what happens to them until the softmax. */
interface Scores {
  readonly product: OnnxNode;
  readonly between: readonly Between[];
}

/** Attention that is written out: a product, a softmax of it, and a product with that. Undefined where this softmax is another. */
export function findPattern(softmax: OnnxNode, graph: OnnxGraph): FoundAttention | undefined {
  const [logits = ''] = softmax.inputs;
  const [weights = ''] = softmax.outputs;
  const values = valuesOf(weights, graph, 0);
  const scores = values === undefined ? undefined : scoresBehind(logits, graph, 0);
  if (values === undefined || scores === undefined) return undefined;
  const [query, key] = operandsOf(scores.product);
  const [queries, keys] = [behind(query, graph, 'scaled'), behind(key, graph, 'all')];
  const alpha = scores.product.operator === 'FusedMatMul' ? numberOf(scores.product, 'alpha', 1) : 1;
  return {
    title: titleOf(softmax).replace(/\/Softmax(?:_\d+)?$/, ''),
    operator: softmax.operator,
    query: queries.operand,
    key: keys.operand,
    // Heads are shared by keys and values alike: what was found for one only is taken as it is for both.
    value: (keys.isShared ? behind(values, graph, 'shared') : { operand: values }).operand,
    between: [
      ...(alpha === 1 ? [] : [{ kind: 'scale', factor: alpha } as const]),
      ...queries.scales,
      ...keys.scales,
      ...scores.between,
    ],
    result: { kind: 'weights', value: weights, scores: logits, softmax: axisOf(softmax, graph) },
    added: [],
  };
}

/** Before operator set 13 a softmax that says nothing runs over all but the first axis. */
function axisOf(softmax: OnnxNode, graph: OnnxGraph): SoftmaxAxis {
  const isJoint = graph.operatorSet < 13;
  return { axis: numberOf(softmax, 'axis', isJoint ? 1 : -1), isJoint };
}

/** Whether a softmax stands between two transpositions and two products: attention whose columns sum to 1, as some exporters write it. */
export function isOverQueries(softmax: OnnxNode, graph: OnnxGraph): boolean {
  const before = graph.maker(softmax.inputs[0] ?? '');
  if (before?.operator !== 'Transpose' || !swapsLast(before)) return false;
  if (scoresBehind(before.inputs[0] ?? '', graph, 0) === undefined) return false;
  return graph
    .readersOf(softmax.outputs[0] ?? '')
    .some(
      (after) =>
        after.operator === 'Transpose' &&
        swapsLast(after) &&
        valuesOf(after.outputs[0] ?? '', graph, 0) !== undefined,
    );
}

/** What weights are multiplied with. */
function valuesOf(weights: string, graph: OnnxGraph, depth: number): Operand | undefined {
  if (depth > mostSteps) return undefined;
  for (const node of graph.readersOf(weights)) {
    if (isProduct(node) && node.inputs[0] === weights) return secondOf(node);
    // A row without a key is no number; some exports put zeros there.
    const passes =
      transparent.has(node.operator) || (node.operator === 'Where' && node.inputs[2] === weights);
    const found = passes ? valuesOf(node.outputs[0] ?? '', graph, depth + 1) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Goes back from the softmax to a product of two computed values. */
function scoresBehind(value: string, graph: OnnxGraph, depth: number): Scores | undefined {
  const node = graph.maker(value);
  if (node === undefined || depth > mostSteps) return undefined;
  if (isProduct(node)) {
    const computed = node.inputs.every((each) => graph.shape(each) === undefined);
    return computed ? { product: node, between: [] } : undefined;
  }
  for (const [from, between] of stepsBehind(node)) {
    const found = scoresBehind(from, graph, depth + 1);
    if (found !== undefined) return { ...found, between: [...found.between, ...between] };
  }
  return undefined;
}

/** Where scores may come from that a node gives, and what it did to them. */
function stepsBehind({ operator, inputs }: OnnxNode): [string, Between[]][] {
  const [first = '', second = '', third = ''] = inputs;
  switch (operator) {
    case 'Add':
      return [
        [first, [{ kind: 'add', by: second }]],
        [second, [{ kind: 'add', by: first }]],
      ];
    case 'Mul':
      return [
        [first, [{ kind: 'multiply', by: second }]],
        [second, [{ kind: 'multiply', by: first }]],
      ];
    case 'Sub':
      return [[first, [{ kind: 'subtract', by: second }]]];
    case 'Div':
      return [[first, [{ kind: 'divide', by: second }]]];
    case 'Where':
      return [
        [second, [{ kind: 'choose', condition: first, kept: true, other: third }]],
        [third, [{ kind: 'choose', condition: first, kept: false, other: second }]],
      ];
    case 'Tanh':
      return [[first, [{ kind: 'tanh' }]]];
    default:
      return transparent.has(operator) ? [[first, []]] : [];
  }
}

function isProduct({ operator }: OnnxNode): boolean {
  return operator === 'MatMul' || operator === 'FusedMatMul' || operator === 'Einsum';
}

/** Query and key of a product, and how they lie. */
function operandsOf(product: OnnxNode): [Operand, Operand] {
  const [first = '', second = ''] = product.inputs;
  const axes = einsumAxes(product);
  if (axes !== undefined) {
    const [rows = '', columns = ''] = [...axes.result].slice(-2);
    const heads = axes.result.slice(0, -2);
    const inner =
      [...axes.first].find((axis) => axes.second.includes(axis) && !axes.result.includes(axis)) ?? '';
    // The query is whichever of the two has the rows of the result.
    const [query, key] = axes.first.includes(rows)
      ? [
          { value: first, axes: axes.first },
          { value: second, axes: axes.second },
        ]
      : [
          { value: second, axes: axes.second },
          { value: first, axes: axes.first },
        ];
    return [
      { value: query.value, lie: order(query.axes, heads + rows + inner) },
      { value: key.value, lie: order(key.axes, heads + columns + inner) },
    ];
  }
  return [
    { value: first, lie: { kind: numberOf(product, 'transA', 0) === 0 ? 'rows' : 'columns' } },
    { value: second, lie: { kind: numberOf(product, 'transB', 0) === 0 ? 'columns' : 'rows' } },
  ];
}

/** What weights are multiplied with, in the product of these. */
function secondOf(product: OnnxNode): Operand {
  const [, second = ''] = product.inputs;
  const axes = einsumAxes(product);
  if (axes === undefined) {
    return { value: second, lie: { kind: numberOf(product, 'transB', 0) === 0 ? 'rows' : 'columns' } };
  }
  const keys = axes.first.at(-1) ?? '';
  const heads = axes.first.slice(0, -2);
  const feature = [...axes.second].find((axis) => !axes.first.includes(axis)) ?? '';
  return { value: second, lie: order(axes.second, heads + keys + feature) };
}

function einsumAxes({
  operator,
  attributes,
}: OnnxNode): { first: string; second: string; result: string } | undefined {
  const equation = attributes.get('equation');
  if (operator !== 'Einsum' || equation?.kind !== 'text') return undefined;
  const match = /^([a-z]+),([a-z]+)->([a-z]+)$/i.exec(equation.value.replaceAll(' ', ''));
  const [, first = '', second = '', result = ''] = match ?? [];
  return { first, second, result };
}

function order(axes: string, wanted: string): Lie {
  return { kind: 'axes', order: [...wanted].map((axis) => axes.indexOf(axis)) };
}

/**
 * The value that an operand is made of: behind a transposition, a scaling by one number, the repetition of heads that share
 * their keys.
 * @param through what is told apart
 */
function behind(
  operand: Operand,
  graph: OnnxGraph,
  through: 'scaled' | 'shared' | 'all',
): { operand: Operand; scales: Between[]; isShared: boolean } {
  let { value, lie } = operand;
  let isShared = false;
  const scales: Between[] = [];
  for (let depth = 0; depth < mostSteps; depth++) {
    const node = graph.maker(value);
    if (node === undefined) break;
    const transposed = lie.kind === 'axes' ? undefined : transposedBehind(node, graph);
    const scaled = through === 'shared' ? undefined : scaledBehind(node, graph);
    const shared = through === 'scaled' ? undefined : sharedBehind(node, graph);
    if (transposed !== undefined) {
      value = transposed;
      lie = { kind: lie.kind === 'rows' ? 'columns' : 'rows' };
    } else if (scaled !== undefined) {
      value = scaled.from;
      scales.push(scaled.by);
    } else if (shared !== undefined) {
      value = shared;
      isShared = true;
    } else break;
  }
  return { operand: { value, lie }, scales, isShared };
}

function scaledBehind(
  { operator, inputs }: OnnxNode,
  graph: OnnxGraph,
): { readonly from: string; readonly by: Between } | undefined {
  const [first = '', second = ''] = inputs;
  if (operator === 'Div' && graph.isScalar(second))
    return { from: first, by: { kind: 'divide', by: second } };
  if (operator !== 'Mul') return undefined;
  if (graph.isScalar(second)) return { from: first, by: { kind: 'multiply', by: second } };
  return graph.isScalar(first) ? { from: second, by: { kind: 'multiply', by: first } } : undefined;
}

/** What a node has rows and columns exchanged of, be it by way of three axes instead of four. */
function transposedBehind(node: OnnxNode, graph: OnnxGraph): string | undefined {
  if (node.operator === 'Transpose') return swapsLast(node) ? node.inputs[0] : undefined;
  const inner = node.operator === 'Reshape' ? graph.maker(node.inputs[0] ?? '') : undefined;
  const flat =
    inner?.operator === 'Transpose' && swapsLast(inner) ? graph.maker(inner.inputs[0] ?? '') : undefined;
  return flat?.operator === 'Reshape' ? flat.inputs[0] : undefined;
}

function swapsLast({ attributes }: OnnxNode): boolean {
  const order = attributes.get('perm');
  if (order?.kind !== 'numbers') return false;
  const last = order.values.length - 1;
  return order.values.every((axis, at) => axis === (at === last ? last - 1 : at === last - 1 ? last : at));
}

/** What was repeated, each head for several others: (1, group, m, d) as (1, group, 1, m, d), expanded, and merged again. */
function sharedBehind({ operator, inputs }: OnnxNode, graph: OnnxGraph): string | undefined {
  const expanded = operator === 'Reshape' ? graph.maker(inputs[0] ?? '') : undefined;
  const inserted = expanded?.operator === 'Expand' ? graph.maker(expanded.inputs[0] ?? '') : undefined;
  if (inserted?.operator !== 'Unsqueeze') return undefined;
  const [from, axes = ''] = inserted.inputs;
  const attribute = inserted.attributes.get('axes');
  const where = attribute?.kind === 'numbers' ? attribute.values : graph.numbers(axes);
  return where?.length === 1 && where[0] === 2 ? from : undefined;
}
