import assert from 'node:assert/strict';
import type { Slice } from '../../../../../src/protocol.js';
import { subtract } from '../../../../../webview/views/compare/difference.js';

function slice(rows: readonly (readonly number[])[], emptyRows: readonly number[] = []): Slice {
  const width = rows[0]?.length ?? 0;
  return {
    shape: [rows.length, width],
    data: Float32Array.from(rows.flat()),
    revision: 1,
    rows: { start: 0, end: rows.length },
    columns: { start: 0, end: width },
    emptyRows: Uint32Array.from(emptyRows),
    minimum: 0,
    maximum: 1,
  };
}

describe('the difference of two columns', () => {
  it('is number by number, with its own smallest and largest', () => {
    const found = subtract(slice([[0.75, 0.25]]), slice([[0.5, 0.5]]));
    assert.deepEqual([...(found?.data ?? [])], [0.25, -0.25]);
    assert.deepEqual([found?.minimum, found?.maximum], [-0.25, 0.25]);
  });

  it('takes what one of them masks for 0, and keeps masked what both mask', () => {
    const found = subtract(slice([[1, NaN, NaN]]), slice([[0.5, 0.5, NaN]]));
    assert.deepEqual([...(found?.data ?? [])], [0.5, -0.5, NaN]);
  });

  it('has no row where one of them has nothing to attend to', () => {
    const own = slice(
      [
        [NaN, NaN],
        [0.5, 0.5],
      ],
      [0],
    );
    const first = slice([
      [0.5, 0.5],
      [1, 0],
    ]);
    const found = subtract(own, first);
    assert.deepEqual([...(found?.data ?? [])], [NaN, NaN, -0.5, 0.5]);
    assert.deepEqual([...(found?.emptyRows ?? [])], [0]);
  });

  it('is none of matrices of other sizes, of other parts, or of what has not come', () => {
    const one = slice([[1, 0]]);
    assert.equal(subtract(one, slice([[1], [0]])), null);
    assert.equal(subtract(one, { ...one, columns: { start: 2, end: 4 } }), null);
    // Pooled alike, but out of more rows.
    assert.equal(subtract(one, { ...one, rows: { start: 0, end: 9 } }), null);
    assert.equal(subtract(one, null), null);
    assert.equal(subtract(null, one), null);
  });
});
