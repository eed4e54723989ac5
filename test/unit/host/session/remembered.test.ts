import assert from 'node:assert/strict';
import { readRemembered } from '../../../../src/host/session/request.js';

describe('What is kept of an inspection', () => {
  const kept = (request: object): unknown =>
    readRemembered(
      JSON.parse(
        JSON.stringify({ id: 'a', label: 'scene.png', request, parameters: {}, position: { layer: 1 } }),
      ),
    )?.request;

  it('brings an image back with its model and what was said of it', () => {
    const request = {
      kind: 'image',
      uri: 'file:///w/scene.png',
      text: 'two cats',
      origin: { document: 'file:///w/story.md', starts: [4] },
      model: { kind: 'folder', path: '/models/vit' },
    };
    assert.deepEqual(kept(request), request);
    const plain = { kind: 'image', uri: 'file:///w/scene.png', model: { kind: 'scenes' } };
    assert.deepEqual(kept(plain), plain);
  });

  it('is left where it is of another form', () => {
    assert.equal(kept({ kind: 'image' }), undefined);
    assert.equal(kept({ kind: 'image', uri: 'a', model: { kind: 'something' } }), undefined);
    assert.equal(kept({ kind: 'hologram', uri: 'a' }), undefined);
  });
});
