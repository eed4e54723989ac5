import assert from 'node:assert/strict';
import { input, type Value } from '../../../src/engine/graph.js';
import {
  constant,
  divide,
  matmul,
  mergeHeads,
  repeatHeads,
  softmax,
  splitHeads,
  squareRoot,
  transpose,
} from '../../../src/engine/ops/index.js';
import { sizeOf, type Tensor } from '../../../src/engine/tensor.js';
import { compile } from '../../../src/runtime/compile.js';
import { Runtime } from '../../../src/runtime/session.js';
import { assertClose, numbers, weight } from '../../support/runtime/numbers.js';
import { platform } from '../../support/platform.js';

const X = input([5, 8]);
const project = (name: string, heads: number): Value => splitHeads(matmul(X, transpose(weight(name))), heads);

interface Attention {
  readonly Q: Value;
  readonly K: Value;
  readonly V: Value;
  readonly weights: Value;
  readonly merged: Value;
}

function attention(heads = 2, change: (scaled: Value) => Value = (scaled) => scaled): Attention {
  const [Q, K, V] = [project('w.f32', heads), project('w.f16', heads), project('w.bf16', heads)];
  const scaled = divide(matmul(Q, transpose(K)), [squareRoot(8 / heads)]);
  const weights = softmax(change(scaled));
  return { Q, K, V, weights, merged: mergeHeads(matmul(weights, V)) };
}

function isFused(targets: readonly Value[], isFed?: (value: Value) => boolean): boolean {
  return Buffer.from(compile(targets, isFed).bytes).includes('MultiHeadAttention');
}

describe('Fused attention', () => {
  let runtime: Runtime;
  before(() => {
    runtime = new Runtime(platform);
  });
  after(() => runtime.dispose());
  const run = (targets: readonly Value[]): Promise<Tensor<Float32Array>[]> =>
    runtime.run(targets, new Map([[X, numbers('x')]]));

  it('stands in for attention of which nothing inside is asked for', async () => {
    const { merged } = attention();
    assert.ok(isFused([merged]));
    const [result] = await run([merged]);
    assertClose(result, numbers('merged'));
  });

  it('lets Q, K and V be looked at', async () => {
    const { Q, K, V, merged } = attention();
    assert.ok(isFused([Q, K, V, merged]));
    const [, , , result] = await run([Q, K, V, merged]);
    assertClose(result, numbers('merged'));
  });

  for (const [title, heads, change] of [
    ['with one head', 1, (scaled) => scaled],
    ['with a head for each number', 8, (scaled) => scaled],
    ['with a temperature of its own step', 2, (scaled) => divide(scaled, [constant(0.3, '\\tau')])],
    ['with steps that do nothing', 4, (scaled) => divide(divide(scaled, []), [])],
  ] satisfies [string, number, (scaled: Value) => Value][]) {
    it(`equals the steps one by one ${title}`, async () => {
      const { merged } = attention(heads, change);
      const plain = attention(heads, change);
      assert.ok(isFused([merged]));
      assert.ok(!isFused([plain.merged, plain.weights]));
      const [fused] = await run([merged]);
      const [stepwise] = await run([plain.merged, plain.weights]);
      assert.ok(stepwise);
      assertClose(fused, stepwise);
    });
  }

  it('attends across, with fewer keys than queries and wider values', async () => {
    const [Q, K, V] = [input([7, 6]), input([3, 6]), input([3, 10])];
    const values = (count: number): Float32Array =>
      Float32Array.from({ length: count }, (_, at) => Math.sin(at * at));
    const feeds = new Map<Value, Tensor>(
      [Q, K, V].map((each, at) => [
        each,
        {
          shape: each.shape,
          data: values((at + 2) * 50).subarray(0, (each.shape[0] ?? 0) * (each.shape[1] ?? 0)),
        },
      ]),
    );
    const weights = softmax(matmul(splitHeads(Q, 2), transpose(splitHeads(K, 2))));
    const merged = mergeHeads(matmul(weights, splitHeads(V, 2)));
    assert.ok(isFused([merged]));
    const [fused] = await runtime.run([merged], feeds);
    const [stepwise] = await runtime.run([merged, weights], feeds);
    assert.ok(stepwise);
    assertClose(fused, stepwise);
  });

  it('gives way where anything inside is asked for, given or used twice', () => {
    const { weights, merged } = attention();
    assert.ok(!isFused([merged, weights]));
    assert.ok(!isFused([merged, mergeHeads(matmul(weights, weights))]));
    assert.ok(!isFused([merged], (value) => value === weights));
  });

  it('repeats keys that heads share', async () => {
    const [Q, K, V] = [input([7, 8]), input([3, 4]), input([3, 4])];
    const feeds = new Map(
      [Q, K, V].map(({ shape }, at): [Value, Tensor] => [
        [Q, K, V][at] ?? Q,
        { shape, data: Float32Array.from({ length: sizeOf(shape) }, (_, n) => Math.sin(n * n + at)) },
      ]),
    );
    const weights = softmax(matmul(splitHeads(Q, 4), transpose(repeatHeads(splitHeads(K, 2), 4))));
    const merged = mergeHeads(matmul(weights, repeatHeads(splitHeads(V, 2), 4)));
    assert.ok(isFused([merged]));
    const [fused] = await runtime.run([merged], feeds);
    const [stepwise] = await runtime.run([merged, weights], feeds);
    assert.ok(stepwise);
    assertClose(fused, stepwise);
  });

  it('gives way to an infinite divisor, which ONNX Runtime would take for none', async () => {
    const even = attention(2, (scaled) => divide(scaled, [constant(Infinity, 'c')]));
    assert.ok(!isFused([even.merged]));
    const [weights] = await run([even.weights]);
    assertClose(weights, { shape: [2, 5, 5], data: new Float32Array(50).fill(0.2) });
  });
});
