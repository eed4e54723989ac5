import assert from 'node:assert/strict';
import { axisScale } from '../../../../../webview/views/plots/scale.js';

const labels = (values: readonly number[], logarithmic: boolean, wanted = 4): string[] =>
  axisScale(values, logarithmic, wanted)
    .ticks.map(({ text }) => text)
    .filter((text) => text !== '');

describe('an axis', () => {
  it('has round numbers with as many digits as they need, from 0 where that is near', () => {
    assert.deepEqual(labels([0.2, 3.9], false), ['0', '1', '2', '3', '4']);
    assert.deepEqual(labels([0, 0.31], false), ['0', '0.1', '0.2', '0.3', '0.4']);
    assert.deepEqual(labels([97, 103.5], false), ['96', '98', '100', '102', '104']);
    assert.deepEqual(labels([-0.002, 0.0021], false), ['−0.002', '0', '0.002', '0.004']);
  });

  it('places numbers evenly, or by their powers', () => {
    const even = axisScale([0, 4], false, 4);
    assert.deepEqual([0, 1, 4].map(even.place), [0, 0.25, 1]);
    const powers = axisScale([1, 10_000], true, 4);
    for (const [at, value] of [1, 10, 100, 1000, 10_000].entries()) {
      assert.ok(Math.abs(powers.place(value) - at / 4) < 1e-12);
    }
    assert.ok(Number.isNaN(powers.place(0)));
    assert.ok(Number.isNaN(powers.place(-1)));
    assert.ok(Number.isNaN(powers.place(NaN)));
  });

  it('labels powers of ten, and between them where there is room', () => {
    assert.deepEqual(labels([1, 1024], true), ['1', '10', '100', '1000']);
    assert.deepEqual(labels([1, 60], true), ['1', '2', '5', '10', '20', '50']);
    assert.deepEqual(labels([1e-9, 1e9], true), ['10⁻⁸', '10⁻⁴', '1', '10⁴', '10⁸'], 'every fourth');
    assert.deepEqual(labels([2e-5, 0.4], true), ['10⁻⁴', '10⁻³', '10⁻²', '10⁻¹']);
  });

  it('makes sense of one number, of none, and of what is not a number', () => {
    for (const logarithmic of [false, true]) {
      for (const values of [[], [NaN], [3], [0], [-2, -2], [1e-300, 1e300], [Infinity, 1]]) {
        const { place, ticks } = axisScale(values, logarithmic, 4);
        assert.ok(ticks.length < 700, `${ticks.length} ticks for ${values.join()}`);
        for (const { value } of ticks) assert.ok(Number.isFinite(place(value)));
      }
    }
    assert.equal(axisScale([3], false, 4).place(3), 0.5);
    assert.equal(axisScale([3], true, 4).place(3), 0.5);
  });
});
