import assert from 'node:assert/strict';
import { embeddedNames } from '../../../../src/common/embedded-models.js';
import { modelName } from '../../../../src/host/models/model-path.js';

describe('The name of a model where there is little room', () => {
  it('is its own, of each that comes along', () => {
    for (const kind of ['embedded', 'gpt', 'scenes', 'numbers'] as const) {
      assert.equal(modelName({ kind }), embeddedNames[kind]);
    }
    assert.equal(modelName({ kind: 'dates', score: 'luong' }), 'dates-luong');
  });

  it('is that of its folder or file', () => {
    assert.equal(modelName({ kind: 'folder', path: '/models/whisper-tiny' }), 'whisper-tiny');
    assert.equal(modelName({ kind: 'file', path: 'C:\\models\\tiny.en.pt' }), 'tiny.en.pt');
  });
});
