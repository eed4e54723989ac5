import { input, label, type AxisName, type Value } from '../graph.js';
import { add, matmul, mergeHeads, repeatHeads, splitHeads } from '../ops/index.js';
import { formatShape, ShapeError, type Shape } from '../tensor.js';
import { attendParameters } from './attend-parameters.js';
import { readAttendParameters } from './attend-values.js';
import { attend, type AttendParameters } from './attend.js';
import { extent, headsParameter, readCount, symbolOf } from './heads.js';
import { labelledLeaves, type Mechanism } from './mechanism.js';
import { ParameterError } from './parameters.js';
import { fitsHeads, scoreInputs, scoreLeaves } from './score-tensors.js';

/** A projection: a weight that multiplies from the right, and a bias. */
export interface Projection {
  /** (model, model) */
  readonly weight: Value;
  /** (model) */
  readonly bias?: Value | undefined;
}

/** A norm over the features of a head, the same for all heads. */
export interface HeadNorm {
  /** (feature) */
  readonly weight: Value;
  /** (feature) */
  readonly bias?: Value | undefined;
  apply(value: Value, weight: Value, bias: Value | undefined): Value;
}

export interface MultiHeadInputs {
  /** Where queries come from. // (query, model) */
  readonly queries: Value;
  /** Where keys and values come from; the same as the queries in self-attention. // (key, model) */
  readonly keys: Value;
  readonly Q: Projection;
  readonly K: Projection;
  readonly V: Projection;
  readonly output?: Projection | undefined;
  /** Normalises the vectors of each head, before positions turn them (Henry et al. 2020). // (head, row, feature) */
  readonly normQ?: HeadNorm | undefined;
  readonly normK?: HeadNorm | undefined;
  readonly heads: number;
  /** Fewer than heads where heads share keys and values (Ainslie et al. 2023); one in multi-query attention (Shazeer 2019). */
  readonly groups: number;
}

/**
 * Multi-head attention: Vaswani et al. 2017, §3.2.2. Head h reads columns h · d_k to (h + 1) · d_k of each projection.
 * @returns the labelled steps: X (or Xq, Xkv), Q, K, V, those of them that are normalised, scores, scaled, masked, … where they apply, weights, head, concat, and output where it is projected
 * @throws ShapeError when a weight does not fit
 */
export function multiHead(inputs: MultiHeadInputs, parameters: AttendParameters): Value[] {
  const { heads, groups } = inputs;
  const self = inputs.queries === inputs.keys;
  const from = source(inputs.queries, self ? 'X' : 'Xq', 'query');
  const to = self ? from : source(inputs.keys, 'Xkv', 'key');

  const grouped = groups < heads;
  const Q = project(from, inputs.Q, 'Q', heads, false);
  const K = project(to, inputs.K, 'K', groups, grouped);
  const V = project(to, inputs.V, 'V', groups, grouped);
  const normQ = inputs.normQ === undefined ? [] : [normed(Q, inputs.normQ)];
  const normK = inputs.normK === undefined ? [] : [normed(K, inputs.normK)];
  const attended = attend(normQ[0] ?? Q, normK[0] ?? K, parameters);
  const head = label(matmul(attended.weights, repeatHeads(V, heads)), {
    name: 'head',
    symbol: '\\mathrm{head}_h',
    axes: ['head', 'query', 'value'],
    step: {
      title: 'Head output',
      note: 'Each query’s mix of the values: the weighted sum of V’s rows.',
      scale: 'signed',
      phase: 'sum',
    },
  });
  const concat = label(mergeHeads(head), {
    name: 'concat',
    symbol: 'Z',
    element: 'z',
    axes: ['query', 'model'],
    step: {
      title: 'Concatenated',
      note: 'The heads’ outputs side by side.',
      scale: 'signed',
      phase: 'sum',
      ...(inputs.output === undefined ? { role: 'output' } : {}),
    },
  });
  const steps = [
    ...(self ? [from] : [from, to]),
    ...[Q, K, V, ...normQ, ...normK],
    ...attended.steps,
    head,
    concat,
  ];
  if (inputs.output === undefined) return steps;
  checkProjection(concat, inputs.output, 'O');
  const output = label(affine(concat, named(inputs.output, 'O')), {
    name: 'output',
    symbol: 'O',
    axes: ['query', 'model'],
    step: {
      title: 'Output',
      note: 'W^O mixes the heads into one vector per query.',
      scale: 'signed',
      phase: 'sum',
      role: 'output',
    },
  });
  return [...steps, output];
}

