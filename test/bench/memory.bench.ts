import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EngineProcess } from './engine-process.js';
import { normal, oneHead } from './numbers.js';
import { benchmark } from './table.js';
import { summaryOf } from '../support/summaries.js';

const [n, size] = [8192, 64];
const megabyte = 2 ** 20;

void benchmark('Memory of the engine process', async (table) => {
  const folder = await mkdtemp(join(tmpdir(), 'attention-inspector-bench-'));
  const engine = await EngineProcess.start();
  const { channel } = engine;
  try {
    const path = join(folder, 'head.safetensors');
    await writeFile(path, oneHead(n));
    const idle = await channel.request('memory', null);
    table.figure('resident, idle', idle.resident / megabyte, 'MB');

    const tensors = {
      Q: { shape: [16, size], data: normal(16 * size, 1) },
      K: { shape: [16, size], data: normal(16 * size, 2) },
    };
    const small = summaryOf(await channel.request('open', { material: { kind: 'tensors', tensors } }));
    await channel.request('slice', { inspection: small.id, layer: 0, head: 0, step: 'weights' });
    const loaded = await channel.request('memory', null);
    table.figure('resident, ONNX Runtime loaded, 16 × 16 viewed', loaded.resident / megabyte, 'MB');

    const files = [{ kind: 'path' as const, path }];
    const large = summaryOf(await channel.request('open', { material: { kind: 'files', files } }));
    const place = { inspection: large.id, layer: 0, head: 0, step: 'weights' };
    await channel.request('slice', { ...place, pool: { rows: 1024, columns: 1024, by: 'max' } });
    const overview = await channel.request('memory', null);
    table.figure(
      'peak above that, 8192 × 8192 weights seen whole (256 MB of them)',
      (overview.peak - loaded.peak) / megabyte,
      'MB',
    );
    for (let row = 0; row < n; row += 2048) {
      const rows = { start: row, end: row + 1024 };
      await channel.request('slice', { ...place, rows, columns: rows });
    }
    const panned = await channel.request('memory', null);
    table.figure('peak above that, then panned cell by cell', (panned.peak - loaded.peak) / megabyte, 'MB');
    table.figure('resident at the end', panned.resident / megabyte, 'MB');
  } finally {
    await engine.stop();
    await rm(folder, { recursive: true });
  }
});
