import assert from 'node:assert/strict';
import type { AttentionInspectorApi } from '../../../src/host/api.js';
import type { WireTensor } from '../../../src/protocol.js';
import { api, matrix } from './extension.js';

/** Multi-head attention whose projections alone take seconds: 6144 tokens of width 1024. */
function long(): Readonly<Record<string, WireTensor>> {
  const [n, width] = [6144, 1024];
  const tensor = (rows: number): WireTensor => {
    const data = new Float32Array(rows * width).map((_, at) => Math.sin(at));
    return { shape: [rows, width], data };
  };
  return { X: tensor(n), W_Q: tensor(width), W_K: tensor(width), W_V: tensor(width), W_O: tensor(width) };
}

describe('the engine’s process', () => {
  let attention: AttentionInspectorApi;

  before(async () => {
    attention = await api();
  });

  it('is not the extension host’s, and tells of its memory', async () => {
    const { resident, peak } = await attention.engine.memory();
    assert.notEqual(attention.engine.processId, process.pid);
    assert.ok(resident > 2 ** 20 && peak >= resident / 2);
  });

  it('may be killed in mid-run: a message, a restart, and the next inspection works', async () => {
    const before = await attention.inspectText('It was there before.');
    const weights = await matrix(before, 'weights');
    const running = attention.inspectTensors(long());
    const killed = attention.engine.processId;
    assert.ok(killed !== undefined);
    const outcome = assert.rejects(running, /engine stopped \(signal SIGKILL\).*restarted\.$/);
    setTimeout(() => process.kill(killed, 'SIGKILL'), 150);
    await outcome;
    assert.notEqual(attention.engine.processId, killed);

    const next = await attention.inspectText('The next inspection works.');
    assert.equal(next.summary.layers, 6);
    await next.dispose();

    // What was open in the process that died is inspected again when it is asked for something.
    assert.deepEqual(await matrix(before, 'weights'), weights);
    await before.dispose();
  });

  it('can be cancelled within a second, and works on', async () => {
    await (await attention.inspectText('Something else first.')).dispose();
    const controller = new AbortController();
    const running = attention.inspectTensors(long(), { signal: controller.signal });
    let cancelled = 0;
    setTimeout(() => {
      cancelled = Date.now();
      controller.abort();
    }, 150);
    await assert.rejects(running, { name: 'CancelledError' });
    assert.ok(Date.now() - cancelled < 1000, `it took ${Date.now() - cancelled} ms`);
    const asked = Date.now();
    const next = await attention.inspectText('And the next one.');
    assert.equal(next.summary.heads, 12);
    assert.ok(Date.now() - asked < 10_000, `the next one took ${Date.now() - asked} ms`);
    await next.dispose();
  });

  it('does nothing that was cancelled beforehand', async () => {
    const signal = AbortSignal.abort();
    await assert.rejects(attention.inspectText('Never read.', { signal }), { name: 'CancelledError' });
  });

  it('says that a disposed inspection is gone', async () => {
    const inspection = await attention.inspectText('Soon gone.');
    await inspection.dispose();
    await inspection.dispose();
    await assert.rejects(inspection.slice('weights'));
  });
});