function source(value: Value, name: 'X' | 'Xq' | 'Xkv', axis: AxisName): Value {
  const [symbol, element] = { X: ['X', 'x'], Xq: ['X^q', 'x^q'], Xkv: ['X^{kv}', 'x^{kv}'] }[name];
  return label(value, {
    name,
    symbol: symbol ?? name,
    element: element ?? name,
    axes: [axis, 'model'],
    given: true,
    step: {
      title: name === 'X' ? 'Input' : name === 'Xq' ? 'Query input' : 'Key and value input',
      note: 'One row per token: the vectors that this layer reads.',
      scale: 'signed',
      phase: 'input',
      role: name === 'X' ? 'input' : name === 'Xq' ? 'query-input' : 'key-input',
    },
  });
}

const projections = {
  Q: {
    title: 'Queries',
    note: 'W^Q projects each token to what it looks for.',
    role: 'query',
    axis: 'query',
    column: 'feature',
  },
  K: {
    title: 'Keys',
    note: 'W^K projects each token to what it can be found by.',
    role: 'key',
    axis: 'key',
    column: 'feature',
  },
  V: {
    title: 'Values',
    note: 'W^V projects each token to what it gives to others.',
    role: 'value',
    axis: 'key',
    column: 'value',
  },
} as const;

function project(
  from: Value,
  projection: Projection,
  name: 'Q' | 'K' | 'V',
  heads: number,
  grouped: boolean,
): Value {
  const { title, note, role, axis, column } = projections[name];
  checkProjection(from, projection, name);
  const width = extent(projection.weight.shape, -1);
  if (width % heads !== 0) {
    throw new ShapeError(
      `W_${name} ${formatShape(projection.weight.shape)} does not split into ${heads} heads: its ${width} columns are no multiple of ${heads}.`,
    );
  }
  return label(splitHeads(affine(from, named(projection, name, grouped ? 'g' : 'h')), heads), {
    name,
    symbol: symbolOf(name, heads, grouped),
    element: symbolOf(name.toLowerCase(), heads, grouped),
    axes: [grouped ? 'group' : 'head', axis, column],
    step: { title, note, scale: 'signed', phase: 'input', role },
  });
}

/** The vectors of each head after their norm, as a step. */
function normed(value: Value, { weight, bias, apply }: HeadNorm): Value {
  const { name = '', symbol = '', element = symbol, axes = [] } = value.label ?? {};
  const mark = (of: string): string => of.replace(/^\w/, (letter) => `\\bar{${letter}}`);
  const named = (of: Value, letter: string): Value =>
    label(of, { name: `${letter}_${name}`, symbol: `${letter}^${name}`, axes: ['feature'], given: true });
  return label(apply(value, named(weight, 'g'), bias && named(bias, 'c')), {
    name: `normed_${name}`,
    symbol: mark(symbol),
    element: mark(element),
    axes,
    step: {
      title: name === 'Q' ? 'Normalised queries' : 'Normalised keys',
      note: 'Each vector is brought to a common length first, so that scores cannot grow with it.',
      scale: 'signed',
      phase: 'score',
    },
  });
}

/** @param each the subscript for one head's columns; none for what mixes all heads */
function named(projection: Projection, name: 'Q' | 'K' | 'V' | 'O', each?: 'h' | 'g'): Projection {
  const h = each === undefined ? '' : `_${each}`;
  return {
    weight: label(projection.weight, {
      name: `W_${name}`,
      symbol: `W^${name}${h}`,
      axes: ['model', 'feature'],
      given: true,
    }),
    bias:
      projection.bias &&
      label(projection.bias, { name: `b_${name}`, symbol: `b^${name}${h}`, axes: ['feature'], given: true }),
  };
}

