import { input, label, type AxisName, type Label, type Value } from '../graph.js';
import { concat, matmul, repeatHeads, splitHeads } from '../ops/index.js';
import { formatShape, ShapeError, type Shape } from '../tensor.js';
import { attendParameters } from './attend-parameters.js';
import { extent, headsOf, headsParameter, symbolOf } from './heads.js';
import type { InputDescription } from './mechanism.js';
import type { Parameter } from './parameters.js';
import { fitsHeads } from './score-tensors.js';

type Shapes = Readonly<Record<string, Shape>>;

/** Q, K, V, and what may be given instead of Q and K. */
export const vectorInputs: readonly InputDescription[] = [
  {
    name: 'Q',
    title: 'Queries',
    required: false,
    axes: [
      ['query', 'feature'],
      ['head', 'query', 'feature'],
    ],
  },
  {
    name: 'K',
    title: 'Keys',
    required: false,
    axes: [
      ['key', 'feature'],
      ['group', 'key', 'feature'],
    ],
  },
  {
    name: 'V',
    title: 'Values',
    required: false,
    axes: [
      ['key', 'value'],
      ['group', 'key', 'value'],
    ],
  },
  {
    name: 'past_K',
    title: 'Keys from before',
    required: false,
    axes: [
      ['key', 'feature'],
      ['group', 'key', 'feature'],
    ],
  },
  {
    name: 'past_V',
    title: 'Values from before',
    required: false,
    axes: [
      ['key', 'value'],
      ['group', 'key', 'value'],
    ],
  },
  {
    name: 'scores',
    title: 'Scores',
    required: false,
    axes: [
      ['query', 'key'],
      ['head', 'query', 'key'],
    ],
  },
  {
    name: 'weights',
    title: 'Weights',
    required: false,
    axes: [
      ['query', 'key'],
      ['head', 'query', 'key'],
    ],
  },
];

/**
 * The parameters of attention that starts from Q and K, or from given scores: how matrices are split into heads, and what is
 * done to scores.
 */
export function vectorParameters(inputs: Shapes): {
  readonly heads: readonly Parameter[];
  readonly scores: readonly Parameter[];
} {
  const { Q, K, V, scores } = inputs;
  const keys = scores === undefined ? extent(K, -2) + extent(inputs['past_K'], -2) : extent(scores, -1);
  const queries = extent(scores ?? Q, -2);
  const pairs = scores === undefined && extent(Q, -1) % 2 === 0;
  const offered = attendParameters({ inputs, keys, queries, pairs });
  // d_k is not known from scores alone, so there is no √d_k to divide by: they are taken as they are.
  if (scores !== undefined) return { heads: [], scores: offered.map(withoutRoot) };
  const divides = (heads: number): boolean => extent(V, -1) % heads === 0 && fitsHeads(inputs, heads);
  const splits = Q?.length === 2 && K?.length === 2;
  return { heads: splits ? [headsParameter(extent(Q, -1), divides)] : [], scores: offered };
}

function withoutRoot(parameter: Parameter): Parameter {
  if (parameter.name !== 'scaling' || parameter.kind !== 'choice') return parameter;
  const choices = parameter.choices.filter(({ value }) => value !== 'sqrt');
  return { ...parameter, value: 'none', default: 'none', choices };
}

/** What attention starts from. */
export type Given =
  | { readonly kind: 'vectors'; readonly Q: Value; readonly K: Value }
  | { readonly kind: 'scores'; readonly scores: Value }
  | { readonly kind: 'weights'; readonly weights: Value };

/**
 * The leaves for Q and K, for given scores, or for given weights: the latest of these that is given.
 * @param heads how many a matrix is split into
 * @throws ShapeError naming the input, the axis and what was expected
 */
export function start(inputs: Shapes, heads: number, leaves: Map<string, Value>): Given {
  const { Q, K, scores, weights } = inputs;
  if (weights !== undefined) return { kind: 'weights', weights: matrixLeaf('weights', weights, leaves) };
  if (scores !== undefined) return { kind: 'scores', scores: matrixLeaf('scores', scores, leaves) };
  if (Q === undefined || K === undefined) {
    throw new ShapeError(
      `Attention needs Q and K, or scores, or weights; ${Q === undefined ? 'Q' : 'K'} is missing.`,
    );
  }
  checkVectors(Q, K);
  const all = Q.length === 3 ? extent(Q, 0) : heads;
  const past = pastOf('K', inputs);
  return {
    kind: 'vectors',
    Q: vectorLeaf('Q', 'Queries', 'What each query looks for.', ['query', 'feature'], Q, all, leaves),
    K: vectorLeaf(
      'K',
      'Keys',
      'What each key offers to be found by.',
      ['key', 'feature'],
      K,
      all,
      leaves,
      past,
    ),
  };
}

