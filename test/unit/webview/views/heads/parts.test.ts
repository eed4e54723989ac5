import assert from 'node:assert/strict';
import { partsOf } from '../../../../../webview/views/heads/parts.js';

function asked(layers: number, heads: number, tokens: number, shown: number): [number, number][] {
  const labels = { count: tokens };
  return partsOf({ layers, heads, queries: labels, keys: labels }, shown).map(({ start, end }) => [
    start,
    end,
  ]);
}

describe('The layers whose thumbnails are asked for together', () => {
  it('are all of them where they come at once', () => {
    assert.deepEqual(asked(6, 12, 128, 3), [[0, 6]]);
    assert.deepEqual(asked(12, 12, 512, 11), [[0, 12]]);
  });

  it('are few of a long text, and the layer that is shown is among the first', () => {
    // 9 heads of 4,000 × 4,000 weights are more than are pooled at once.
    assert.deepEqual(asked(4, 9, 4000, 2), [
      [2, 3],
      [3, 4],
      [0, 1],
      [1, 2],
    ]);
    // Two layers at once, and one is left.
    assert.deepEqual(asked(5, 16, 2000, 3), [
      [2, 4],
      [4, 5],
      [0, 2],
    ]);
  });

  it('are one where there is one', () => {
    assert.deepEqual(asked(1, 1, 100_000, 0), [[0, 1]]);
  });
});