function affine(from: Value, { weight, bias }: Projection): Value {
  const product = matmul(from, weight);
  return bias === undefined ? product : add(product, bias);
}

function checkProjection(from: Value, { weight, bias }: Projection, name: string): void {
  const [height, width] = weight.shape;
  const read = extent(from.shape, -1);
  if (weight.shape.length !== 2 || height !== read || width === 0) {
    const rows = weight.shape.length === 2 && height !== read ? ` of ${read} rows` : '';
    throw new ShapeError(
      `W_${name} ${formatShape(weight.shape)} does not fit ${from.label?.name ?? 'its input'} ${formatShape(from.shape)}: it has to be a matrix${rows}, one for each column it multiplies.`,
    );
  }
  if (bias !== undefined && (bias.shape.length !== 1 || bias.shape[0] !== width)) {
    throw new ShapeError(
      `b_${name} ${formatShape(bias.shape)} does not fit W_${name} ${formatShape(weight.shape)}: it has to have ${width} entries, one a column.`,
    );
  }
}

type Shapes = Readonly<Record<string, Shape>>;

/** Self- or cross-attention from inputs and weights, with grouped heads where K and V are narrower than Q. */
export const multiHeadAttention: Mechanism = {
  id: 'multi-head',
  title: 'Multi-head attention',
  source: 'Vaswani et al. 2017, §3.2.2',

  inputs: [
    { name: 'X', title: 'Input', required: false, axes: [['query', 'model']] },
    { name: 'Xq', title: 'Query input', required: false, axes: [['query', 'model']] },
    { name: 'Xkv', title: 'Key and value input', required: false, axes: [['key', 'model']] },
    ...(['Q', 'K', 'V'] as const).map((name) => ({
      name: `W_${name}`,
      title: `W^${name}`,
      required: true,
      axes: [['model', 'feature']] as const,
    })),
    { name: 'W_O', title: 'W^O', required: false, axes: [['model', 'feature']] },
    ...(['Q', 'K', 'V', 'O'] as const).map((name) => ({
      name: `b_${name}`,
      title: `b^${name}`,
      required: false,
      axes: [['feature']] as const,
    })),
    ...scoreInputs,
  ],

  parameters(inputs) {
    const width = extent(inputs['W_Q'], -1);
    const keys = extent(inputs['Xkv'] ?? inputs['X'], -2);
    const queries = extent(inputs['Xq'] ?? inputs['X'], -2);
    const groups = (count: number): number | undefined => groupsFor(inputs['W_Q'], inputs['W_K'], count);
    const heads = headsParameter(width, (count) => groups(count) !== undefined && fitsHeads(inputs, count));
    const counts =
      heads.kind === 'choice' ? heads.choices.flatMap(({ value }) => groups(Number(value)) ?? []) : [];
    return [
      heads,
      {
        kind: 'choice',
        name: 'kvHeads',
        title: 'Key/value heads',
        note: 'How many heads of keys and values the query heads share; by default as the widths of W^Q and W^K say.',
        value: 'auto',
        default: 'auto',
        choices: [
          { value: 'auto', title: 'As the widths say' },
          ...counts.map((count) => ({ value: String(count), title: String(count) })),
        ],
      },
      ...attendParameters({ inputs, keys, queries, pairs: width % 2 === 0 }),
    ];
  },

  build(inputs, values) {
    const masks = scoreLeaves(inputs);
    const leaves = new Map(masks.leaves);
    const leaf = (name: string, shape: Shape): Value => {
      const value = input(shape);
      leaves.set(name, value);
      return value;
    };
    const [queries, keys] = sources(inputs, leaf);
    const projection = (name: 'Q' | 'K' | 'V' | 'O'): Projection | undefined => {
      const [weight, bias] = [inputs[`W_${name}`], inputs[`b_${name}`]];
      if (weight === undefined) return undefined;
      return {
        weight: leaf(`W_${name}`, weight),
        bias: bias === undefined ? undefined : leaf(`b_${name}`, bias),
      };
    };
    const needed = (name: 'Q' | 'K' | 'V'): Projection => {
      const found = projection(name);
      if (found === undefined) throw new ShapeError(`Multi-head attention needs W_${name}.`);
      return found;
    };
    const [Q, K, V, output] = [needed('Q'), needed('K'), needed('V'), projection('O')];
    // Checked before the numbers of heads and groups are read from the widths of W_Q and W_K.
    const self = queries === keys;
    checkProjection(source(queries, self ? 'X' : 'Xq', 'query'), Q, 'Q');
    checkProjection(source(keys, self ? 'X' : 'Xkv', 'key'), K, 'K');
    const heads = readCount(values, 'heads', 1);
    const groups = groupsOf(Q, K, heads, values['kvHeads']);
    const steps = multiHead(
      { queries, keys, Q, K, V, output, heads, groups },
      readAttendParameters(values, masks),
    );
    return {
      inputs: labelledLeaves(leaves, steps),
      steps,
      heads,
      queries: extent(queries.shape, 0),
      keys: extent(keys.shape, 0),
    };
  },
};

