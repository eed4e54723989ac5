import assert from 'node:assert/strict';
import { evaluate } from '../../../../src/engine/evaluate.js';
import { gradient } from '../../../../src/engine/gradient.js';
import { input, positions, type Value } from '../../../../src/engine/graph.js';
import * as operators from '../../../../src/engine/ops/index.js';
import type { Tensor } from '../../../../src/engine/tensor.js';
import { Runtime } from '../../../../src/runtime/session.js';
import { assertClose, Fixture } from '../numbers.js';
import { platform } from '../../../support/platform.js';

const fixture = new Fixture('gradients.safetensors');
const { add, constant, divide, matmul, multiply, softmax, squareRoot, tanh, transpose } = operators;

type Build = (inputs: readonly [Value, Value, Value, ...Value[]]) => Value;

const interval = (start: number, end: number): { start: number; end: number } => ({ start, end });

/** The gradient of Σ upstream ⊙ f(x), as a function of x and upstream that is differentiated once more. */
const twice =
  (operator: (value: Value) => Value): Build =>
  ([x, upstream]) => {
    const [first] = gradient(operator(x), upstream, [x]);
    assert.ok(first);
    return first;
  };

/** Each reference by its name in the fixture without what follows the comma, or with it, and how the engine builds the same. */
const builds: Readonly<Record<string, Build>> = {
  add: ([a, b]) => add(a, b),
  subtract: ([a, b]) => operators.subtract(a, b),
  multiply: ([a, b]) => multiply(a, b),
  'multiply, by itself': ([a]) => multiply(a, a),
  divide: ([a]) => divide(a, [squareRoot(5), constant(1.5, '\\tau')]),
  negate: ([a]) => operators.negate(a),
  oneMinus: ([a]) => operators.oneMinus(a),
  relu: ([a]) => operators.relu(a),
  tanh: ([a]) => tanh(a),
  'tanh, twice': twice(tanh),
  sigmoid: ([a]) => operators.sigmoid(a),
  silu: ([a]) => operators.silu(a),
  rmsNorm: ([a, weight]) => operators.rmsNorm(a, weight, 1e-5),
  'rmsNorm, from one': ([a, weight]) => operators.rmsNorm(a, weight, 1e-5, 1),
  'gelu, erf': ([a]) => operators.gelu(a, 'erf'),
  'gelu, tanh': ([a]) => operators.gelu(a, 'tanh'),
  'gelu, twice': twice((a) => operators.gelu(a, 'erf')),
  exponential: ([a]) => operators.exponential(a),
  gumbel: ([a]) => operators.gumbel(a),
  normalDistribution: ([a]) => operators.normalDistribution(a),
  normalDensity: ([a]) => operators.normalDensity(a),
  inverseSquareRoot: ([a]) => operators.inverseSquareRoot(a, 1e-5),
  wherePositive: ([a, b]) => operators.wherePositive(a, b),
  replace: ([a, by, where]) => operators.replace(a, where, by),
  matmul: ([a, b]) => matmul(a, b),
  'matmul, with itself': ([a]) => matmul(a, transpose(a)),
  transpose: ([a]) => transpose(a),
  slice: ([a]) => operators.slice(a, [interval(1, 3), interval(0, 2), interval(4, 5)]),
  pad: ([a]) => operators.pad(a, [interval(1, 3), interval(2, 5)], [3, 6]),
  splitHeads: ([a]) => operators.splitHeads(a, 3),
  mergeHeads: ([a]) => operators.mergeHeads(a),
  repeatHeads: ([a]) => operators.repeatHeads(a, 6),
  sumHeads: ([a]) => operators.sumHeads(a, 3),
  gather: ([table, ids]) => operators.gather(table, ids),
  scatterRows: ([rows, ids]) => operators.scatterRows(rows, ids, 7),
  spread: ([a, like]) => operators.spread(a, like),
  rowSum: ([a]) => operators.rowSum(a),
  sumTo: ([a]) => operators.sumTo(a, [5]),
  'sumTo, a column': ([a]) => operators.sumTo(a, [4, 1]),
  'sumTo, a row for each': ([a]) => operators.sumTo(a, [3, 1, 5]),
  softmax: ([a]) => softmax(a),
  'softmax, twice': twice(softmax),
  layerNorm: ([a, weight, bias]) => operators.layerNorm(a, weight, bias, 1e-5),
  'layerNorm, twice': twice((a) => {
    const [one, none] = [1, 0].map((each) => operators.full(positions(8), each));
    assert.ok(one && none);
    return operators.layerNorm(a, one, none, 1e-5);
  }),
  'mask, causal': ([a, i, j]) => operators.mask(a, i, j, { kind: 'causal' }),
  'mask, sliding-window': ([a, i, j]) => operators.mask(a, i, j, { kind: 'sliding-window', window: 1 }),
  'mask, prefix': ([a, i, j]) => operators.mask(a, i, j, { kind: 'prefix', prefix: 4 }),
  'mask, softmax': ([a, i, j]) => softmax(operators.mask(a, i, j, { kind: 'causal' })),
  maskKeys: ([a, keep]) => operators.maskKeys(a, keep),
  gru: (inputs) => gruOf('forward', inputs),
  'gru, reverse': (inputs) => gruOf('reverse', inputs),
};

