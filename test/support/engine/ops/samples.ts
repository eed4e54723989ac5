import assert from 'node:assert/strict';
import {
  input,
  inputsOf,
  label,
  positions,
  type AxisName,
  type Operation,
  type Value,
} from '../../../../src/engine/graph.js';
import * as operators from '../../../../src/engine/ops/index.js';
import type { Range, Shape, Tensor } from '../../../../src/engine/tensor.js';
import { random, randomTensor } from '../numbers.js';

const { constant } = operators;

/** Draws what an operator is tried on: sizes, and leaves with their numbers. */
export class Draw {
  readonly given = new Map<Value, Tensor<Float64Array>>();
  /** The leaves that there may be a gradient with respect to. */
  readonly differentiable: Value[] = [];
  private places = 0;

  constructor(readonly next: () => number) {}

  /** A whole number from 1. */
  upTo(most: number): number {
    return 1 + Math.floor(this.next() * most);
  }

  /** From −2 to 2. */
  numbers(...shape: number[]): Value {
    return this.leaf(randomTensor(shape, this.next));
  }

  /** From 0.25 to 4.25. */
  positive(...shape: number[]): Value {
    const { data } = randomTensor(shape, this.next);
    return this.leaf({ shape, data: data.map((each) => each + 2.25) });
  }

  /** From 0 to 1, both excluded. */
  uniform(...shape: number[]): Value {
    const { data } = randomTensor(shape, this.next);
    return this.leaf({ shape, data: data.map((each) => 0.5 + each / 4.1) });
  }

  /** Numbers that decide about something, and have no gradient. */
  fixed(...shape: number[]): Value {
    const value = this.numbers(...shape);
    this.differentiable.pop();
    return value;
  }

  /** Ones and zeros. */
  binary(...shape: number[]): Value {
    const value = this.fixed(...shape);
    const { data } = this.given.get(value) ?? randomTensor(shape, this.next);
    this.given.set(value, { shape, data: data.map((each) => (each < 0.8 ? 1 : 0)) });
    return value;
  }

  /** 0 … count − 1. */
  positions(count: number): Value {
    return named(positions(count), `p${this.places++}`);
  }

  /** Whole numbers below `below`. */
  indices(count: number, below: number): Value {
    const value = named(input([count], 'integer'), `x${this.given.size}`);
    this.given.set(value, {
      shape: [count],
      data: Float64Array.from({ length: count }, () => this.upTo(below) - 1),
    });
    return value;
  }

  /** A part of 0 … extent with at least one entry. */
  range(extent: number): Range {
    const start = this.upTo(extent) - 1;
    return { start, end: start + this.upTo(extent - start) };
  }

  private leaf(tensor: Tensor<Float64Array>): Value {
    const value = named(input(tensor.shape), `x${this.given.size}`);
    this.given.set(value, tensor);
    this.differentiable.push(value);
    return value;
  }
}

const axes: readonly AxisName[] = ['sample', 'head', 'query', 'key'];

/** Under a name of the program that it is printed in. */
function named(value: Value, name: string): Value {
  return label(value, { name, symbol: name, axes: axes.slice(4 - value.shape.length) });
}

export type Sample = (draw: Draw) => Value;

const sizes = (draw: Draw, rank: number): number[] => Array.from({ length: rank }, () => draw.upTo(4));

/** An operator that treats every entry alike. */
const each =
  (build: (value: Value) => Value): Sample =>
  (draw) =>
    build(draw.numbers(...sizes(draw, draw.upTo(3))));

/** An operator on two values that are repeated to each other's shape. */
const broadcast =
  (build: (left: Value, right: Value) => Value): Sample =>
  (draw) => {
    const shape = sizes(draw, 3);
    const thinned = (): number[] =>
      shape.map((extent) => (draw.next() < 0.3 ? 1 : extent)).slice(draw.upTo(3) - 1);
    return build(draw.numbers(...thinned()), draw.numbers(...thinned()));
  };

/** A shape that repeats to `shape`. */
const thinner = (draw: Draw, shape: Shape): number[] =>
  shape.map((extent) => (draw.next() < 0.5 ? 1 : extent)).slice(Math.floor(draw.next() * shape.length));

