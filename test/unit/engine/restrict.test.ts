import assert from 'node:assert/strict';
import { evaluate } from '../../../src/engine/evaluate.js';
import { input, positions, type Value } from '../../../src/engine/graph.js';
import * as operators from '../../../src/engine/ops/index.js';
import {
  add,
  constant,
  divide,
  gather,
  gelu,
  layerNorm,
  mask,
  maskKeys,
  matmul,
  mergeHeads,
  relu,
  repeatHeads,
  slice,
  softmax,
  splitHeads,
  transpose,
} from '../../../src/engine/ops/index.js';
import { restrict, type Target } from '../../../src/engine/restrict.js';
import { cut, type Region, type Shape, type Tensor } from '../../../src/engine/tensor.js';
import { buildCase, cases } from './cases.js';
import { assertClose, random, randomTensor } from './numbers.js';

const exact = { absolute: 1e-12, relative: 1e-12 };

/** Of values that were computed whole, and of their parts computed alone, asserts that the parts are the same. */
function assertRestricts(targets: readonly Target[], given: ReadonlyMap<Value, Tensor>, what: string): void {
  const restriction = restrict(targets, (value) => given.has(value));
  const feeds = new Map(
    restriction.feeds.map(({ leaf, original, region }): [Value, Tensor] => {
      const [tensor] = evaluate([original], given);
      assert.ok(tensor);
      return [leaf, cut(tensor, region)];
    }),
  );
  const parts = evaluate(restriction.targets, feeds);
  const whole = evaluate(
    targets.map(({ value }) => value),
    given,
  );
  targets.forEach(({ region }, at) => {
    const [part, held, all] = [parts[at], restriction.regions[at], whole[at]];
    assert.ok(part && held && all);
    assertClose(part, cut(all, held), exact, `${what}, ${JSON.stringify(region)}`);
    for (const [axis, range] of region.entries()) {
      assert.ok((held[axis]?.start ?? 1) <= range.start && (held[axis]?.end ?? -1) >= range.end, what);
    }
  });
}

/** A box with at least one cell: sometimes one cell, sometimes whole along an axis. */
function randomRegion(shape: Shape, next: () => number): Region {
  return shape.map((extent) => {
    const kind = next();
    if (kind < 0.25) return { start: 0, end: extent };
    const start = Math.floor(next() * extent);
    const length = kind < 0.6 ? 1 : 1 + Math.floor(next() * (extent - start));
    return { start, end: start + length };
  });
}

function divisors(count: number): number[] {
  return Array.from({ length: count }, (_, at) => at + 1).filter((each) => count % each === 0);
}

/** A number from 0 to 1 for each cell, or so many for each row. */
function noiseFor({ shape }: Value, columns = shape.at(-1) ?? 1): Value {
  return operators.noise(
    [...shape.slice(0, -1), columns].map((count) => positions(count)),
    7,
  );
}

/** A value that random graphs are built from, and what to feed it. */
class Builder {
  readonly given = new Map<Value, Tensor>();
  constructor(private readonly next: () => number) {}

  upTo(most: number): number {
    return 1 + Math.floor(this.next() * most);
  }

  leaf(shape: Shape): Value {
    const value = input(shape);
    this.given.set(value, randomTensor(shape, this.next));
    return value;
  }

  indices(count: number, below: number): Value {
    const value = input([count], 'integer');
    const data = Float64Array.from({ length: count }, () => this.upTo(below) - 1);
    this.given.set(value, { shape: [count], data });
    return value;
  }

  binary(count: number): Value {
    const value = input([count]);
    const data = Float64Array.from({ length: count }, () => (this.next() < 0.7 ? 1 : 0));
    this.given.set(value, { shape: [count], data });
    return value;
  }

  /** The value with an even number of columns. */
  private even(value: Value): Value {
    return operators.concat([value, value], 'columns');
  }

  /** An axis more, and then the same axis less, around what uses it. */
  private turnedAround(value: Value): Value {
    const axis = this.upTo(value.shape.length + 1) - 1;
    return operators.dropAxis(operators.tanh(operators.insertAxis(value, axis)), axis);
  }