/**
 * The shape of keys or values from before; undefined where there are none.
 * @throws ShapeError where they do not fit those of now
 */
function pastOf(name: 'K' | 'V', inputs: Shapes): Shape | undefined {
  const [past, now] = [inputs[`past_${name}`], inputs[name] ?? []];
  if (past === undefined) return undefined;
  if (
    past.length !== now.length ||
    now.some((each, axis) => axis !== now.length - 2 && each !== past[axis])
  ) {
    throw new ShapeError(
      `past_${name} ${formatShape(past)} does not fit ${name} ${formatShape(now)}: all but the number of keys has to agree.`,
    );
  }
  return past;
}

function checkVectors(Q: Shape, K: Shape): void {
  for (const [name, shape] of [
    ['Q', Q],
    ['K', K],
  ] as const) {
    if (shape.length !== 2 && shape.length !== 3) {
      throw new ShapeError(
        `${name} is a matrix, or one matrix a head; its shape ${formatShape(shape)} is neither.`,
      );
    }
    if (shape.some((each) => each === 0))
      throw new ShapeError(`${name} of shape ${formatShape(shape)} is empty.`);
  }
  if (extent(Q, -1) !== extent(K, -1)) {
    throw new ShapeError(
      `Q ${formatShape(Q)} and K ${formatShape(K)} do not fit: their last axis, d_k, is ${extent(Q, -1)} in Q and ${extent(K, -1)} in K.`,
    );
  }
  if (Q.length !== K.length) {
    throw new ShapeError(
      `Q ${formatShape(Q)} has ${Q.length} axes and K ${formatShape(K)} has ${K.length}; both need the same.`,
    );
  }
  if (Q.length === 3 && extent(Q, 0) % extent(K, 0) !== 0) {
    throw new ShapeError(`Q has ${Q[0]} heads and K has ${K[0]}: query heads share key heads only evenly.`);
  }
}

function matrixLeaf(name: 'scores' | 'weights', shape: Shape, leaves: Map<string, Value>): Value {
  if ((shape.length !== 2 && shape.length !== 3) || shape.some((each) => each === 0)) {
    throw new ShapeError(
      `${name} are (query, key) or (head, query, key); their shape ${formatShape(shape)} is neither.`,
    );
  }
  const heads = shape.length === 3 ? shape[0] : undefined;
  const leaf = label(input(shape), {
    name,
    symbol: symbolOf(name === 'scores' ? 'S' : 'A', heads),
    element: symbolOf(name === 'scores' ? 's' : 'a', heads),
    axes: heads === undefined ? ['query', 'key'] : ['head', 'query', 'key'],
    step:
      name === 'scores'
        ? {
            title: 'Scores',
            note: 'How well each query matches each key, as given.',
            scale: 'signed',
            phase: 'score',
            role: 'scores',
          }
        : {
            title: 'Weights',
            note: 'How much each query takes from each key, as given.',
            scale: 'weights',
            phase: 'normalisation',
            role: 'weights',
          },
  });
  leaves.set(name, leaf);
  return leaf;
}

/**
 * @param heads the number of query heads: a matrix is split into as many, and a tensor with fewer heads is shared by them
 * @param past the shape of what stands before its rows
 */
