import assert from 'node:assert/strict';
import { evaluate } from '../../../../src/engine/evaluate.js';
import type { Tensor } from '../../../../src/engine/tensor.js';
import { build, stepOf } from '../../../support/engine/cases.js';
import { random, randomTensor } from '../../../support/engine/numbers.js';

describe('REINFORCE', () => {
  it('is right on average, and varies as much as it says: 400 estimates from seeds of their own', () => {
    const shapes = { scores: [3, 5], reward: [3, 5] };
    const next = random(17);
    const numbers: Readonly<Record<string, Tensor>> = {
      scores: randomTensor([3, 5], next),
      reward: randomTensor([3, 5], next),
    };
    for (const baseline of ['none', 'expected']) {
      const of = (seed: number, name: string): Float64Array => {
        const graph = build('hard', shapes, { seed, samples: 10, baseline });
        const given = new Map(
          [...graph.inputs].map(([key, leaf]) => [
            leaf,
            numbers[key] ?? { shape: [], data: new Float64Array() },
          ]),
        );
        return evaluate([stepOf(graph, name)], given)[0]?.data ?? new Float64Array();
      };
      const seeds = 400;
      const estimates = Array.from({ length: seeds }, (_, seed) => of(seed, 'estimate'));
      const [exact, variance] = [of(0, 'exact_gradient'), of(0, 'variance')];
      for (const [at, gradient] of exact.entries()) {
        const own = estimates.map((each) => each[at] ?? 0);
        const mean = own.reduce((total, each) => total + each, 0) / seeds;
        const spread = own.reduce((total, each) => total + (each - mean) ** 2, 0) / (seeds - 1);
        const said = variance[at] ?? 0;
        assert.ok(
          Math.abs(mean - gradient) < 4 * Math.sqrt(said / seeds),
          `${baseline}: ${mean}, not ${gradient}`,
        );
        // A variance of so many numbers is itself off by about its √(2/n), and by more where the tails are long.
        assert.ok(Math.abs(spread / said - 1) < 0.5, `${baseline}: variance ${spread}, not ${said}`);
      }
    }
  });
});
