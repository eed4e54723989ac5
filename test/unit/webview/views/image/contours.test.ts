import assert from 'node:assert/strict';
import type { Field, Segment } from '../../../../../webview/views/image/contours.js';
import { contourOf, edgesAround, sample } from '../../../../../webview/views/image/contours.js';

const field: Field = { rows: 3, columns: 4, data: Float32Array.of(0, 1, 2, 3, 4, 9, 6, 7, 8, 1, 5, 2) };

/** The points at which an odd number of lines end. */
function loose(segments: readonly Segment[]): string[] {
  const ends = new Map<string, number>();
  for (const [x0, y0, x1, y1] of segments) {
    for (const [x, y] of [
      [x0, y0],
      [x1, y1],
    ] as const) {
      const key = `${x.toFixed(6)} ${y.toFixed(6)}`;
      ends.set(key, (ends.get(key) ?? 0) + 1);
    }
  }
  return [...ends].filter(([, count]) => count % 2 === 1).map(([key]) => key);
}

describe('contours over a grid', () => {
  it('lie where the smooth picture has their level, and end only at the grid’s edge', () => {
    for (const level of [0.5, 1.5, 2.5, 4.5, 6.5, 8.5]) {
      const segments = contourOf(field, level);
      assert.ok(segments.length > 0);
      for (const [x0, y0, x1, y1] of segments) {
        assert.ok(Math.abs(sample(field, x0, y0) - level) < 1e-5);
        assert.ok(Math.abs(sample(field, x1, y1) - level) < 1e-5);
      }
      for (const end of loose(segments)) {
        const [x, y] = end.split(' ').map(Number);
        assert.ok(x === 0 || x === 4 || y === 0 || y === 3, `level ${level} ends at ${end}`);
      }
    }
    assert.deepEqual(contourOf(field, 10), []);
  });

  it('have the numbers themselves in the middles of patches, and go on to the edge', () => {
    for (let row = 0; row < 3; row += 1) {
      for (let column = 0; column < 4; column += 1) {
        assert.equal(sample(field, column + 0.5, row + 0.5), field.data[row * 4 + column]);
      }
    }
    assert.equal(sample(field, 0, 0), 0);
    assert.equal(sample(field, 1, 0.5), 0.5);
  });

  it('go around a set of patches as closed lines, once along each edge', () => {
    const mask = Uint8Array.of(1, 1, 0, 0, 1, 0, 0, 1, 0, 0, 1, 0);
    const edges = edgesAround(field, mask);
    // Three patches in a corner, and two that touch at a corner only.
    assert.equal(edges.length, 8 + 4 + 4);
    assert.deepEqual(loose(edges), []);
    assert.deepEqual(edgesAround(field, new Uint8Array(12)), []);
  });
});