function vectorLeaf(
  name: 'Q' | 'K' | 'V',
  title: string,
  note: string,
  axes: readonly [AxisName, AxisName],
  shape: Shape,
  heads: number,
  leaves: Map<string, Value>,
  past?: Shape,
): Value {
  const role = ({ Q: 'query', K: 'key', V: 'value' } as const)[name];
  const step = { title, note, scale: 'signed', phase: 'input', role } as const;
  const element = name.toLowerCase();
  /** The leaf, or the rows of two, under one label. */
  const read = (own: Label): Value => {
    const { symbol } = own;
    if (past === undefined) {
      const leaf = label(input(shape), own);
      leaves.set(name, leaf);
      return leaf;
    }
    const part = (of: Shape, key: string, name_: string, mark: string): Value => {
      const marked = symbol.replace(/^\w/, (letter) => `${letter}^{\\text{${mark}}}`);
      const leaf = label(input(of), { name: name_, symbol: marked, axes: own.axes, file: key });
      leaves.set(key, leaf);
      return leaf;
    };
    const { file: _, ...whole } = own;
    const before = part(past, `past_${name}`, `past_${name}`, 'past');
    return label(concat([before, part(shape, name, `new_${name}`, 'new')], 'rows'), whole);
  };
  if (shape.length === 3 || heads === 1) {
    const count = shape.length === 3 ? shape[0] : undefined;
    const grouped = count !== undefined && count < heads;
    return read({
      name,
      symbol: symbolOf(name, count, grouped),
      element: symbolOf(element, count, grouped),
      axes: count === undefined ? axes : [grouped ? 'group' : 'head', ...axes],
      step,
    });
  }
  const whole = read({ name: `${name}_all`, symbol: name, file: name, axes: [axes[0], 'model'] });
  if (extent(shape, -1) % heads !== 0) {
    throw new ShapeError(
      `${name} ${formatShape(shape)} cannot be split into ${heads} heads: its last axis, ${extent(shape, -1)}, is no multiple of ${heads}.`,
    );
  }
  return label(splitHeads(whole, heads, 'columns'), {
    name,
    symbol: `${name}_h`,
    element: `${element}_h`,
    axes: ['head', ...axes],
    step: { ...step, note: `${note} Columns of the given ${name}, split into ${heads} heads.` },
  });
}

/** The leaf for V, checked against what attention starts from; undefined where there is none. */
export function valueLeaf(
  inputs: Shapes,
  heads: number,
  given: Given,
  leaves: Map<string, Value>,
): Value | undefined {
  const { V: shape } = inputs;
  if (shape === undefined) return undefined;
  const past = pastOf('V', inputs);
  const against = given.kind === 'vectors' ? given.Q : given.kind === 'scores' ? given.scores : given.weights;
  const keys = given.kind === 'vectors' ? extent(given.K.shape, -2) : extent(against.shape, -1);
  if (shape.length !== 2 && shape.length !== 3) {
    throw new ShapeError(`V is a matrix, or one matrix a head; its shape ${formatShape(shape)} is neither.`);
  }
  if (shape.some((each) => each === 0)) throw new ShapeError(`V of shape ${formatShape(shape)} is empty.`);
  const rows = extent(shape, -2) + extent(past, -2);
  if (rows !== keys) {
    const together = past === undefined ? '' : ', with those from before,';
    throw new ShapeError(`V ${formatShape(shape)}${together} has ${rows} rows, but there are ${keys} keys.`);
  }
  const V = vectorLeaf(
    'V',
    'Values',
    'What each key gives to those that attend to it.',
    ['key', 'value'],
    shape,
    shape.length === 3 ? (headsOf(against) ?? 1) : heads,
    leaves,
    past,
  );
  if ((headsOf(V) === undefined) !== (headsOf(against) === undefined)) {
    const name = given.kind === 'vectors' ? 'Q' : given.kind;
    throw new ShapeError(
      `V ${formatShape(shape)} and ${name} ${formatShape(against.shape)} do not fit: one has heads, the other has none.`,
    );
  }
  if (headsOf(V) !== undefined && (headsOf(against) ?? 1) % (headsOf(V) ?? 1) !== 0) {
    throw new ShapeError(
      `V has ${headsOf(V)} heads, which ${headsOf(against)} query heads cannot share evenly.`,
    );
  }
  return V;
}

/** The weighted sum of V’s rows. */
export function outputOf(weights: Value, V: Value): Value {
  const heads = headsOf(weights);
  const values = heads === undefined ? V : repeatHeads(V, heads);
  return label(matmul(weights, values), {
    name: 'output',
    symbol: symbolOf('O', heads),
    axes: heads === undefined ? ['query', 'value'] : ['head', 'query', 'value'],
    step: {
      title: 'Output',
      note: 'Each query’s mix of the values: the weighted sum of V’s rows.',
      scale: 'signed',
      phase: 'sum',
      role: 'output',
    },
  });
}
