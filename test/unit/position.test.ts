import assert from 'node:assert/strict';
import { nearestPosition } from '../../src/position.js';
import type { InspectionSummary, Step } from '../../src/protocol.js';

const step = (name: string, count: number): Step => ({
  name,
  title: name,
  tex: name,
  symbol: name,
  note: '',
  rows: { axis: 'query', size: count },
  columns: { axis: 'key', size: count },
  scale: 'weights',
  perHead: true,
  perQuery: false,
  phase: 'normalisation',
});

const summaryOf = (count: number, ...steps: string[]): InspectionSummary => ({
  id: 'one',
  revision: 1,
  title: 'a text',
  subtitle: '',
  media: [],
  mechanism: { id: 'multi-head', title: 'Multi-head attention' },
  layers: 6,
  heads: 12,
  queries: { count },
  keys: { count },
  steps: steps.map((name) => step(name, count)),
  parameters: [],
  notices: [],
  continues: false,
  plots: [],
  timing: { forward: 1 },
});

describe('The nearest position', () => {
  const wanted = { layer: 4, head: 40, step: 'weights' };
  const both = ['scores', 'weights'];

  it('has a layer and a head that exist', () => {
    assert.deepEqual(nearestPosition(summaryOf(2, ...both), { ...wanted, layer: -3 }), {
      layer: 0,
      head: 11,
      step: 'weights',
    });
  });

  it('keeps the picked cell only where the step has it', () => {
    const cell = { row: 1, column: 1 };
    assert.deepEqual(nearestPosition(summaryOf(2, ...both), { ...wanted, cell }).cell, cell);
    assert.equal(nearestPosition(summaryOf(1, ...both), { ...wanted, cell }).cell, undefined);
    const before = { row: -1, column: 0 };
    assert.equal(nearestPosition(summaryOf(2, ...both), { ...wanted, cell: before }).cell, undefined);
    assert.deepEqual(nearestPosition(summaryOf(2, ...both), { ...wanted, step: 'gone', cell }), {
      layer: 4,
      head: 11,
      step: 'weights',
    });
  });

  it('is at the last step where there are no weights, and at none where there is none', () => {
    assert.equal(nearestPosition(summaryOf(2, 'X', 'Y'), wanted).step, 'Y');
    assert.equal(nearestPosition(summaryOf(2), wanted).step, '');
  });
});