function sources(inputs: Shapes, leaf: (name: string, shape: Shape) => Value): [Value, Value] {
  const { X, Xq, Xkv } = inputs;
  for (const [name, shape] of Object.entries({ X, Xq, Xkv })) {
    if (shape !== undefined && (shape.length !== 2 || shape.some((each) => each === 0))) {
      throw new ShapeError(
        `${name} has one row per token, (n, d_model); its shape is ${formatShape(shape)}.`,
      );
    }
  }
  if (X !== undefined && (Xq !== undefined || Xkv !== undefined)) {
    throw new ShapeError('Multi-head attention reads X, or Xq and Xkv, but not both.');
  }
  if (X !== undefined) {
    const value = leaf('X', X);
    return [value, value];
  }
  if (Xq === undefined || Xkv === undefined) {
    const missing =
      Xq !== undefined ? 'Xkv is missing' : Xkv !== undefined ? 'Xq is missing' : 'none is given';
    throw new ShapeError(`Multi-head attention needs X, or Xq and Xkv for cross-attention; ${missing}.`);
  }
  return [leaf('Xq', Xq), leaf('Xkv', Xkv)];
}

/** The number of key/value heads for a number of query heads; undefined where the widths do not fit. */
function groupsFor(W_Q: Shape | undefined, W_K: Shape | undefined, heads: number): number | undefined {
  const groups = (extent(W_K, -1) * heads) / extent(W_Q, -1);
  const fits = extent(W_Q, -1) % heads === 0 && Number.isInteger(groups) && heads % groups === 0;
  return fits ? groups : undefined;
}

function groupsOf(Q: Projection, K: Projection, heads: number, wanted: string | number | undefined): number {
  const columns = extent(Q.weight.shape, -1);
  const size = columns / heads;
  const width = extent(K.weight.shape, -1);
  const groups = groupsFor(Q.weight.shape, K.weight.shape, heads);
  if (!Number.isInteger(size) || size === 0) {
    throw new ShapeError(
      `W_Q ${formatShape(Q.weight.shape)} does not split into ${heads} heads: its ${columns} columns are no multiple of ${heads}.`,
    );
  }
  if (groups === undefined) {
    throw new ShapeError(
      `W_K ${formatShape(K.weight.shape)} does not fit ${heads} heads of ${size} columns: it has to have ${size} for each head, or for each group that shares heads evenly.`,
    );
  }
  if (wanted !== undefined && wanted !== 'auto' && Number(wanted) !== groups) {
    throw new ParameterError(
      `${wanted} key/value heads of ${size} columns would need W_K of ${Number(wanted) * size} columns; it has ${width}.`,
    );
  }
  return groups;
}
