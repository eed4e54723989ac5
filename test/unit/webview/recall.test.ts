import assert from 'node:assert/strict';
import { recall } from '../../../webview/recall.js';

describe('what a page remembers', () => {
  const at = {
    summaryKey: 'k',
    position: { layer: 1, head: 2, step: 'weights', cell: { row: 3, column: 4 } },
    comparing: true,
    variants: [{ scaling: 'none', temperature: 2 }, {}],
  };
  const columns = { heads: 300, steps: 500 };

  it('is read back as it was', () => {
    const state = { at, opened: { Q: true }, asTable: true, kinds: true, columns };
    assert.deepEqual(recall(structuredClone(state)), state);
  });

  it('is left out where it makes no sense', () => {
    const nothing = { at: null, opened: {}, asTable: false, kinds: false, columns: null };
    for (const state of [undefined, null, 7, 'x']) assert.equal(recall(state), null);
    for (const state of [
      {},
      { at: { summaryKey: 5 }, opened: null, asTable: 'yes', columns: { heads: -1, steps: 2 } },
      {
        at: { summaryKey: 'k', position: { layer: 0.5, head: 0, step: 'x' } },
        columns: { heads: NaN, steps: 1 },
      },
    ]) {
      assert.deepEqual(recall(state), nothing);
    }
    const position = { ...at.position, cell: { row: -1, column: 0 } };
    assert.deepEqual(recall({ at: { ...at, position } })?.at?.position, {
      layer: 1,
      head: 2,
      step: 'weights',
    });
  });

  it('takes no variants that could not have been', () => {
    const variants = (given: unknown): unknown => recall({ at: { ...at, variants: given } })?.at?.variants;
    assert.deepEqual(variants([{ mask: 'causal' }]), [{ mask: 'causal' }]);
    for (const given of ['x', [7], [null], [{ mask: null }], [{ temperature: NaN }], [{}, {}, {}, {}]]) {
      assert.equal(variants(given), null);
    }
    assert.equal(recall({ at: { ...at, comparing: 'yes' } })?.at?.comparing, false);
  });
});
