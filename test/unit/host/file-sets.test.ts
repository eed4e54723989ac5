import assert from 'node:assert/strict';
import { setOf } from '../../../src/host/base/file-sets.js';

describe('files of one set', () => {
  it('are found beside any one of them', () => {
    const folder = ['K.npy', 'Q.npy', 'V.npy', 'notes.txt', 'V.csv'];
    for (const name of ['Q.npy', 'K.npy', 'V.npy'])
      assert.deepEqual(setOf(name, folder), ['Q.npy', 'K.npy', 'V.npy'], name);
    assert.equal(setOf('V.csv', folder), undefined);
    assert.equal(setOf('notes.txt', folder), undefined);
  });

  it('with the same words before or after', () => {
    const folder = ['layer3_q.npy', 'layer3_k.npy', 'layer3_v.npy', 'layer4_q.npy', 'query_1.pt', 'key_1.pt'];
    assert.deepEqual(setOf('layer3_v.npy', folder), ['layer3_q.npy', 'layer3_k.npy', 'layer3_v.npy']);
    assert.equal(setOf('layer4_q.npy', folder), undefined);
    assert.deepEqual(setOf('key_1.pt', folder), ['query_1.pt', 'key_1.pt']);
  });

  it('of inputs and their projections, and of states', () => {
    assert.deepEqual(setOf('W_K.npy', ['X.npy', 'W_Q.npy', 'W_K.npy', 'W_V.npy']), [
      ...['X.npy', 'W_Q.npy', 'W_K.npy', 'W_V.npy'],
    ]);
    assert.deepEqual(setOf('S.npy', ['S.npy', 'H.npy']), ['S.npy', 'H.npy']);
    assert.equal(setOf('tank.npy', ['tanq.npy', 'tank.npy', 'tanv.npy']), undefined);
  });
});