  /** Numbers by the places of heads, queries and keys, in the value's own shape. */
  private placed(value: Value, by: (h: Value, i: Value, j: Value, heads: number) => Value): Value {
    const [n = 1, width = 1] = value.shape.slice(-2);
    const heads = value.shape.length === 3 ? (value.shape[0] ?? 1) : 1;
    const found = by(positions(heads), positions(n), positions(width), heads);
    return value.shape.length === 3 ? found : operators.dropAxis(found, 0);
  }

  private buckets(h: Value, i: Value, j: Value, heads: number): Value {
    const rule = { buckets: 8, maximum: 16, bidirectional: this.next() < 0.5 };
    return operators.relativeBias(this.leaf([8, heads]), h, i, j, rule);
  }

  /** The value somewhere in a larger tensor of zeros. */
  private padded(value: Value): Value {
    const before = value.shape.map(() => this.upTo(3) - 1);
    const region = value.shape.map((extent, axis) => ({
      start: before[axis] ?? 0,
      end: (before[axis] ?? 0) + extent,
    }));
    return operators.pad(
      value,
      region,
      region.map(({ end }) => end + this.upTo(3) - 1),
    );
  }

  /** One of the operators that fit, applied to `value`. */
  grow(value: Value): Value {
    const { shape } = value;
    const [n = 1, width = 1] = shape.slice(-2);
    const heads = shape.length === 3 ? shape.slice(0, 1) : [];
    const matrix: (() => Value)[] = [
      () => matmul(value, this.leaf([...heads, width, this.upTo(5)])),
      () => matmul(value, this.leaf([width, this.upTo(5)])),
      () => matmul(this.leaf([...heads, this.upTo(5), n]), value),
      () => matmul(value, transpose(value)),
      () => transpose(value),
      () => add(value, this.leaf([width])),
      () => add(value, this.leaf([n, 1])),
      () => add(value, value),
      () => divide(value, [constant(1.5, 'c')]),
      () => divide(value, []),
      () => relu(value),
      () => gelu(value, 'erf'),
      () => softmax(value),
      () => layerNorm(value, this.leaf([width]), this.leaf([width]), 1e-5),
      () => mask(value, positions(n), positions(width), { kind: 'causal' }),
      () => mask(value, positions(n), positions(width), { kind: 'sliding-window', window: 1 }),
      () => mask(value, positions(n), positions(width), { kind: 'prefix', prefix: 2 }),
      () => maskKeys(value, this.binary(width)),
      () => operators.subtract(this.leaf([width]), value),
      () => operators.multiply(value, this.leaf([n, 1])),
      () => operators.negate(value),
      () => operators.oneMinus(value),
      () => operators.tanh(value),
      () => operators.sigmoid(value),
      () => operators.silu(value),
      () => operators.rmsNorm(value, this.leaf([width]), 1e-5, 1),
      () => operators.normalDensity(value),
      () => operators.wherePositive(value, this.leaf(shape)),
      () => operators.replace(value, this.leaf([n, 1]), this.leaf([width])),
      () => operators.spread(operators.rowSum(value), value),
      () => operators.spread(operators.sumTo(value, [width]), value),
      () => operators.sumTo(value, [...shape.slice(0, -2), 1, width]),
      () => this.padded(value),
      () => slice(value, randomRegion(shape, this.next)),
      () => operators.softCap(value, 2),
      () => operators.featureMap(value),
      () => operators.scale(value, 0.5, 'c'),
      () => operators.gaussian(value, 1.5),
      () => operators.argmax(value),
      () => operators.divideRows(value, operators.rowSum(operators.featureMap(value))),
      () => operators.sinkSoftmax(value, this.leaf([heads[0] ?? 1])),
      () => operators.frequencies(softmax(value), noiseFor(value, this.upTo(9))),
      () => add(value, operators.gumbel(noiseFor(value))),
      () => operators.rotary(this.even(value), positions(n), { base: 100, pairs: 'halves' }),
      () => operators.rotary(this.even(value), positions(n), { base: 100, pairs: 'neighbours' }),
      () => operators.concat([value, this.leaf([...heads, n, this.upTo(3)]), value], 'columns'),
      () => operators.concat([this.leaf([...heads, this.upTo(3), width]), value], 'rows'),
      () => this.turnedAround(value),
      () => add(value, this.placed(value, operators.alibi)),
      () =>
        add(
          value,
          this.placed(value, (h, i, j, count) => this.buckets(h, i, j, count)),
        ),
      () => operators.within(value, this.placed(value, operators.alibi), 1, 0),
    ];
    const counts = divisors(width).filter((count) => count <= 4);
    const own: (() => Value)[] =
      shape.length === 3
        ? [
            () => mergeHeads(value),
            () => repeatHeads(value, (shape[0] ?? 1) * this.upTo(3)),
            () => operators.sumHeads(value, divisors(shape[0] ?? 1).at(this.upTo(2) - 2) ?? 1),
          ]
        : [
            () => splitHeads(value, counts[this.upTo(counts.length) - 1] ?? 1),
            () => gather(value, this.indices(this.upTo(5), n)),
            () => operators.scatterRows(value, this.indices(n, 5), 5),
          ];
    // What changes the number of axes comes up as often as all the others.
    const choices = this.next() < 0.5 ? own : matrix;
    return choices[this.upTo(choices.length) - 1]?.() ?? value;
  }
}