function gruOf(direction: operators.GruForm['direction'], inputs: readonly Value[]): Value {
  const [X, W, U, b, c, initial] = inputs;
  assert.ok(X && W && U && b && c && initial);
  const weights = { input: W, state: U, inputBias: b, stateBias: c };
  return operators.gru(X, weights, initial, { direction, name: 'gru' });
}

const takesIndices = /^(mask,|gather|scatterRows)/;
/** In float32, squares of what is already rounded are a few units of it off. */
const throughRuntime = { absolute: 1e-5, relative: 1e-5 };
const exact = { absolute: 1e-10, relative: 1e-10 };

describe('an operator’s gradients, beside PyTorch', () => {
  const runtime = new Runtime(platform, { sessions: 2 });
  after(() => runtime.dispose());

  const names = [...new Set(fixture.names().map((name) => name.split('/')[0] ?? ''))];
  for (const name of names.filter((each) => !['attention', 'mechanism'].includes(each))) {
    describe(name, () => {
      const build = builds[name] ?? builds[name.split(',')[0] ?? ''];
      const tensors = [...fixture.below(`${name}/in/`)].toSorted();
      const leaves = tensors.map(([at, { shape }]) =>
        input(shape, at !== '0' && takesIndices.test(name) ? 'integer' : 'float'),
      );
      const seed = fixture.tensor(`${name}/upstream`);
      const upstream = input(seed.shape);
      const given = new Map<Value, Tensor>([
        ...tensors.map(([, tensor], at): [Value, Tensor] => [leaves[at] ?? input([]), tensor]),
        [upstream, seed],
      ]);
      const expected = [...fixture.below(`${name}/gradient/`)];
      const gradients = (): Value[] => {
        assert.ok(build, `${name} is not built here`);
        const [a = input([]), b = input([]), c = input([]), ...more] = leaves;
        return gradient(
          build([a, b, c, ...more]),
          upstream,
          expected.map(([at]) => leaves[Number(at)] ?? a),
        );
      };

      it('in float64', () => {
        const results = evaluate(gradients(), given);
        expected.forEach(([at, tensor], each) => assertClose(results[each], tensor, exact, `input ${at}`));
      });

      it('through ONNX Runtime', async () => {
        const results = await runtime.run(gradients(), given);
        expected.forEach(([at, tensor], each) =>
          assertClose(results[each], tensor, throughRuntime, `input ${at}`),
        );
      });
    });
  }

  it('are of every operator that is built here', () => {
    const used = names.map((name) => (Object.hasOwn(builds, name) ? name : name.split(',')[0]));
    for (const name of Object.keys(builds)) assert.ok(used.includes(name), `${name} has no reference`);
  });
});
