import assert from 'node:assert/strict';
import { evaluate } from '../../../../src/engine/evaluate.js';
import { input, type Value } from '../../../../src/engine/graph.js';
import * as operators from '../../../../src/engine/ops/index.js';
import type { Range, Tensor } from '../../../../src/engine/tensor.js';
import { Runtime } from '../../../../src/runtime/session.js';
import { assertClose, Fixture, type Tolerance } from '../../../support/engine/numbers.js';
import { operatorNames } from '../../../support/engine/ops/operator-names.js';
import { platform } from '../../../support/platform.js';

const fixture = new Fixture('operators.safetensors');
const { add, constant, divide, gather, gelu, layerNorm, mask, maskKeys, matmul } = operators;
const { mergeHeads, relu, repeatHeads, slice, softmax, splitHeads, squareRoot, transpose } = operators;

const interval = (start: number, end: number): Range => ({ start, end });

type Build = (inputs: readonly [Value, Value, Value, Value, ...Value[]]) => Value;

/** Each reference by its name in the fixture, and how the engine builds the same. */
const builds: Readonly<Record<string, Build>> = {
  matmul: ([a, b]) => matmul(a, b),
  'matmul, shared': ([a, b]) => matmul(a, b),
  transpose: ([a]) => transpose(a),
  add: ([a, b]) => add(a, b),
  'add, columns': ([a, b]) => add(a, b),
  divide: ([a]) => divide(a, [squareRoot(5), constant(1.5, '\\tau')]),
  relu: ([a]) => relu(a),
  slice: ([a]) =>
    slice(a, [
      { start: 1, end: 3 },
      { start: 0, end: 2 },
      { start: 4, end: 5 },
    ]),
  splitHeads: ([a]) => splitHeads(a, 3),
  rearrange: ([a]) => operators.rearrange(a, [4, 4, 3], [2, 0, 1]),
  mergeHeads: ([a]) => mergeHeads(a),
  repeatHeads: ([a]) => repeatHeads(a, 6),
  gather: ([table, ids]) => gather(table, ids),
  softmax: ([a]) => softmax(a),
  layerNorm: ([a, weight, bias]) => layerNorm(a, weight, bias, 1e-5),
  'mask, causal': ([a, i, j]) => mask(a, i, j, { kind: 'causal' }),
  'mask, sliding-window': ([a, i, j]) => mask(a, i, j, { kind: 'sliding-window', window: 1 }),
  'mask, prefix': ([a, i, j]) => mask(a, i, j, { kind: 'prefix', prefix: 4 }),
  maskKeys: ([a, keep]) => maskKeys(a, keep),
  'maskKeys, by query': ([a, keep]) => maskKeys(a, keep),
  negate: ([a]) => operators.negate(a),
  oneMinus: ([a]) => operators.oneMinus(a),
  exponential: ([a]) => operators.exponential(a),
  'windows, zeros': ([signal, kernel]) =>
    matmul(operators.windows(signal, { size: 3, stride: 2, count: 4, before: 1, beyond: 'zeros' }), kernel),
  'windows, reflection': ([line]) =>
    operators.windows(line, { size: 8, stride: 3, count: 10, before: 4, beyond: 'reflection' }),
  overlapAdd: ([parts]) =>
    operators.overlapAdd(parts, { size: 8, stride: 3, count: 6, before: 2, beyond: 'zeros' }, [21, 1]),
  decimalLogarithm: ([a]) => operators.decimalLogarithm(a, 1e-10),
  larger: ([a, b]) => operators.larger(a, b),
  median: ([a]) => operators.median(a, 7),
  largest: ([a]) => operators.largest(a),
  normalDistribution: ([a]) => operators.normalDistribution(a),
  normalDensity: ([a]) => operators.normalDensity(a),
  inverseSquareRoot: ([a]) => operators.inverseSquareRoot(a, 1e-5),
  wherePositive: ([a, deciding]) => operators.wherePositive(a, deciding),
  replace: ([a, where, by]) => operators.replace(a, where, by),
  sumTo: ([a, b]) => operators.sumTo(a, b.shape),
  'sumTo, a column': ([a, b]) => operators.sumTo(a, b.shape),
  'sumTo, a row for each': ([a, b]) => operators.sumTo(a, b.shape),
  'sumTo, one number': ([a, b]) => operators.sumTo(a, b.shape),
  spread: ([a, like]) => operators.spread(a, like),
  sumHeads: ([a]) => operators.sumHeads(a, 3),
  pad: ([a]) => operators.pad(a, [interval(1, 3), interval(2, 5)], [3, 6]),
  scatterRows: ([rows, ids]) => operators.scatterRows(rows, ids, 7),
  'mask, with zeros': ([a, i, j]) => mask(a, i, j, { kind: 'causal' }, 0),
  'mask, window': ([a, i, j]) => mask(a, i, j, { kind: 'window', left: 1, right: 2 }),
  'mask, window, before': ([a, i, j]) => mask(a, i, j, { kind: 'window', left: 1 }),
  'mask, window, after': ([a, i, j]) => mask(a, i, j, { kind: 'window', right: 2 }),
  'mask, valid': ([a, i, j]) => mask(a, i, j, { kind: 'valid', count: 8 }),
  'maskKeys, by head': ([a, keep]) => maskKeys(a, keep),
  'maskKeys, by head for all queries': ([a, keep]) => maskKeys(a, keep),
  'maskKeys, zeros kept': ([a, keep]) => maskKeys(a, keep, -Infinity, 'zeros'),
  'maskKeys, whole queries': ([a, keep]) => maskKeys(a, keep),
  addMask: ([a, b]) => operators.addMask(a, b),
  'addMask, one for all': ([a, b]) => operators.addMask(a, b),
  maskBeyond: ([a, j, length]) => operators.maskBeyond(a, j, length),
  shift: ([i, by]) => operators.shift(i, by),
  weightedSum: ([a, b]) => operators.weightedSum(a, b),
  'weightedSum, one for all': ([a, b]) => operators.weightedSum(a, b),
  'maskKeys, with zeros': ([a, keep]) => maskKeys(a, keep, 0),
  'gelu, erf': ([a]) => gelu(a, 'erf'),
  'gelu, tanh': ([a]) => gelu(a, 'tanh'),
  subtract: ([a, b]) => operators.subtract(a, b),
  multiply: ([a, b]) => operators.multiply(a, b),
  scale: ([a]) => operators.scale(a, 2.5, 'c'),
  rowSum: ([a]) => operators.rowSum(a),
  divideRows: ([a, b]) => operators.divideRows(a, b),
  tanh: ([a]) => operators.tanh(a),
  sigmoid: ([a]) => operators.sigmoid(a),
  silu: ([a]) => operators.silu(a),
  rmsNorm: ([a, weight]) => operators.rmsNorm(a, weight, 1e-5),
  'rmsNorm, from one': ([a, weight]) => operators.rmsNorm(a, weight, 1e-5, 1),
  'rotary, part, halves': ([a, i]) =>
    operators.rotary(a, i, { pairs: 'halves', base: 500, speeds: [1, 500 ** -0.5] }),
  'rotary, part, neighbours': ([a, i]) =>
    operators.rotary(a, i, { pairs: 'neighbours', base: 500, speeds: [1, 500 ** -0.5] }),
  softCap: ([a]) => operators.softCap(a, 5),
  'roundTo, float16': ([a]) => operators.roundTo(a, 'float16'),
  'roundTo, bfloat16': ([a]) => operators.roundTo(a, 'bfloat16'),
  featureMap: ([a]) => operators.featureMap(a),
  gaussian: ([a]) => operators.gaussian(a, 1.5),
  gumbel: ([u]) => operators.gumbel(u),
  concat: ([a, b]) => operators.concat([a, b], 'columns'),
  'concat, below': ([a, b]) => operators.concat([a, b], 'rows'),
  insertAxis: ([a]) => operators.insertAxis(a, 1),
  dropAxis: ([a]) => operators.dropAxis(a, 1),
  full: ([places]) => operators.full(places, -2.5),
  identity: ([rows, columns]) => operators.identity(rows, columns),
  argmax: ([a]) => operators.argmax(a),
  'argmax, empty rows': ([a]) => operators.argmax(a),
  frequencies: ([a, b]) => operators.frequencies(a, b),
  sinkSoftmax: ([a, b]) => operators.sinkSoftmax(a, b),
  'sinkSoftmax, heads': ([a, b]) => operators.sinkSoftmax(a, b),
  'rotary, neighbours, base 10000': ([a, i]) => operators.rotary(a, i, { pairs: 'neighbours', base: 10_000 }),
  'rotary, neighbours, base 500': ([a, i]) => operators.rotary(a, i, { pairs: 'neighbours', base: 500 }),
  'rotary, halves, base 10000': ([a, i]) => operators.rotary(a, i, { pairs: 'halves', base: 10_000 }),
  'rotary, halves, base 500': ([a, i]) => operators.rotary(a, i, { pairs: 'halves', base: 500 }),
  'alibi, 1': ([h, i, j]) => operators.alibi(h, i, j, 1),
  'alibi, 8': ([h, i, j]) => operators.alibi(h, i, j, 8),
  'alibi, 12': ([h, i, j]) => operators.alibi(h, i, j, 12),
  'relativeBias, both': ([table, h, i, j]) =>
    operators.relativeBias(table, h, i, j, { buckets: 32, maximum: 128, bidirectional: true }),
  'relativeBias, backward': ([table, h, i, j]) =>
    operators.relativeBias(table, h, i, j, { buckets: 32, maximum: 128, bidirectional: false }),
  noise: ([i, j]) => operators.noise([i, j], 2 ** 31 - 1),
  'noise, three axes': ([h, i, j]) => operators.noise([h, i, j], 0),
  offset: ([a, j]) => operators.offset(a, j),
  gru: ([X, W, U, b, c, s]) => gruOf('forward', X, W, U, b, c, s),
  'gru, reverse': ([X, W, U, b, c, s]) => gruOf('reverse', X, W, U, b, c, s),
  'gru, one step': ([X, W, U, b, c, s]) => gruOf('forward', X, W, U, b, c, s),
  within: ([a, b]) => operators.within(a, b, 2),
  'within, with zeros': ([a, b]) => operators.within(a, b, 2, 0),
};

