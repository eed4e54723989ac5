import assert from 'node:assert/strict';
import { appendFile, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspectFiles, inspectTensors, type OpenInspection } from '../../../../src/inspection/index.js';
import { seeded, tensor } from '../numbers.js';

describe('the library’s export', () => {
  let folder: string;
  const open: OpenInspection[] = [];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'attention-export-'));
  });
  afterEach(async () => {
    await Promise.all(open.splice(0).map((each) => each.dispose()));
    await rm(folder, { recursive: true });
  });

  async function inspect(): Promise<OpenInspection> {
    const next = seeded(4);
    const [Q, K, V] = [3, 4, 5].map(() => tensor([2, 6, 3], next));
    assert.ok(Q && K && V);
    const inspection = await inspectTensors({ Q, K, V });
    open.push(inspection);
    return inspection;
  }

  it('gives bytes that can be appended to files, and what is saved is inspected again', async () => {
    const inspection = await inspect();
    for await (const { file, bytes } of inspection.export('npz', { name: 'all' })) {
      await appendFile(join(folder, file), bytes);
    }
    assert.deepEqual(await readdir(folder), ['all.npz']);
    const again = await inspectFiles(join(folder, 'all.npz'));
    open.push(again);
    assert.equal(again.summary.heads, 2);
    for (const head of [0, 1]) {
      const [own, saved] = await Promise.all(
        [inspection, again].map((each) => each.slice('weights', { head })),
      );
      assert.deepEqual(saved?.data, own?.data);
    }
  });

  it('lists what there is, and names each file of a program', async () => {
    const inspection = await inspect();
    assert.deepEqual(
      (await inspection.exporters()).map(({ id }) => id),
      ['npy', 'npz', 'csv', 'json', 'numpy', 'pytorch', 'latex'],
    );
    const files = new Set<string>();
    for await (const { file } of inspection.export('pytorch', { head: 1, name: 'one' })) files.add(file);
    assert.deepEqual([...files], ['one.py', 'one.npz']);
  });

  it('is cancelled by its signal', async () => {
    const inspection = await inspect();
    await assert.rejects(async () => {
      for await (const _ of inspection.export('npy', { signal: AbortSignal.abort() }));
    }, /abort/i);
  });
});