describe('restriction', () => {
  for (let seed = 0; seed < 400; seed++) {
    // One test a hundred graphs would hide which one fails; its seed is in the message.
    if (seed % 50 === 0) {
      it(`gives parts of random graphs as they are in the whole, seeds ${seed}–${seed + 49}`, () => {
        for (let each = seed; each < seed + 50; each++) randomGraph(each);
      });
    }
  }

  for (const each of cases) {
    it(`gives heads, rows and cells of every step: ${each.name}`, () => {
      const { graph, given } = buildCase(each);
      const next = random(7);
      for (const step of graph.steps) {
        for (let attempt = 0; attempt < 4; attempt++) {
          const targets = [{ value: step, region: randomRegion(step.shape, next) }];
          assertRestricts(targets, given, step.label?.name ?? '');
        }
      }
      const several = graph.steps.map((value) => ({ value, region: randomRegion(value.shape, next) }));
      assertRestricts(several, given, 'several steps at once');
    });
  }

  it('reads one row of Q, and of one head, for a row of its weights', () => {
    const found = cases.find(({ name }) => name === 'eight heads over two groups');
    assert.ok(found);
    const { graph } = buildCase(found);
    const weights = graph.steps.find(({ label }) => label?.name === 'weights');
    assert.ok(weights);
    const region = [
      { start: 6, end: 7 },
      { start: 3, end: 4 },
      { start: 0, end: 7 },
    ];
    const { feeds } = restrict([{ value: weights, region }], () => false);
    const read = Object.fromEntries(
      feeds.map(({ original, leaf }) => [original.label?.name ?? '', leaf.shape]),
    );
    assert.deepEqual(read, { Q: [1, 1, 6], K: [1, 7, 6], i: [1], j: [7] });
  });

  it('says that a part needs a range for each axis', () => {
    assert.throws(() => restrict([{ value: input([2, 3]), region: [] }], () => false), {
      name: 'ShapeError',
      message: /\(2, 3\) needs a range for each axis/,
    });
  });
});

function randomGraph(seed: number): void {
  const next = random(seed);
  const builder = new Builder(next);
  const values = [builder.leaf([builder.upTo(6), builder.upTo(3) * 4])];
  const count = 1 + builder.upTo(6);
  for (let step = 0; step < count; step++) {
    const from = values.at(-1);
    assert.ok(from);
    values.push(builder.grow(from));
  }
  const name = (value: Value): string =>
    value.origin.kind === 'operation' ? value.origin.operation.name : value.origin.kind;
  const what = `seed ${seed}: ${values.map(name).join(' → ')}`;
  const last = values.at(-1);
  assert.ok(last);
  for (let attempt = 0; attempt < 6; attempt++) {
    assertRestricts([{ value: last, region: randomRegion(last.shape, next) }], builder.given, what);
  }
  const some = values.filter(() => next() < 0.5);
  assertRestricts(
    some.map((value) => ({ value, region: randomRegion(value.shape, next) })),
    builder.given,
    what,
  );
}
