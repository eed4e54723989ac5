import assert from 'node:assert/strict';
import { FileReadings } from '../../../../src/host/session/file-readings.js';
import type { FilesRequest } from '../../../../src/host/session/request.js';
import type { QuestionSetting } from '../../../../src/protocol.js';

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

describe('How a file was said to be read', () => {
  const again: FilesRequest = { kind: 'files', uris: request.uris.toReversed() };
  const other: FilesRequest = { kind: 'files', uris: ['file:///a.npz'] };
  const choice = (value: string) => ({ value, title: value });
  const axes: QuestionSetting = {
    parameter: 'matrixAxes',
    title: 'Axes',
    reason: 'Choose.',
    choices: ['head query key', 'batch query key'].map(choice),
  };

  it('is remembered of its masks, whatever else was tried', () => {
    const { readings } = memory();
    readings.keep({ request, parameters: { givenMask: 'drop', temperature: 2 } });
    assert.deepEqual(readings.recall(again), { givenMask: 'drop' });
    assert.deepEqual(readings.recall(other), {});
  });

  it('answers what was asked before, as it was set last', () => {
    const { readings } = memory();
    readings.keep(
      { request, parameters: { matrixAxes: 'head query key', temperature: 2 } },
      new Set(['matrixAxes']),
    );
    assert.deepEqual(readings.answers(again, [axes]), { matrixAxes: 'head query key' });
    assert.deepEqual(readings.answers(other, [axes]), {});
    // It is no parameter of what is opened unless it is asked for.
    assert.deepEqual(readings.recall(again), {});
    readings.keep({ request, parameters: { matrixAxes: 'batch query key', temperature: 2 } });
    assert.deepEqual(readings.answers(again, [axes]), { matrixAxes: 'batch query key' });
  });

  it('is asked anew where the answer of before is none any more', () => {
    const { readings } = memory();
    readings.keep({ request, parameters: { matrixAxes: 'layer head query key' } }, new Set(['matrixAxes']));
    assert.deepEqual(readings.answers(request, [axes]), {});
  });

  it('is nothing where nothing was told', () => {
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
    assert.deepEqual(readings.recall(one), {});
    for (let at = 0; at < 201; at++) {
      readings.keep({
        request: { kind: 'files', uris: [`file:///${at}.npz`] },
        parameters: { padding: 'drop' },
      });
    }
    assert.ok(Array.isArray(stored()));
    const [first, last] = [0, 200].map((at) =>
      readings.recall({ kind: 'files', uris: [`file:///${at}.npz`] }),
    );
    assert.deepEqual([first, last], [{}, { padding: 'drop' }]);
  });
});
