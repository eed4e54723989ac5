import assert from 'node:assert/strict';
import { flagsOf, parameterValuesOf } from '../../../webview/parse.js';
import { readSavedPage } from '../../../webview/saved.js';

describe('what a page remembers', () => {
  const location = {
    summaryKey: 'k',
    origin: 'one',
    position: { layer: 1, head: 2, step: 'weights', cell: { row: 3, column: 4 } },
    covering: { view: 'plots', choice: 'scaling' },
    scale: { kind: 'power', maximum: 0.2, leaveOut: 'first', map: 'greys' },
  };
  const widths = { left: 300, right: 500 };

  it('is read back as it was', () => {
    const views = { steps: { opened: { Q: true } }, heads: { labelled: true } };
    const state = { location, centre: 'table', widths, views };
    assert.deepEqual(readSavedPage(structuredClone(state)), state);
    const alone = { ...location, covering: { view: 'compare', choice: null } };
    assert.deepEqual(readSavedPage({ location: alone })?.location, alone);
    // An earlier version knew no colours: they are then as the settings have them.
    const { scale: _, ...earlier } = location;
    assert.equal(readSavedPage({ location: earlier })?.location?.scale, null);
  });

  it('is left out where it makes no sense', () => {
    const nothing = { location: null, centre: null, widths: null, views: {} };
    for (const state of [undefined, null, 7, 'x', [location]]) assert.equal(readSavedPage(state), null);
    for (const state of [
      {},
      { location: { summaryKey: 5 }, centre: true, views: null, widths: { left: -1, right: 2 } },
      { location: { ...location, position: { layer: 0.5, head: 0, step: 'x' } }, views: [1] },
      { location: { ...location, origin: undefined }, widths: { left: NaN, right: 1 } },
    ]) {
      assert.deepEqual(readSavedPage(state), nothing);
    }
    const position = { ...location.position, cell: { row: -1, column: 0 } };
    assert.deepEqual(readSavedPage({ location: { ...location, position } })?.location?.position, {
      layer: 1,
      head: 2,
      step: 'weights',
    });
    for (const covering of ['compare', { view: 7, choice: null }, { view: 'plots', choice: 1 }]) {
      assert.equal(readSavedPage({ location: { ...location, covering } })?.location?.covering, null);
    }
  });

  it('has flags and values of parameters alone where these are meant', () => {
    assert.deepEqual(flagsOf({ Q: true, K: false, V: 'yes', X: null }), { Q: true, K: false });
    for (const value of [null, 7, [true]]) assert.deepEqual(flagsOf(value), {});
    assert.deepEqual(parameterValuesOf({ mask: 'causal', temperature: 2 }), {
      mask: 'causal',
      temperature: 2,
    });
    assert.deepEqual(parameterValuesOf({}), {});
    for (const value of ['x', 7, null, [1], { mask: null }, { temperature: NaN }]) {
      assert.equal(parameterValuesOf(value), null);
    }
  });
});
