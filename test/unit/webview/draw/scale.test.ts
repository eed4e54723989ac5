import assert from 'node:assert/strict';
import { automaticMaximum } from '../../../../src/drawing/colors/automatic.js';
import { readScaleChoice, usualChoice } from '../../../../src/drawing/colors/choice.js';
import { mapNames, scaleKinds } from '../../../../src/drawing/colors/choice.js';
import { tableOf } from '../../../../src/drawing/colors/maps.js';
import { leaveOutOf, matrixScale } from '../../../../src/drawing/colors/matrix-scale.js';
import { colorIndex, middleOf, scaleOf } from '../../../../src/drawing/colors/scale.js';
import type { ScaleChoice } from '../../../../src/drawing/colors/choice.js';

const dark = { dark: true, rgb: [31, 31, 31] } as const;
const light = { dark: false, rgb: [255, 255, 255] } as const;

/** A causal model's weights of a head that looks at the first token: rows sum to 1, the first is 1 by itself. */
function sinkHead(count: number): Float32Array {
  const data = new Float32Array(count * count).fill(NaN);
  for (let row = 0; row < count; row += 1) {
    const rest = Array.from({ length: row }, (_, key) => 1 + ((row * 7 + key * 3) % 5));
    const sum = rest.reduce((a, b) => a + b, 0);
    data[row * count] = row === 0 ? 1 : 0.9;
    for (const [key, part] of rest.entries()) data[row * count + key + 1] = (0.1 * part) / sum;
  }
  return data;
}

/** Each token looks at the one before it. */
function previousHead(count: number): Float32Array {
  const data = new Float32Array(count * count);
  for (let row = 0; row < count; row += 1) {
    data.fill(0.1 / count, row * count, (row + 1) * count);
    data[row * count + Math.max(0, row - 1)] = 0.9;
  }
  return data;
}

function numbers(data: Float32Array, count: number) {
  const span = { start: 0, end: count };
  return { data, shape: [count, count], rows: span, columns: span };
}

function made(
  data: Float32Array,
  count: number,
  choice: Partial<ScaleChoice> = {},
  of: 'weights' | 'signed' = 'weights',
) {
  return matrixScale({
    of,
    choice: { ...usualChoice, ...choice },
    ground: dark,
    overview: numbers(data, count),
  });
}

/** Lightness as the eye sees it (CIE L*), of an 8-bit sRGB colour. */
function lightness(table: Uint8ClampedArray, index: number): number {
  const [r = 0, g = 0, b = 0] = [0, 1, 2].map((channel) => {
    const c = (table[index * 4 + channel] ?? 0) / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });
  const y = 0.2126 * r + 0.7152 * g + 0.0722 * b;
  return y > 0.008856 ? 116 * Math.cbrt(y) - 16 : 903.3 * y;
}

