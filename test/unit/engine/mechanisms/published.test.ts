import assert from 'node:assert/strict';
import { evaluate } from '../../../../src/engine/evaluate.js';
import { input, positions, type Value } from '../../../../src/engine/graph.js';
import { alibi, relativeBias, rotary, type BucketRule } from '../../../../src/engine/ops/index.js';
import type { Tensor } from '../../../../src/engine/tensor.js';
import { build, stepOf } from '../../../support/engine/cases.js';
import { random } from '../../../support/engine/numbers.js';

function run(value: Value, given: readonly (readonly [Value, Tensor])[] = []): Float64Array {
  const [tensor] = evaluate([value], new Map(given));
  assert.ok(tensor);
  return tensor.data;
}

const tensor = (shape: readonly number[], data: readonly number[]): Tensor => ({
  shape,
  data: Float64Array.from(data),
});

describe('numbers that were published', () => {
  it('ALiBi: with 8 heads the slopes are 1/2, 1/4, … 1/256 (Press et al. 2022, §3)', () => {
    const penalties = run(alibi(positions(8), positions(2), positions(1), 8));
    // Query 1 is one place after key 0.
    const slopes = [...penalties].filter((_, at) => at % 2 === 1).map((each) => -each);
    assert.deepEqual(slopes, [1 / 2, 1 / 4, 1 / 8, 1 / 16, 1 / 32, 1 / 64, 1 / 128, 1 / 256]);
  });

  it('ALiBi: with 16 heads they go from 1/√2 to 1/256 (the same)', () => {
    const penalties = run(alibi(positions(16), positions(2), positions(1), 16));
    const slopes = [...penalties].filter((_, at) => at % 2 === 1).map((each) => -each);
    slopes.forEach((slope, head) => {
      const expected = 2 ** (-0.5 * (head + 1));
      assert.ok(Math.abs(slope - expected) < 1e-15, `head ${head}`);
    });
  });

  it('T5: half of 32 buckets are for each side; 8 distances have their own, and all from 128 on share one', () => {
    // The buckets of distances 0 … 15 and some further ones that mesh-tensorflow’s _relative_position_bucket gives.
    const rule: BucketRule = { buckets: 32, maximum: 128, bidirectional: true };
    const expected = new Map([
      ...[0, 1, 2, 3, 4, 5, 6, 7].map((at): [number, number] => [at, at]),
      ...([
        [8, 8],
        [11, 8],
        [12, 9],
        [15, 9],
        [16, 10],
        [22, 10],
        [23, 11],
        [31, 11],
        [32, 12],
      ] as const),
      ...([
        [45, 12],
        [46, 13],
        [63, 13],
        [64, 14],
        [90, 14],
        [91, 15],
        [127, 15],
        [128, 15],
        [5000, 15],
      ] as const),
    ]);
    const [table, queries] = [input([32, 1]), input([1], 'integer')];
    const keys = input([1], 'integer');
    const value = relativeBias(table, positions(1), queries, keys, rule);
    const numbers = tensor(
      [32, 1],
      Array.from({ length: 32 }, (_, at) => at),
    );
    for (const [distance, bucket] of expected) {
      const of = (query: number, key: number): number | undefined =>
        run(value, [
          [table, numbers],
          [queries, tensor([1], [query])],
          [keys, tensor([1], [key])],
        ])[0];
      assert.equal(of(distance, 0), bucket, `${distance} before the query`);
      assert.equal(of(0, distance), distance === 0 ? 0 : bucket + 16, `${distance} after the query`);
    }
  });

  it('RoFormer: in two dimensions the vector at m turns by m θ (Su et al. 2021, eq. 11–13, θ = 1)', () => {
    const value = input([3, 2]);
    for (const pairs of ['neighbours', 'halves'] as const) {
      const turned = run(rotary(value, positions(3), { pairs, base: 10_000 }), [
        [value, tensor([3, 2], [1, 0, 1, 0, 0.6, 0.8])],
      ]);
      const expected = [
        ...[1, 0],
        ...[Math.cos(1), Math.sin(1)],
        ...[0.6 * Math.cos(2) - 0.8 * Math.sin(2), 0.6 * Math.sin(2) + 0.8 * Math.cos(2)],
      ];
      turned.forEach((each, at) => assert.ok(Math.abs(each - (expected[at] ?? 0)) < 1e-15));
    }
  });

  it('Vaswani et al. 2017, footnote 4: dot products of d_k independent terms have mean 0 and variance d_k; scaled, 1', () => {
    const next = random(1);
    /** Of mean 0 and variance 1 (Box and Muller). */
    const normal = (): number => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
    for (const d of [1, 4, 16, 64, 256]) {
      const [n, m] = [60, 60];
      const graph = build('scaled-dot-product', { Q: [n, d], K: [m, d] });
      const given = [...graph.inputs.values()].map((leaf): [Value, Tensor] => [
        leaf,
        tensor(leaf.shape, Array.from({ length: n * d }, normal)),
      ]);
      const variance = (name: string): number => {
        const numbers = run(stepOf(graph, name), given);
        const mean = numbers.reduce((total, each) => total + each, 0) / numbers.length;
        assert.ok(Math.abs(mean) < 0.1 * Math.sqrt(d), `${name}: mean ${mean}`);
        return numbers.reduce((total, each) => total + (each - mean) ** 2, 0) / numbers.length;
      };
      const [found, scaled] = [variance('scores'), variance('scaled')];
      assert.ok(found / d > 0.75 && found / d < 1.35, `d_k ${d}: variance ${found}`);
      assert.ok(Math.abs(scaled * d - found) < 1e-9 * found);
    }
  });

  it('Jang et al. 2017, §2: the largest of logits with Gumbel noise is a draw from their softmax', () => {
    const [n, logits] = [4000, [0.5, -1, 2, 0]];
    const scores = tensor([n, 4], Array.from({ length: n }, () => logits).flat());
    const graph = build('hard', { scores: [n, 4] }, { choice: 'straight-through', seed: 5 });
    const weights = run(
      stepOf(graph, 'weights'),
      [...graph.inputs.values()].map((leaf) => [leaf, scores]),
    );
    const total = logits.reduce((sum, each) => sum + Math.exp(each), 0);
    const found = logits.reduce((sum, each, key) => {
      const expected = (n * Math.exp(each)) / total;
      const count = weights.filter((one, at) => at % 4 === key && one === 1).length;
      return sum + (count - expected) ** 2 / expected;
    }, 0);
    // 99.9 % of χ² with 3 degrees of freedom lie below 16.27.
    assert.ok(found < 16.27, `χ² is ${found}`);
  });
});
