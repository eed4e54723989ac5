import assert from 'node:assert/strict';
import type { InspectionSummary, Mark } from '../../../../../src/protocol.js';
import { patchAt, patchesOf, walked } from '../../../../../webview/views/image/patches.js';
import { valuesOf } from '../../../../../webview/views/image/values.js';
import {
  readMemory,
  settingsFor,
  standardSettings,
  withSettings,
} from '../../../../../webview/views/image/settings.js';

const box = (x: number, y: number, width: number, height: number): Mark => ({
  ...{ medium: 'image', kind: 'box' },
  ...{ x, y, width, height },
});
const seen = { x: 0, y: 0, width: 4, height: 2 };
function summary(
  marks: readonly (Mark | null)[],
  grid?: InspectionSummary['keys']['grid'],
): InspectionSummary {
  return {
    ...{ id: 'one', revision: 1, title: 'a.png', subtitle: '', layers: 1, heads: 1 },
    mechanism: { id: 'multi-head', title: 'Multi-head attention' },
    ...{ queries: { count: 3 }, steps: [], parameters: [], notices: [], continues: false, plots: [] },
    timing: { forward: 1 },
    media: [{ id: 'image', kind: 'image', name: 'a.png', width: 4, height: 2, seen }],
    keys: { count: marks.length, marks, ...(grid === undefined ? {} : { grid }) },
  };
}
const span: Mark = { medium: 'text', kind: 'span', start: 0, end: 1 };

describe('patches of an image', () => {
  it('are what lies on it; words and special tokens are beside it', () => {
    const marks = [null, box(0, 0, 2, 2), box(2, 0, 2, 2), span];
    const patches = patchesOf(summary(marks, { rows: 1, columns: 2, first: 1 }), 'keys');
    assert.deepEqual(
      patches?.list.map(({ index }) => index),
      [1, 2],
    );
    assert.deepEqual(patches?.others, [0, 3]);
    assert.deepEqual(patches?.bounds, seen);
    assert.deepEqual(patches && walked(patches), { rows: 1, columns: 2, first: 1 });
    assert.equal(patches && patchAt(patches, 2, 1)?.index, 2);
    assert.equal(patches && patchAt(patches, 4, 1), null);
    assert.equal(patchesOf(summary(marks), 'queries'), null);
    assert.equal(patchesOf(summary([null, span]), 'keys'), null);
  });

  it('are no grid where that does not say where all of them are; the smallest of several is meant', () => {
    const marks = [box(0, 0, 4, 2), box(1, 0, 1, 1), box(3, 0, 1, 1)];
    const patches = patchesOf(summary(marks, { rows: 1, columns: 2, first: 1 }), 'keys');
    assert.ok(patches !== null);
    assert.equal(patches.grid, null);
    assert.deepEqual(walked(patches), { rows: 1, columns: 3 });
    assert.equal(patchAt(patches, 1.5, 0.5)?.index, 1);
    assert.equal(patchAt(patches, 0.5, 0.5)?.index, 0);
  });

  it('have a row’s numbers, renormalised without what is left out', () => {
    const marks = [null, box(0, 0, 2, 2), box(2, 0, 2, 2), null];
    const patches = patchesOf(summary(marks, { rows: 1, columns: 2, first: 1 }), 'keys');
    assert.ok(patches !== null);
    const line = Float32Array.of(0.5, 0.125, 0.25, 0.125);
    const plain = valuesOf(line, patches, { areWeights: true, leaveOut: [], keep: 1 });
    assert.deepEqual([...plain.patches], [0.125, 0.25]);
    assert.deepEqual([plain.othersShare, plain.leftShare, plain.maximum], [0.625, 0, 0.25]);
    const without = valuesOf(line, patches, { areWeights: true, leaveOut: [0], keep: 1 });
    assert.deepEqual([...without.patches], [0.25, 0.5]);
    assert.equal(without.leftShare, 0.5);
    const scores = valuesOf(Float32Array.of(9, -1, NaN, 2), patches, {
      areWeights: false,
      leaveOut: [0],
      keep: 0.1,
    });
    assert.deepEqual(
      [scores.patches[0], scores.minimum, scores.maximum, scores.anyMasked],
      [-1, -1, -1, true],
    );
    assert.deepEqual([scores.othersShare, [...scores.kept.mask]], [null, [1, 0]]);
  });
});

describe('settings of an image', () => {
  it('belong to an inspection; a new one starts with the last', () => {
    const one = withSettings({ defaults: standardSettings, own: [] }, 'a', {
      ...standardSettings,
      keep: 0.5,
    });
    const two = withSettings(one, 'b', { ...standardSettings, keep: 0.7 });
    assert.deepEqual(
      ['a', 'b', 'c'].map((of) => settingsFor(two, of).keep),
      [0.5, 0.7, 0.7],
    );
    assert.deepEqual(readMemory(JSON.parse(JSON.stringify(two))), two);
    let many = two;
    for (let at = 0; at < 40; at += 1) many = withSettings(many, `x${at}`, standardSettings);
    assert.equal(many.own.length, 16);
  });

  it('that were written by others are not believed', () => {
    assert.equal(readMemory('all'), null);
    const odd = { defaults: { keep: 0, opacity: 'x', heads: 'min', grid: 1 }, own: [['a'], 7, ['b', null]] };
    assert.deepEqual(readMemory(odd), {
      defaults: standardSettings,
      own: [
        ['a', standardSettings],
        ['b', standardSettings],
      ],
    });
  });
});
