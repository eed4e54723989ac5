import assert from 'node:assert/strict';
import { appendFile, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspectFiles, inspectTensors, type OpenInspection } from '../../../../src/inspection/index.js';
import { seeded, tensor } from '../../../support/inspection/numbers.js';

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

  const saved = [
    { exporter: 'npy', asks: true },
    { exporter: 'npz', asks: false },
    { exporter: 'csv', asks: false },
    { exporter: 'json', asks: false },
  ];
  for (const { exporter, asks } of saved) {
    for (const step of ['weights', 'scores']) {
      it(`${exporter}: ${step} with masked cells open again as the same numbers, masked as they were`, async () => {
        const next = seeded(6);
        const scores = tensor([2, 3, 4, 5], (at) => (at % 7 === 3 || at % 40 < 5 ? -Infinity : 4 * next()));
        const inspection = await inspectTensors({ scores });
        open.push(inspection);
        // Named as the step is: an array alone has no other name.
        const name = step;
        for await (const { file, bytes } of inspection.export(exporter, { layer: 'all', step, name })) {
          await appendFile(join(folder, file), bytes);
        }
        const params = asks ? { matrixAxes: 'layer head query key' } : {};
        const again = await inspectFiles(join(folder, `${name}.${exporter}`), { params });
        open.push(again);
        assert.deepEqual([again.summary.layers, again.summary.heads], [2, 3]);
        assert.deepEqual(again.summary.axes?.[0]?.axes, ['layer', 'head', 'query', 'key']);
        for (const layer of [0, 1]) {
          for (const head of [0, 1, 2]) {
            for (const shown of step === 'scores' ? ['scores', 'weights'] : ['weights']) {
              const [own, other] = await Promise.all(
                [inspection, again].map((each) => each.slice(shown, { layer, head })),
              );
              assert.ok(own?.data.some(Number.isNaN) === true);
              assert.deepEqual(other?.data, own.data, `${shown} of layer ${layer}, head ${head}`);
            }
          }
        }
        if (step === 'scores')
          assert.match(again.summary.notices.join(), /cells of scores are NaN and read as masked/);
      });
    }
  }

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
