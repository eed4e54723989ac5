import assert from 'node:assert/strict';
import { evaluate } from '../../../../src/engine/evaluate.js';
import { input, positions, type Value } from '../../../../src/engine/graph.js';
import { noise } from '../../../../src/engine/ops/index.js';
import type { Tensor } from '../../../../src/engine/tensor.js';
import { Runtime } from '../../../../src/runtime/session.js';
import { build, stepOf } from '../../../support/engine/cases.js';
import { Fixture, random, randomTensor } from '../../../support/engine/numbers.js';
import { platform } from '../../../support/platform.js';

const places = (...counts: number[]): Value[] => counts.map((count) => positions(count));

function uniform(seed: number, ...counts: number[]): Float64Array {
  const [tensor] = evaluate([noise(places(...counts), seed)], new Map());
  assert.ok(tensor);
  return tensor.data;
}

/** Σ (observed − expected)² / expected, over `cells` equally likely cells. */
function chiSquare(counts: readonly number[]): number {
  const expected = counts.reduce((total, each) => total + each, 0) / counts.length;
  return counts.reduce((total, each) => total + (each - expected) ** 2 / expected, 0);
}

/** Within four deviations of what χ² of so many degrees of freedom has as its mean: with fixed seeds, chance has no part. */
function assertUniform(counts: readonly number[], what: string): void {
  const degrees = counts.length - 1;
  const found = chiSquare(counts);
  assert.ok(
    Math.abs(found - degrees) < 4 * Math.sqrt(2 * degrees),
    `${what}: χ² is ${found}, not near ${degrees}`,
  );
}

describe('noise', () => {
  const runtime = new Runtime(platform);
  after(() => runtime.dispose());

  it('is bit for bit what whole numbers of Python come to, in the reference and in ONNX Runtime', async () => {
    const fixture = new Fixture('operators.safetensors');
    for (const [name, seed, counts] of [
      ['noise', 2 ** 31 - 1, [4, 7]],
      ['noise, three axes', 0, [3, 4, 5]],
    ] as const) {
      const expected = fixture.tensor(`${name}/result`).data;
      const value = noise(places(...counts), seed);
      const [reference] = evaluate([value], new Map());
      const [ran] = await runtime.run([value], new Map());
      assert.deepEqual(reference?.data, expected);
      assert.deepEqual(Float64Array.from(ran?.data ?? []), expected);
    }
  });

  it('is bit for bit the same in the NumPy and the PyTorch text', () => {
    const programs = new Fixture('programs.safetensors');
    const attention = new Fixture('attention.safetensors');
    const name = 'reinforce: expected reward as baseline';
    const expected = attention.tensor(`${name}/float64/reward_draws`).data;
    for (const language of ['numpy', 'pytorch'])
      assert.deepEqual(programs.tensor(`${name}/${language}/reward_draws`).data, expected);
  });

  it('is the same for far places and large seeds through ONNX Runtime', async () => {
    const far = [2 ** 20 - 1, 2 ** 30 + 7, 2 ** 31 - 2, 0];
    const leaf = input([4], 'integer');
    for (const seed of [0, 1, 2 ** 31 - 1]) {
      const value = noise([leaf, positions(3)], seed);
      const given = new Map<Value, Tensor>([[leaf, { shape: [4], data: Float64Array.from(far) }]]);
      const [reference] = evaluate([value], given);
      const [ran] = await runtime.run([value], given);
      assert.deepEqual(Float64Array.from(ran?.data ?? []), reference?.data);
    }
  });

  it('is uniform, and so are neighbours taken together, along each axis and from seed to seed', () => {
    const [rows, columns, bins] = [256, 512, 16];
    for (const seed of [0, 1, 2, 12_345, 2 ** 31 - 1]) {
      const numbers = uniform(seed, rows, columns);
      const next = uniform(seed + (seed === 2 ** 31 - 1 ? -1 : 1), rows, columns);
      const bin = (value: number | undefined): number => Math.floor((value ?? 0) * bins);
      const single = new Array<number>(256).fill(0);
      const across = new Array<number>(bins * bins).fill(0);
      const down = new Array<number>(bins * bins).fill(0);
      const seeds = new Array<number>(bins * bins).fill(0);
      const count = (counts: number[], cell: number): void => {
        counts[cell] = (counts[cell] ?? 0) + 1;
      };
      numbers.forEach((value, at) => {
        assert.ok(value > 0 && value < 1);
        count(single, Math.floor(value * 256));
        // Pairs that do not overlap, as the serial test asks for.
        if (at % 2 === 0) count(across, bin(value) * bins + bin(numbers[at + 1]));
        if (Math.floor(at / columns) % 2 === 0) count(down, bin(value) * bins + bin(numbers[at + columns]));
        count(seeds, bin(value) * bins + bin(next[at]));
      });
      assertUniform(single, `seed ${seed}`);
      assertUniform(across, `seed ${seed}, neighbours in a row`);
      assertUniform(down, `seed ${seed}, neighbours in a column`);
      assertUniform(seeds, `seed ${seed} and the next`);
    }
  });

  it('draws keys as often as they are likely', () => {
    const shapes = { scores: [1, 5], reward: [1, 5] };
    const { inputs, steps } = build('hard', shapes, { samples: 10_000, seed: 4 });
    const next = random(3);
    const given = new Map([...inputs.values()].map((leaf) => [leaf, randomTensor(leaf.shape, next)]));
    const [drawn, distribution] = evaluate(
      ['drawn', 'distribution'].map((name) => stepOf({ inputs, steps, heads: 1, queries: 1, keys: 5 }, name)),
      given,
    );
    assert.ok(drawn && distribution);
    const found = drawn.data.reduce((total, share, at) => {
      const likely = distribution.data[at] ?? 1;
      return total + (10_000 * (share - likely) ** 2) / likely;
    }, 0);
    // 99.9 % of χ² with 4 degrees of freedom lie below 18.47.
    assert.ok(found < 18.47, `χ² is ${found}`);
  });
});
