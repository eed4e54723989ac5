import assert from 'node:assert/strict';
import { FileReadings } from '../../../../src/host/session/file-readings.js';
import type { FilesRequest } from '../../../../src/host/session/request.js';

const request: FilesRequest = { kind: 'files', uris: ['file:///b.npz', 'file:///a.npz'] };

function memory(stored?: unknown): { readings: FileReadings; stored: () => unknown } {
  let value = stored;
  const readings = new FileReadings({
    get: () => value,
    update(_, next) {
      // As VS Code does, which writes it as JSON.
      value = JSON.parse(JSON.stringify(next));
      return Promise.resolve();
    },
  });
  return { readings, stored: () => value };
}

describe('How a file’s masks are read', () => {
  it('is remembered for it, whatever else was tried', () => {
    const { readings } = memory();
    readings.keep({ request, parameters: { givenMask: 'drop', temperature: 2 } });
    const again: FilesRequest = { kind: 'files', uris: request.uris.toReversed() };
    assert.deepEqual(readings.recall(again), { request: again, parameters: { givenMask: 'drop' } });
    const other: FilesRequest = { kind: 'files', uris: ['file:///a.npz'] };
    assert.deepEqual(readings.recall(other), { request: other, parameters: {} });
  });

  it('is asked once', () => {
    const { readings } = memory();
    const roles = { '0:a.npz/attn_mask': 'mask.drop', '0:a.npz/Q': 'Q' };
    readings.keep({ request: { ...request, roles }, parameters: {} });
    assert.deepEqual(readings.recall(request), { request: { ...request, roles }, parameters: {} });
  });

  it('keeps no answers about other things, and nothing where nothing was told', () => {
    const { readings, stored } = memory();
    readings.keep({ request: { ...request, roles: { '0:a.npz/x': 'Q' } }, parameters: { temperature: 2 } });
    readings.keep({
      request: { kind: 'text', texts: ['a'], model: { kind: 'embedded' } },
      parameters: { padding: 'off' },
    });
    assert.equal(stored(), undefined);
  });

  it('is that of the newest 200, and nothing of another form', () => {
    const { readings, stored } = memory([
      7,
      null,
      { files: 'x' },
      { files: 'file:///a.npz', parameters: { padding: {} } },
    ]);
    const one: FilesRequest = { kind: 'files', uris: ['file:///a.npz'] };
    assert.deepEqual(readings.recall(one).parameters, {});
    for (let at = 0; at < 201; at++) {
      readings.keep({
        request: { kind: 'files', uris: [`file:///${at}.npz`] },
        parameters: { padding: 'drop' },
      });
    }
    assert.ok(Array.isArray(stored()));
    const [first, last] = [0, 200].map(
      (at) => readings.recall({ kind: 'files', uris: [`file:///${at}.npz`] }).parameters,
    );
    assert.deepEqual([first, last], [{}, { padding: 'drop' }]);
  });
});
