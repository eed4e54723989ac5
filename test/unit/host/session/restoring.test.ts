import assert from 'node:assert/strict';
import type { Remembered } from '../../../../src/host/session/request.js';
import { findRemembered } from '../../../../src/host/session/restoring.js';

const remembered = (id: string, label: string): Remembered => ({
  id,
  label,
  request: { kind: 'text', texts: [label], model: { kind: 'embedded' } },
  parameters: {},
  position: { layer: 0, head: 0, step: 'weights' },
});
const before = [remembered('1', 'a text'), remembered('2', 'a text'), remembered('3', 'another')];
const none: ReadonlySet<string> = new Set();

describe('A tab that is restored', () => {
  it('shows what its page names, whichever tab of the same title comes first', () => {
    for (const id of ['2', '1']) {
      const found = findRemembered(before, { title: 'a text', state: { inspection: id } }, none);
      assert.equal(found?.id, id);
    }
  });

  it('shows nothing else where what its page names is forgotten, or shown already', () => {
    const forgotten = { title: 'a text', state: { inspection: '9' } };
    assert.equal(findRemembered(before, forgotten, none), undefined);
    const taken = { title: 'a text', state: { inspection: '1' } };
    assert.equal(findRemembered(before, taken, new Set(['1'])), undefined);
  });

  it('is told by its title where its page named nothing, as in version 0.1', () => {
    for (const state of [undefined, null, 'text', {}, { inspection: 7 }, { at: null }]) {
      assert.equal(findRemembered(before, { title: 'a text', state }, none)?.id, '1');
      assert.equal(findRemembered(before, { title: 'a text', state }, new Set(['1']))?.id, '2');
      assert.equal(findRemembered(before, { title: 'a third', state }, none), undefined);
    }
  });
});
