import assert from 'node:assert/strict';
import { evaluate } from '../../../src/engine/evaluate.js';
import { gradient } from '../../../src/engine/gradient.js';
import { input, label, positions, type Value } from '../../../src/engine/graph.js';
import * as operators from '../../../src/engine/ops/index.js';
import type { Tensor } from '../../../src/engine/tensor.js';
import { compile } from '../../../src/runtime/compile.js';
import { assertClose, random } from '../../support/engine/numbers.js';
import { Draw } from '../../support/engine/ops/samples.js';

const { add, matmul, multiply, softmax, tanh, transpose } = operators;
const exact = { absolute: 1e-10, relative: 1e-10 };

describe('gradient', () => {
  const matrix = (): Value => input([2, 3]);
  const named = (value: Value, name: string): Value =>
    label(value, { name, symbol: name, axes: ['query', 'key'] });

  it('adds up where a value is used more than once, under whatever name', () => {
    const x = matrix();
    const bare = tanh(x);
    const result = add(multiply(bare, named(bare, 'T')), named(x, 'x'));
    const upstream = input([2, 3]);
    const data = Float64Array.of(-1, 0, 1, 0.5, 2, -3);
    const ones = { shape: [2, 3], data: new Float64Array(6).fill(1) };
    const given = new Map<Value, Tensor>([
      [x, { shape: [2, 3], data }],
      [upstream, ones],
    ]);
    // (tanh² x + x)′ = 2 tanh x / cosh² x + 1, which NumPy and a pocket calculator know.
    const expected = data.map((each) => (2 * Math.tanh(each)) / Math.cosh(each) ** 2 + 1);
    for (const target of [x, named(x, 'other')]) {
      const [computed] = evaluate(gradient(result, upstream, [target]), given);
      assertClose(computed, { shape: [2, 3], data: expected }, exact);
    }
  });

  it('of the result itself is what came from above', () => {
    const x = matrix();
    const result = tanh(x);
    const upstream = matrix();
    assert.deepEqual(gradient(result, upstream, [result]), [upstream]);
    assert.deepEqual(gradient(x, upstream, [x]), [upstream]);
  });

  it('does not look behind what it is taken with respect to, nor beside it', () => {
    const [Q, K, V] = [matrix(), matrix(), matrix()];
    const entered: string[] = [];
    const watched = (value: Value, name: string): Value => {
      assert.ok(value.origin.kind === 'operation');
      const { origin } = value;
      const operation = {
        ...origin.operation,
        vjp: (...args: Parameters<typeof origin.operation.vjp>) => {
          entered.push(name);
          return origin.operation.vjp(...args);
        },
      };
      return { ...value, origin: { ...origin, operation } };
    };
    const scores = watched(matmul(Q, transpose(K)), 'scores');
    const weights = watched(softmax(scores), 'weights');
    const values = watched(tanh(V), 'values');
    const output = watched(matmul(weights, transpose(watched(transpose(values), 'turned'))), 'output');
    const upstream = input(output.shape);
    gradient(output, upstream, [scores]);
    assert.deepEqual(entered, ['output', 'weights']);
  });

  it('goes through ten thousand operators', () => {
    const x = input([1]);
    let value = x;
    for (let each = 0; each < 10_000; each++) value = add(value, x);
    const upstream = input([1]);
    const given = new Map<Value, Tensor>([
      [x, { shape: [1], data: Float64Array.of(3) }],
      [upstream, { shape: [1], data: Float64Array.of(1) }],
    ]);
    const [computed] = evaluate(gradient(value, upstream, [x]), given);
    assert.deepEqual([...(computed?.data ?? [])], [10_001]);
  });

  it('through two doublings a step is computed in as many steps, not in as many ways', () => {
    const x = input([1]);
    let value = x;
    for (let each = 0; each < 60; each++) value = add(value, value);
    const upstream = input([1]);
    const [slope] = gradient(value, upstream, [x]);
    assert.ok(slope);
    const given = new Map<Value, Tensor>([[upstream, { shape: [1], data: Float64Array.of(1) }]]);
    assert.deepEqual([...(evaluate([slope], given)[0]?.data ?? [])], [2 ** 60]);
  });

  it('is one model for any number of tokens', () => {
    const models = [1, 16, 512].map((n) => {
      const X = input([n, 8]);
      const [W, b, gain] = [input([8, 8]), input([8]), input([8])];
      const Q = operators.splitHeads(add(matmul(X, W), b), 2);
      const scores = operators.mask(matmul(Q, transpose(Q)), positions(n), positions(n), { kind: 'causal' });
      const output = operators.mergeHeads(matmul(softmax(scores), Q));
      const result = operators.layerNorm(add(output, X), gain, b, 1e-5);
      return compile(gradient(result, input([n, 8]), [X, W, b, gain])).bytes;
    });
    const [first = Buffer.of(), ...others] = models.map((bytes) => Buffer.from(bytes));
    for (const other of others) assert.ok(other.equals(first));
  });

  it('says what is not made from what, and what has no derivative', () => {
    const scores = named(matrix(), 'scores');
    const weights = named(softmax(scores), 'weights');
    const choice = named(operators.argmax(weights), 'choice');
    const queries = positions(2);
    assert.throws(() => gradient(weights, matrix(), [named(matrix(), 'V')]), {
      name: 'GradientError',
      message: 'weights has no gradient with respect to V: it is not made from it.',
    });
    assert.throws(() => gradient(choice, matrix(), [scores]), {
      name: 'GradientError',
      message:
        'choice has no gradient with respect to scores: every way there leads through what has no derivative (argmax).',
    });
    const masked = operators.mask(scores, queries, positions(3), { kind: 'causal' });
    assert.throws(
      () => gradient(masked, matrix(), [queries]),
      /no gradient with respect to an unnamed.*\(mask\)/,
    );
    assert.throws(() => gradient(weights, input([3, 2]), [scores]), {
      name: 'ShapeError',
      message: 'The gradient with respect to weights has its shape (2, 3), not (3, 2).',
    });
  });

  it('goes where there is a way, though another leads through what has no derivative', () => {
    const scores = matrix();
    const upstream = matrix();
    const both = add(operators.argmax(scores), scores);
    assert.deepEqual(gradient(both, upstream, [scores]), [upstream]);
  });

  it('of the softmax is its Jacobian, diag(a) − aᵀ a', () => {
    const draw = new Draw(random(3));
    const scores = draw.numbers(1, 5);
    const weights = softmax(scores); // (1, key)
    const outer = matmul(transpose(weights), weights); // (key, key)
    const ones = operators.identity(positions(5), positions(5)); // (key, key)
    const jacobian = operators.subtract(operators.multiply(ones, weights), outer); // (key, key)
    const [whole] = evaluate([jacobian], draw.given);
    assert.ok(whole);
    for (let row = 0; row < 5; row++) {
      const upstream = input([1, 5]);
      const one = { shape: [1, 5], data: new Float64Array(5).fill(1, row, row + 1) };
      const [computed] = evaluate(
        gradient(weights, upstream, [scores]),
        new Map([...draw.given, [upstream, one]]),
      );
      assertClose(computed, { shape: [1, 5], data: whole.data.subarray(row * 5, row * 5 + 5) }, exact);
    }
  });
});
