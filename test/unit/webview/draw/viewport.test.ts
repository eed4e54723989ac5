import assert from 'node:assert/strict';
import {
  cellAt,
  fitFrame,
  fitted,
  labelled,
  labelStride,
  pan,
  reveal,
  visibleSpans,
  widen,
  zoomAt,
  zoomLevel,
} from '../../../../webview/draw/viewport.js';

describe('viewport', () => {
  const frame = fitFrame(4096, 4096, 600, 500);

  it('fits a square matrix as large as it goes, in whole pixels a cell', () => {
    const small = fitFrame(15, 15, 500, 640);
    assert.deepEqual([small.width, small.height, small.fitX, small.fitY], [495, 495, 33, 33]);
    assert.deepEqual([frame.width, frame.height], [500, 500]);
  });

  it('does not blow up a single cell', () => {
    const one = fitFrame(1, 1, 600, 600);
    assert.deepEqual([one.width, one.height], [44, 44]);
  });

  it('gives up square cells where one side is much longer', () => {
    const features = fitFrame(15, 384, 600, 500);
    assert.ok(features.width <= 600 && features.width > 550, String(features.width));
    assert.equal(features.fitY, 24);
    const tall = fitFrame(8192, 2, 600, 500);
    assert.equal(tall.height, 500);
    assert.ok(tall.width >= 40);
  });

  it('keeps what is under the pointer there while zooming', () => {
    let view = fitted(frame);
    const at = { x: 317, y: 211 };
    const before = cellAt(view, frame, at.x, at.y);
    for (let step = 0; step < 12; step += 1) view = zoomAt(view, frame, at.x, at.y, 1.4);
    const after = cellAt(view, frame, at.x, at.y);
    assert.ok(before !== null && after !== null);
    assert.ok(Math.abs(before.row - after.row) <= 8 && Math.abs(before.column - after.column) <= 8);
    assert.ok(zoomLevel(view, frame) > 50);
  });

  it('zooms out to no less than everything, and in to no more than large cells', () => {
    assert.deepEqual(zoomAt(fitted(frame), frame, 10, 10, 0.001), fitted(frame));
    assert.equal(zoomAt(fitted(frame), frame, 10, 10, 1e9).scaleX, 72);
  });

  it('never shows what lies beyond the edges, however it is dragged', () => {
    const close = zoomAt(fitted(frame), frame, 250, 250, 20);
    for (const [x, y] of [
      [1e6, 0],
      [-1e6, 0],
      [0, 1e6],
      [0, -1e6],
      [-1e6, 1e6],
    ] as const) {
      const view = pan(close, frame, x, y);
      const { rows, columns } = visibleSpans(view, frame);
      assert.ok(view.left >= 0 && view.top >= 0);
      assert.ok(view.left + frame.width / view.scaleX <= 4096 + 1e-9);
      assert.ok(rows.end <= 4096 && columns.end <= 4096);
    }
  });

  it('finds every cell under its own middle, and none outside', () => {
    const small = fitFrame(7, 5, 300, 300);
    const view = fitted(small);
    for (let row = 0; row < 7; row += 1) {
      for (let column = 0; column < 5; column += 1) {
        assert.deepEqual(cellAt(view, small, (column + 0.5) * small.fitX, (row + 0.5) * small.fitY), {
          row,
          column,
        });
      }
    }
    assert.equal(cellAt(view, small, -0.1, 5), null);
    assert.equal(cellAt(view, small, small.width, 5), null);
  });

  it('moves only as far as a cell needs to be seen', () => {
    const close = zoomAt(fitted(frame), frame, 0, 0, 100);
    assert.deepEqual(reveal(close, frame, { row: 0, column: 0 }), close);
    const seen = visibleSpans(reveal(close, frame, { row: 4000, column: 17 }), frame);
    assert.ok(seen.rows.start <= 4000 && seen.rows.end > 4000);
    assert.ok(seen.columns.start <= 17 && seen.columns.end > 17);
  });

  it('counts all as visible when all fits', () => {
    assert.deepEqual(visibleSpans(fitted(frame), frame), {
      rows: { start: 0, end: 4096 },
      columns: { start: 0, end: 4096 },
    });
  });

  it('widens a span within its limits', () => {
    assert.deepEqual(widen({ start: 10, end: 20 }, 0.5, 100), { start: 5, end: 25 });
    assert.deepEqual(widen({ start: 2, end: 98 }, 0.5, 100), { start: 0, end: 100 });
  });

  it('thins labels in steps that people count in', () => {
    assert.deepEqual(
      [20, 14, 7, 3, 1.5, 0.6, 0.25, 0.1].map((scale) => labelStride(scale, 14)),
      [1, 1, 2, 5, 10, 50, 100, 200],
    );
    assert.deepEqual(labelled({ start: 3, end: 21 }, 5), [5, 10, 15, 20]);
    assert.deepEqual(labelled({ start: 0, end: 3 }, 1), [0, 1, 2]);
  });
});