function gruOf(
  direction: operators.GruForm['direction'],
  X: Value,
  input_: Value,
  state: Value,
  inputBias: Value,
  stateBias = input([]),
  initial = input([]),
): Value {
  return operators.gru(X, { input: input_, state, inputBias, stateBias }, initial, {
    direction,
    name: 'gru',
  });
}

const exact: Tolerance = { absolute: 1e-12, relative: 1e-12 };
/** GELU and Φ to a relative 1e-12 even where they are 1e-33. */
const tolerances: Readonly<Record<string, Tolerance>> = {
  'gelu, erf': { absolute: 0, relative: 1e-12 },
  normalDistribution: { absolute: 0, relative: 1e-12 },
};

/** Which inputs of a reference look something up. */
const integers = fixture.described<Readonly<Record<string, readonly number[]>>>('integers');

function leaf({ shape }: Tensor, name: string, at: number): Value {
  return input(shape, integers[name]?.includes(at) === true ? 'integer' : 'float');
}

describe('operators, beside PyTorch', () => {
  const runtime = new Runtime(platform);
  after(() => runtime.dispose());

  for (const [name, build] of Object.entries(builds)) {
    const parts = fixture.below(`${name}/`);
    const tensors = [...parts].filter(([key]) => key !== 'result').toSorted();
    const leaves = tensors.map(([, tensor], at) => leaf(tensor, name, at));
    const given = new Map(
      leaves.map((each, at) => [each, tensors[at]?.[1] ?? { shape: [], data: new Float64Array() }]),
    );
    const [a = input([]), b = input([]), c = input([]), d = input([]), ...more] = leaves;
    const target = build([a, b, c, d, ...more]);
    const expected = fixture.tensor(`${name}/result`);

    it(`${name}, in float64`, () => {
      assertClose(evaluate([target], given)[0], expected, tolerances[name] ?? exact, name);
    });

    it(`${name}, through ONNX Runtime`, async () => {
      const [result] = await runtime.run([target], given);
      assertClose(result, expected, { absolute: 1e-5, relative: 1e-5 }, name);
    });
  }

  it('are all in the index, and each has a reference', () => {
    const referenced = new Set(Object.keys(builds).map((name) => name.split(',')[0]));
    for (const name of operatorNames()) {
      assert.equal(typeof Reflect.get(operators, name), 'function', `ops/index.ts does not export ${name}`);
      assert.ok(referenced.has(name), `${name} has no reference`);
    }
    const all = new Set(fixture.names().map((name) => name.split('/')[0]));
    assert.deepEqual([...all].toSorted(), Object.keys(builds).toSorted());
  });

  it('say in a sentence which shapes do not fit', () => {
    const of = (...shape: number[]): Value => input(shape);
    const box = [{ start: 0, end: 1 }];
    const refused: readonly (readonly [() => Value, RegExp])[] = [
      [() => matmul(of(2, 3), of(4, 5)), /\(2, 3\) and \(4, 5\).*inner sizes 3 and 4 differ/],
      [() => matmul(of(3), of(3, 2)), /\(3,\).*at least two axes/],
      [() => matmul(of(2, 3, 4), of(5, 4, 6)), /leading sizes \(2,\) and \(5,\) differ/],
      [() => add(of(2, 3), of(4)), /\(2, 3\) and \(4,\) do not fit together/],
      [() => transpose(of(2)), /two axes/],
      [() => slice(of(2, 2), box), /range for every axis/],
      [() => splitHeads(of(2, 10), 4), /10 cannot be split into 4/],
      [() => splitHeads(of(2, 2, 2), 2), /\(2, 2, 2\)/],
      [() => mergeHeads(of(2, 2)), /\(2, 2\)/],
      [() => operators.rearrange(of(2, 6), [3, 5]), /\(2, 6\) cannot be read as \(3, 5\).*12 and 15/],
      [() => operators.rearrange(of(2, 6), [3, 4], [0, 0]), /0, 0 does not name each axis of \(3, 4\) once/],
      [() => repeatHeads(of(3, 2, 2), 4), /4 query heads cannot share 3/],
      [() => operators.sumTo(of(3, 4), of(3).shape), /\(3, 4\) and \(3,\) do not fit together/],
      [() => operators.sumTo(of(4), of(2, 4).shape), /\(4,\) cannot be summed to \(2, 4\)/],
      [() => operators.spread(of(3), of(2, 4)), /do not fit together/],
      [() => operators.spread(of(2, 4), of(4)), /\(2, 4\) cannot be repeated to \(4,\)/],
      [() => operators.sumHeads(of(4, 2, 2), 3), /4 heads cannot be summed into 3 equal groups/],
      [() => operators.pad(of(2), box, [3]), /\(2,\) does not fill the box 0–1 of a tensor of shape \(3,\)/],
      [() => operators.scatterRows(of(2, 3), of(3), 4), /\(2, 3\) need one place each.*\(3,\)/],
      [() => operators.wherePositive(of(2), of(3)), /\(2,\), and what decides about it, \(3,\)/],
      [() => operators.replace(of(2, 3), of(2, 1), of(4)), /\(2, 3\).*\(2, 1\).*\(4,\)/],
      [() => gather(of(2), of(2)), /\(2,\) and \(2,\)/],
      [() => layerNorm(of(2, 3), of(2), of(3), 1e-5), /\(2, 3\) needs weight and bias of \(3,\), not \(2,\)/],
      [() => mask(of(2, 3), of(2), of(2), { kind: 'causal' }), /2 query and 3 key positions, not 2 and 2/],
      [() => maskKeys(of(2, 3), of(2)), /mask is \(query 2, key 3\), but \(2,\) was given/],
      [() => operators.concat([of(2, 3), of(3, 3)], 'columns'), /\(2, 3\) and \(3, 3\) cannot.*side by side/],
      [
        () => operators.concat([of(2, 3), of(2, 4)], 'rows'),
        /\(2, 3\) and \(2, 4\) cannot.*below each other/,
      ],
      [() => operators.concat([of(3), of(3)], 'rows'), /\(3,\) and \(3,\) cannot/],
      [() => operators.insertAxis(of(2, 3), 3), /cannot be put at 3 of 2/],
      [() => operators.dropAxis(of(2, 3), 1), /Axis 1 of \(2, 3\) is not 1/],
      [() => operators.argmax(of(2, 0)), /no largest entry where there are no entries/],
      [() => operators.frequencies(of(2, 3), of(3, 4)), /\(3, 4\) do not fit probabilities of \(2, 3\)/],
      [() => operators.noise([of(2, 3)], 1), /a list of places an axis/],
      [
        () => operators.rotary(of(2, 5), of(2), { pairs: 'halves', base: 10 }),
        /\(2, 5\) has 5 of them.*not even/,
      ],
      [
        () => operators.rotary(of(2, 4), of(3), { pairs: 'halves', base: 10 }),
        /\(2, 4\) needs 2 positions.*\(3,\)/,
      ],
      [() => operators.alibi(of(2, 1), of(3), of(3), 2), /a list each/],
      [
        () => operators.sinkSoftmax(of(2, 3, 3), of(3)),
        /one a head, \(2,\) for scores of \(2, 3, 3\).*\(3,\)/,
      ],
      [() => operators.sinkSoftmax(of(2, 3), of(2)), /\(1,\) for scores of \(2, 3\).*\(2,\)/],
      [
        () => {
          const rule = { buckets: 32, maximum: 128, bidirectional: true };
          return operators.relativeBias(of(16, 2), of(2), of(3), of(3), rule);
        },
        /each of 32 buckets.*\(32, heads\), but its shape is \(16, 2\)/,
      ],
      [() => operators.offset(of(2, 2), of(3)), /\(query, 1\).*not \(2, 2\) and \(3,\)/],
      [
        () => gruOf('forward', of(4, 2), of(9, 2), of(9, 3), of(9), of(6), of(1, 3)),
        /from \(4, 2\) to 3 units needs a state bias of \(9,\), not \(6,\)/,
      ],
      [
        () => gruOf('forward', of(4, 2), of(9, 4), of(9, 3), of(9), of(9), of(1, 3)),
        /needs an input weight of \(9, 2\), not \(9, 4\)/,
      ],
      [
        () => gruOf('reverse', of(4), of(9, 4), of(9, 3), of(9), of(9), of(1, 3)),
        /row for each step.*\(4,\)/,
      ],
      [() => gruOf('reverse', of(4, 2), of(9, 2), of(9, 3), of(9), of(9), of(3)), /one state.*not \(3,\)/],
      [() => operators.within(of(2, 3), of(3, 2), 1), /\(2, 3\) and offsets of \(3, 2\) do not fit/],
      [() => operators.divideRows(of(2, 3), of(2, 3)), /a number each, \(2, 1\), not by \(2, 3\)/],
    ];
    for (const [build, message] of refused) assert.throws(build, { name: 'ShapeError', message });
  });

  it('say that an index leaves its table', () => {
    const [table, ids] = [input([2, 1]), input([1], 'integer')];
    const given = new Map<Value, Tensor>([
      [table, { shape: [2, 1], data: Float64Array.of(1, 2) }],
      [ids, { shape: [1], data: Float64Array.of(2) }],
    ]);
    assert.throws(() => evaluate([gather(table, ids)], given), /Row 2 was looked up in a table of 2 rows/);
  });
});
