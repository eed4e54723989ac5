import assert from 'node:assert/strict';
import { interpolateCividis } from 'd3-scale-chromatic';
import { cividis, divergingDark, divergingLight, isMasked } from '../../../../src/drawing/colors/colormap.js';
import { colorIndex, scaleOf } from '../../../../src/drawing/colors/scale.js';

const dark = { dark: true, rgb: [31, 31, 31] } as const;

/** Lightness as the eye sees it (CIE L*), of an 8-bit sRGB colour. */
function lightness(table: Uint8ClampedArray, index: number): number {
  const [r = 0, g = 0, b = 0] = [0, 1, 2].map((channel) => {
    const c = (table[index * 4 + channel] ?? 0) / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });
  const y = 0.2126 * r + 0.7152 * g + 0.0722 * b;
  return y > 0.008856 ? 116 * Math.cbrt(y) - 16 : 903.3 * y;
}

describe('colour maps', () => {
  it('has the colours of cividis', () => {
    for (const index of [0, 1, 100, 254, 255]) {
      const rgb = [...cividis.subarray(index * 4, index * 4 + 3)];
      assert.equal(`rgb(${rgb.join(', ')})`, interpolateCividis(index / 255));
    }
  });

  it('gets lighter all the way from the least weight to the largest', () => {
    for (let index = 1; index < 256; index += 1) {
      assert.ok(lightness(cividis, index) >= lightness(cividis, index - 1) - 0.35, String(index));
    }
  });

  for (const [name, table, sign] of [
    ['a dark', divergingDark, 1],
    ['a light', divergingLight, -1],
  ] as const) {
    it(`leaves ${name} ground further the further a number is from 0`, () => {
      for (let index = 129; index < 256; index += 1) {
        assert.ok(sign * (lightness(table, index) - lightness(table, index - 1)) > -0.6, String(index));
        const below = 255 - index;
        assert.ok(sign * (lightness(table, below) - lightness(table, below + 1)) > -0.6, String(below));
      }
    });
  }

  it('puts weights between 0 and their largest', () => {
    const scale = scaleOf({ of: 'weights', minimum: 0.01, maximum: 0.62, ground: dark });
    assert.deepEqual([scale.low, scale.high], [0, 0.62]);
    assert.deepEqual(
      [0, 0.31, 0.62].map((value) => colorIndex(scale, value)),
      [0, 128, 255],
    );
  });

  it('puts 0 in the middle of numbers around 0, whichever side is longer', () => {
    for (const [minimum, maximum] of [
      [-3, 1],
      [-1, 3],
      [2, 3],
    ] as const) {
      const scale = scaleOf({ of: 'signed', minimum, maximum, ground: dark });
      assert.deepEqual([scale.low, scale.high], [-3, 3]);
      assert.equal(colorIndex(scale, 0), 128);
    }
  });

  it('has a range even where all numbers are the same', () => {
    for (const kind of ['weights', 'signed'] as const) {
      const { low, high } = scaleOf({ of: kind, minimum: 0, maximum: 0, ground: dark });
      assert.ok(high > low);
    }
  });

  it('gives numbers beyond the ends the last colours', () => {
    const scale = scaleOf({ of: 'signed', minimum: -1, maximum: 1, ground: dark });
    assert.deepEqual(
      [-9, 9, Infinity].map((value) => colorIndex(scale, value)),
      [0, 255, 255],
    );
  });

  it('knows what is masked', () => {
    assert.deepEqual([NaN, -Infinity, -1e38, 0, Infinity].map(isMasked), [true, true, false, false, false]);
  });
});