describe('colour scale', () => {
  for (const map of mapNames) {
    for (const [name, ground, sign] of [
      ['dark', dark, 1],
      ['light', light, -1],
    ] as const) {
      it(`${map} on a ${name} ground leaves it further the larger a weight is`, () => {
        const table = tableOf(map, ground);
        for (let index = 1; index < 256; index += 1) {
          const further = sign * (lightness(table, index) - lightness(table, index - 1));
          assert.ok(further > -0.6, `${index}: ${further}`);
        }
        assert.ok(sign * (lightness(table, 255) - lightness(table, 0)) > 40);
      });
    }

    it(`${map} lets small weights recede into a light ground`, () => {
      assert.ok(lightness(tableOf(map, light), 0) > 95);
    });
  }

  it('is the same table for the same ground, and another for another', () => {
    assert.equal(tableOf('viridis', light), tableOf('viridis', { ...light }));
    assert.notEqual(tableOf('viridis', light), tableOf('viridis', { dark: false, rgb: [250, 240, 230] }));
  });

  it('spreads numbers by roots and by powers of ten', () => {
    const common = { of: 'weights', minimum: 0, maximum: 0.5, ground: dark } as const;
    const power = scaleOf({ ...common, kind: 'power' });
    assert.deepEqual(
      [0, 0.125, 0.5].map((value) => colorIndex(power, value)),
      [0, 128, 255],
    );
    const logarithmic = scaleOf({ ...common, kind: 'logarithmic' });
    assert.deepEqual(
      [0, 0.00004, 0.00005, 0.005, 0.5].map((value) => colorIndex(logarithmic, value)),
      [0, 0, 0, 128, 255],
    );
    for (const scale of [power, logarithmic]) assert.equal(colorIndex(scale, middleOf(scale)), 128);
  });

  it('keeps 0 in the middle of numbers around 0, whatever the spread', () => {
    for (const kind of scaleKinds) {
      const scale = scaleOf({ of: 'signed', minimum: -3, maximum: 1, kind, ground: dark });
      assert.equal(colorIndex(scale, 0), 128, kind);
      assert.equal(colorIndex(scale, -3), 0, kind);
      assert.equal(colorIndex(scale, 1) + colorIndex(scale, -1), 255, kind);
    }
  });

  it('ends below a first token that all rows look at, and below a first row that has no choice', () => {
    const count = 24;
    const data = sinkHead(count);
    const { scale, note, beyond } = made(data, count);
    assert.deepEqual(note.sinks, [{ start: 0, end: 1 }]);
    assert.ok(beyond && scale.high <= 0.11 && scale.high > 0.005, String(scale.high));
    // The rest is told apart: many more colours than the few that an even scale would leave it.
    const colors = new Set([...data].filter((value) => value < 0.5).map((value) => colorIndex(scale, value)));
    assert.ok(colors.size > 12, String(colors.size));
    const even = scaleOf({ of: 'weights', minimum: 0, maximum: 1, ground: dark });
    assert.ok([...data].filter((value) => value < 0.05).every((value) => colorIndex(even, value) < 14));
  });

  it('leaves a scale at the largest where that hides nothing', () => {
    const count = 24;
    const { scale, note, beyond } = made(previousHead(count), count);
    assert.equal(scale.high, Math.fround(0.9) + 0);
    assert.deepEqual([note, beyond], [{ sinks: [], rows: false }, false]);
    const small = Float32Array.of(0.9, 0.1, 0.9, 0.1);
    assert.equal(automaticMaximum(small, 2, 2).maximum, Math.fround(0.9));
  });

  it('ends where it is told to', () => {
    const { scale, note, beyond } = made(sinkHead(24), 24, { maximum: 0.25 });
    assert.deepEqual([scale.low, scale.high, beyond, note.sinks.length], [0, 0.25, true, 0]);
    const signed = made(Float32Array.of(-4, 1, 2, 3), 2, { maximum: 2 }, 'signed').scale;
    assert.deepEqual([signed.low, signed.high], [-2, 2]);
  });

  it('gives each row’s largest the last colour', () => {
    const data = Float32Array.of(0.5, 0.5, 0, 0.01, NaN, 0.99, 0, 0.25, 0.75);
    const { scale } = made(data, 3, { kind: 'row' });
    assert.deepEqual([scale.low, scale.high], [0, 1]);
    const close = (a: number | undefined, b: number) =>
      assert.ok(Math.abs((a ?? NaN) - b) < 1e-6, `${a} ${b}`);
    [2, 1 / 0.99, 1 / 0.75].forEach((factor, row) => close(scale.rows?.[row], factor));
  });

  it('takes keys out of the rows, whose others then sum to 1', () => {
    const left = leaveOutOf([0, 2], 4, Float32Array.of(0.5, 0.25, 0.5, 0.5, 0.1, NaN));
    assert.deepEqual([...left.before], [0, 1, 1, 2, 2]);
    assert.equal(left.factors[0], 4);
    assert.ok(Number.isNaN(left.factors[1]), 'nothing is left of the second row');
    assert.ok(Math.abs((left.factors[2] ?? 0) - 1 / 0.9) < 1e-6);
  });

  it('has its largest number among those that are left', () => {
    const data = Float32Array.of(0.8, 0.1, 0.1, 0.6, 0.3, 0.1, 0.5, 0.25, 0.25);
    const leaveOut = leaveOutOf([0], 3, Float32Array.of(0.8, 0.6, 0.5));
    const { scale, masked } = matrixScale({
      of: 'weights',
      choice: usualChoice,
      ground: dark,
      overview: numbers(data, 3),
      leaveOut,
    });
    assert.ok(Math.abs(scale.high - 0.75) < 1e-6, String(scale.high));
    assert.ok(masked, 'what is left out has no colour');
  });

  it('reads what was kept of it, and nothing that does not fit', () => {
    const kept: ScaleChoice = { kind: 'power', maximum: 0.2, leaveOut: 'first', map: 'greys' };
    assert.deepEqual(readScaleChoice(JSON.parse(JSON.stringify(kept))), kept);
    assert.deepEqual(readScaleChoice({ kind: 'cubic', maximum: -1, leaveOut: 3, map: 'jet' }), usualChoice);
    assert.deepEqual(readScaleChoice(null), usualChoice);
  });
});
