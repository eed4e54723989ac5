import assert from 'node:assert/strict';
import { fuseHeads } from '../../../../webview/draw/fusion.js';
import { keepMass } from '../../../../webview/draw/mass.js';

/** Every subset, tried: the smallest size at which one holds enough. */
function fewest(weights: readonly number[], share: number): number {
  const whole = weights.reduce((sum, weight) => sum + weight, 0);
  let least = weights.length;
  for (let set = 0; set < 2 ** weights.length; set += 1) {
    const taken = weights.filter((_, at) => (set >> at) % 2 === 1);
    const held = taken.reduce((sum, weight) => sum + weight, 0);
    if (held >= share * whole - 1e-7) least = Math.min(least, taken.length);
  }
  return least;
}

describe('the fewest weights that hold a share', () => {
  const samples = [
    [0.5, 0.25, 0.125, 0.125],
    [0.1, 0.2, 0.3, 0.05, 0.15, 0.2],
    [1, 0, 0],
    [0.25, 0.25, 0.25, 0.25],
    [0.7, 0.01, 0.29],
  ];
  for (const weights of samples) {
    it(`of ${weights.join(', ')} are as few as any subset that does`, () => {
      for (const share of [0.05, 0.25, 0.3, 0.5, 0.6, 0.75, 0.9, 0.99]) {
        const kept = keepMass(Float32Array.from(weights), share);
        assert.equal(kept.count, fewest(weights, share), `share ${share}`);
        const held = weights.reduce((sum, weight, at) => sum + (kept.mask[at] === 1 ? weight : 0), 0);
        assert.ok(Math.abs(kept.held - held / weights.reduce((sum, weight) => sum + weight, 0)) < 1e-6);
        for (const [at, weight] of weights.entries())
          assert.ok(kept.mask[at] !== 1 || Math.fround(weight) >= kept.least);
      }
    });
  }

  it('are all that are not masked where everything is kept', () => {
    const kept = keepMass(Float32Array.of(0.5, NaN, 0, 0.5), 1);
    assert.deepEqual([...kept.mask], [1, 0, 1, 1]);
    assert.deepEqual([kept.count, kept.held], [3, 1]);
  });

  it('are none where there is nothing', () => {
    for (const share of [0.6, 1]) {
      const { count, held } = keepMass(Float32Array.of(NaN, NaN), share);
      assert.deepEqual([count, held], [0, 0]);
    }
  });
});

describe('heads made one', () => {
  const rows = [Float32Array.of(0.5, 0.5, NaN, NaN), Float32Array.of(1, 0, 0.25, NaN)];
  it('by their mean, where what is masked in one has no weight there', () => {
    assert.deepEqual([...fuseHeads(rows, 'mean')], [0.75, 0.25, 0.125, NaN]);
  });
  it('by their largest', () => {
    assert.deepEqual([...fuseHeads(rows, 'max')], [1, 0.5, 0.25, NaN]);
  });
  it('of one head are that head', () => {
    assert.deepEqual([...fuseHeads(rows.slice(0, 1), 'mean')], [0.5, 0.5, NaN, NaN]);
  });
});