/** Of 7 rows: as convolutions cut them and as spectra do, also where windows leave some out. */
const windowForms: readonly operators.WindowForm[] = [
  { size: 3, stride: 1, count: 7, before: 1, beyond: 'zeros' },
  { size: 3, stride: 2, count: 4, before: 1, beyond: 'zeros' },
  { size: 4, stride: 2, count: 4, before: 2, beyond: 'reflection' },
  { size: 2, stride: 3, count: 2, before: 0, beyond: 'reflection' },
];

/**
 * Every operator on random sizes and numbers, by the name of its builder: what holds for all of them is tried on these.
 * The operators in the folders of src/engine/ops and these names are the same.
 */
export const samples: Readonly<Record<string, readonly Sample[]>> = {
  add: [broadcast(operators.add)],
  subtract: [broadcast(operators.subtract)],
  multiply: [broadcast(operators.multiply)],
  divide: [each((value) => operators.divide(value, [constant(1.5, 'c')]))],
  negate: [each(operators.negate)],
  oneMinus: [each(operators.oneMinus)],
  relu: [each(operators.relu)],
  tanh: [each(operators.tanh)],
  sigmoid: [each(operators.sigmoid)],
  silu: [each(operators.silu)],
  gelu: [each((value) => operators.gelu(value, 'erf')), each((value) => operators.gelu(value, 'tanh'))],
  normalDistribution: [each(operators.normalDistribution)],
  normalDensity: [each(operators.normalDensity)],
  inverseSquareRoot: [(draw) => operators.inverseSquareRoot(draw.positive(draw.upTo(3), 3), 1e-5)],
  wherePositive: [
    (draw) => {
      const shape = sizes(draw, 3);
      return operators.wherePositive(draw.numbers(...shape), draw.fixed(...shape));
    },
  ],
  roundTo: [
    each((value) => operators.roundTo(value, 'float16')),
    each((value) => operators.roundTo(value, 'bfloat16')),
  ],
  replace: [
    (draw) => {
      const [heads, rows, columns] = [draw.upTo(3), draw.upTo(4), draw.upTo(4)];
      return operators.replace(
        draw.numbers(heads, rows, columns),
        draw.binary(heads, rows, 1),
        draw.numbers(1, 1, columns),
      );
    },
    (draw) => operators.replace(draw.numbers(3, 4), draw.binary(3, 4), draw.numbers(3, 4)),
  ],
  larger: [broadcast(operators.larger)],
  decimalLogarithm: [
    (draw) => operators.decimalLogarithm(draw.positive(...sizes(draw, 2)), 1e-10),
    // Where some entries are below the floor.
    (draw) => operators.decimalLogarithm(draw.positive(2, 4), 2),
  ],
  exponential: [each(operators.exponential)],
  scale: [each((value) => operators.scale(value, 1.5, 'c'))],
  gaussian: [each((value) => operators.gaussian(value, 1.5))],
  featureMap: [each(operators.featureMap)],
  softCap: [each((value) => operators.softCap(value, 1.25))],
  gumbel: [(draw) => operators.gumbel(draw.uniform(...sizes(draw, 2)))],

  matmul: [
    (draw) => {
      const [heads, n, d, m] = [draw.upTo(3), draw.upTo(4), draw.upTo(4), draw.upTo(4)];
      return operators.matmul(draw.numbers(heads, n, d), draw.numbers(heads, d, m));
    },
    (draw) => {
      const d = draw.upTo(4);
      const lead = draw.next() < 0.5 ? [] : [draw.upTo(3)];
      return operators.matmul(draw.numbers(...lead, draw.upTo(4), d), draw.numbers(d, draw.upTo(4)));
    },
  ],
  transpose: [(draw) => operators.transpose(draw.numbers(...sizes(draw, 1 + draw.upTo(2))))],
  slice: [
    (draw) => {
      const shape = sizes(draw, 3);
      return operators.slice(
        draw.numbers(...shape),
        shape.map((extent) => draw.range(extent)),
      );
    },
  ],
  pad: [
    (draw) => {
      const shape = [6, 4, 5];
      const region = shape.map((extent) => draw.range(extent));
      return operators.pad(draw.numbers(...region.map(({ start, end }) => end - start)), region, shape);
    },
  ],
  concat: [
    (draw) => operators.concat([draw.numbers(2, 3), draw.numbers(2, draw.upTo(3))], 'columns'),
    (draw) => operators.concat([draw.numbers(draw.upTo(3), 3), draw.numbers(2, 3)], 'rows'),
  ],
  insertAxis: [(draw) => operators.insertAxis(draw.numbers(...sizes(draw, 2)), draw.upTo(3) - 1)],
  dropAxis: [(draw) => operators.dropAxis(draw.numbers(draw.upTo(4), 1, draw.upTo(4)), 1)],
  splitHeads: [
    (draw) => {
      const heads = draw.upTo(3);
      return operators.splitHeads(draw.numbers(draw.upTo(4), heads * draw.upTo(3)), heads);
    },
  ],
  mergeHeads: [(draw) => operators.mergeHeads(draw.numbers(...sizes(draw, 3)))],
  rearrange: [
    (draw) => {
      const rows = draw.upTo(3);
      return operators.rearrange(draw.numbers(rows, 6), [2, 3 * rows]);
    },
    (draw) => {
      const [n, heads, size] = [draw.upTo(3), draw.upTo(3), draw.upTo(3)];
      return operators.rearrange(draw.numbers(n, heads * size), [n, size, heads], [2, 0, 1]);
    },
    (draw) => {
      const [heads, n, size] = [draw.upTo(3), draw.upTo(3), draw.upTo(3)];
      return operators.rearrange(draw.numbers(heads, n, size), [n, heads * size]);
    },
    (draw) => {
      const [heads, n, size] = [draw.upTo(3), draw.upTo(3), draw.upTo(3)];
      return operators.rearrange(draw.numbers(heads, n, size), [heads, n, size], [1, 2, 0]);
    },
  ],
  repeatHeads: [
    (draw) => {
      const groups = draw.upTo(3);
      return operators.repeatHeads(draw.numbers(groups, draw.upTo(3), 2), groups * (1 + draw.upTo(2)));
    },
  ],
  sumHeads: [
    (draw) => {
      const groups = draw.upTo(3);
      return operators.sumHeads(draw.numbers(groups * (1 + draw.upTo(2)), draw.upTo(3), 2), groups);
    },
  ],
  gather: [(draw) => operators.gather(draw.numbers(5, draw.upTo(3)), draw.indices(draw.upTo(6), 5))],
  scatterRows: [
    (draw) => {
      const n = draw.upTo(6);
      return operators.scatterRows(draw.numbers(n, draw.upTo(3)), draw.indices(n, 5), 5);
    },
  ],
  spread: [
    (draw) => {
      const shape = [draw.upTo(3), 1 + draw.upTo(3), 1 + draw.upTo(3)];
      const thin = thinner(draw, [shape[0] ?? 1, 1, shape[2] ?? 1]);
      return operators.spread(draw.numbers(...thin), draw.fixed(...shape));
    },
  ],

  windows: windowForms.map(
    (form): Sample =>
      (draw) =>
        operators.windows(draw.numbers(7, draw.upTo(3)), form),
  ),
  overlapAdd: windowForms.map((form): Sample => (draw) => {
    const channels = draw.upTo(3);
    return operators.overlapAdd(draw.numbers(form.count, form.size * channels), form, [7, channels]);
  }),

  largest: [(draw) => operators.largest(draw.numbers(...sizes(draw, draw.upTo(3))))],
  rowSum: [(draw) => operators.rowSum(draw.numbers(...sizes(draw, draw.upTo(3))))],
  sumTo: [
    (draw) => {
      const shape = [1 + draw.upTo(2), 1 + draw.upTo(3), 1 + draw.upTo(3)];
      const [, ...rest] = shape;
      return operators.sumTo(draw.numbers(...shape), thinner(draw, rest));
    },
    (draw) => operators.sumTo(draw.numbers(3, 4, 2), [3, draw.next() < 0.5 ? 1 : 4, 1]),
  ],
  softmax: [(draw) => operators.softmax(draw.numbers(...sizes(draw, draw.upTo(3))))],
  sinkSoftmax: [
    (draw) => {
      const heads = draw.upTo(3);
      return operators.sinkSoftmax(draw.numbers(heads, draw.upTo(3), draw.upTo(4)), draw.numbers(heads));
    },
    (draw) => operators.sinkSoftmax(draw.numbers(draw.upTo(3), draw.upTo(4)), draw.numbers(1)),
  ],
  divideRows: [
    (draw) => {
      const shape = sizes(draw, draw.upTo(2));
      return operators.divideRows(draw.numbers(...shape, 3), draw.positive(...shape, 1));
    },
  ],
  layerNorm: [
    (draw) => {
      const width = 2 + draw.upTo(3);
      const lead = sizes(draw, draw.upTo(2));
      return operators.layerNorm(
        draw.numbers(...lead, width),
        draw.numbers(width),
        draw.numbers(width),
        1e-5,
      );
    },
  ],
  rmsNorm: ([0, 1] as const).map((offset): Sample => (draw) => {
    const width = 1 + draw.upTo(3);
    return operators.rmsNorm(
      draw.numbers(...sizes(draw, draw.upTo(2)), width),
      draw.numbers(width),
      1e-5,
      offset,
    );
  }),

  mask: (
    [
      { kind: 'causal' },
      { kind: 'sliding-window', window: 1 },
      { kind: 'window', left: 1, right: 2 },
      { kind: 'window', left: 0 },
      { kind: 'window', right: 1 },
      { kind: 'prefix', prefix: 2 },
      { kind: 'valid', count: 2 },
    ] as const
  ).flatMap((rule) =>
    [-Infinity, 0].map((fill): Sample => (draw) => {
      const [n, m] = [draw.upTo(4), draw.upTo(4)];
      const lead = draw.next() < 0.5 ? [] : [2];
      return operators.mask(draw.numbers(...lead, n, m), draw.positions(n), draw.positions(m), rule, fill);
    }),
  ),
  maskKeys: [-Infinity, 0].flatMap((fill): Sample[] => [
    (draw) => operators.maskKeys(draw.numbers(2, 3, 4), draw.binary(4), fill),
    (draw) => operators.maskKeys(draw.numbers(2, 3, 4), draw.binary(3, 4), fill),
    (draw) => operators.maskKeys(draw.numbers(2, 3, 4), draw.binary(2, 1, 4), fill, 'zeros'),
  ]),
  addMask: [
    (draw) => operators.addMask(draw.numbers(2, 3, 4), draw.numbers(2, 1, 4)),
    (draw) => operators.addMask(draw.numbers(3, 4), draw.numbers(4)),
  ],
  maskBeyond: [-Infinity, 0].map((fill): Sample => (draw) => {
    const m = 1 + draw.upTo(3);
    return operators.maskBeyond(draw.numbers(2, 3, m), draw.positions(m), draw.binary(1), fill);
  }),
  shift: [(draw) => operators.shift(draw.positions(draw.upTo(4)), draw.binary(1))],
  weightedSum: [
    (draw) => operators.weightedSum(draw.numbers(2, 3, 4), draw.numbers(2, 4, 5)),
    (draw) => operators.weightedSum(draw.numbers(2, 3, 4), draw.numbers(4, 5)),
  ],
  offset: [(draw) => operators.offset(draw.numbers(draw.upTo(4), 1), draw.positions(draw.upTo(4)))],
  within: [
    (draw) => {
      const shape = sizes(draw, 2);
      return operators.within(draw.numbers(...shape), draw.fixed(...shape), 1);
    },
  ],
  relativeBias: [true, false].map((bidirectional): Sample => (draw) => {
    const heads = draw.upTo(3);
    const table = draw.numbers(8, heads);
    const rule = { buckets: 8, maximum: 16, bidirectional };
    return operators.relativeBias(
      table,
      draw.positions(heads),
      draw.positions(draw.upTo(6)),
      draw.positions(draw.upTo(6)),
      rule,
    );
  }),
  rotary: (['neighbours', 'halves'] as const).flatMap((pairs): Sample[] => [
    (draw) => {
      const n = draw.upTo(4);
      return operators.rotary(draw.numbers(2, n, 4), draw.positions(n), { base: 10_000, pairs });
    },
    (draw) => {
      const n = draw.upTo(4);
      const form = { base: 10_000, pairs, speeds: [0.75, 0.125] };
      return operators.rotary(draw.numbers(2, n, 3 + draw.upTo(3)), draw.positions(n), form);
    },
    (draw) => {
      const n = draw.upTo(4);
      const form = { base: 10_000, pairs, speeds: [0.75, 0.125], scale: 1.375 };
      return operators.rotary(draw.numbers(2, n, 3 + draw.upTo(3)), draw.positions(n), form);
    },
  ]),
  gru: (['forward', 'reverse'] as const).map((direction): Sample => (draw) => {
    const hidden = draw.upTo(2);
    const X = draw.numbers(draw.upTo(2), draw.upTo(2));
    const weights = {
      input: draw.numbers(3 * hidden, X.shape[1] ?? 0),
      state: draw.numbers(3 * hidden, hidden),
      inputBias: draw.numbers(3 * hidden),
      stateBias: draw.numbers(3 * hidden),
    };
    return operators.gru(X, weights, draw.numbers(1, hidden), { direction, name: 'gru' });
  }),

  // These have no derivative with respect to anything.
  argmax: [(draw) => operators.argmax(draw.numbers(draw.upTo(3), draw.upTo(4)))],
  median: [
    (draw) => operators.median(draw.numbers(draw.upTo(2), draw.upTo(3), 4 + draw.upTo(6)), 7),
    // A row that is too short for its neighbours.
    (draw) => operators.median(draw.numbers(3, 3), 7),
    (draw) => operators.median(draw.numbers(draw.upTo(5)), 3),
  ],
  frequencies: [
    (draw) => {
      const n = draw.upTo(3);
      return operators.frequencies(operators.softmax(draw.numbers(n, 4)), draw.uniform(n, draw.upTo(5)));
    },
  ],
  noise: [
    (draw) => operators.noise([draw.positions(draw.upTo(4)), draw.positions(draw.upTo(4))], draw.upTo(99)),
  ],
  identity: [(draw) => operators.identity(draw.positions(draw.upTo(4)), draw.positions(draw.upTo(4)))],
  full: [(draw) => operators.full(draw.positions(draw.upTo(4)), 0.5)],
  alibi: [
    (draw) =>
      operators.alibi(draw.positions(2), draw.positions(draw.upTo(4)), draw.positions(draw.upTo(4)), 2),
  ],
};

/** An operator's result y, and what its derivative makes of some gradient with respect to y, for each input that has one. */
export function differentiated(sample: Sample, seed: number): { draw: Draw; values: Value[] } {
  const draw = new Draw(random(seed));
  const value = named(sample(draw), 'y');
  const upstream = draw.fixed(...value.shape);
  const parts = operationOf(value).vjp(upstream, inputsOf(value), value);
  // A gradient that is another value already, as a sum's is, needs no name of its own.
  const own = parts.flatMap((part) => (part === undefined || part.label !== undefined ? [] : [part]));
  return { draw, values: [value, ...own.map((part, at) => named(part, `g${at}`))] };
}

/** Every sample a few times, each on numbers of its own, with what to call it. */
export function drawn(times: number): { name: string; what: string; draw: Draw; value: Value }[] {
  return Object.entries(samples).flatMap(([name, builds]) =>
    builds.flatMap((build, at) =>
      Array.from({ length: times }, (_, seed) => {
        const draw = new Draw(random(seed + 1000 * at));
        const value = build(draw);
        return { name, what: `${name}, sample ${at}, seed ${seed}`, draw, value };
      }),
    ),
  );
}

/** The operation that a value was made by. */
export function operationOf(value: Value): Operation {
  assert.ok(value.origin.kind === 'operation');
  return value.origin.operation;
}
