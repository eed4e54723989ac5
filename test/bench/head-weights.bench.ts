import { spawnSync } from 'node:child_process';
import * as ort from 'onnxruntime-node';
import { input } from '../../src/engine/graph.js';
import { divide, matmul, softmax, squareRoot, transpose } from '../../src/engine/ops/index.js';
import { inspectTensors } from '../../src/inspection/index.js';
import { compile } from '../../src/runtime/compile.js';
import { normal } from './numbers.js';
import { benchmark } from './table.js';

const size = 64;
const lengths = [512, 2048, 8192];
const times = 5;

/** What a screen shows of a large matrix. */
const pool = { rows: 1024, columns: 1024 };

void benchmark('A head’s weights, softmax(Q Kᵀ / √64)', async (table) => {
  for (const n of lengths) {
    const Q = { shape: [n, size], data: normal(n * size, 1) };
    const K = { shape: [n, size], data: normal(n * size, 2) };

    const inspection = await inspectTensors({ Q, K });
    const shown = n > pool.rows ? { pool } : {};
    const what = n > pool.rows ? 'seen as 1024 × 1024 maxima' : 'whole';
    await table.time(
      `n = ${n}, this engine, band by band, ${what}`,
      () => inspection.slice('weights', shown),
      times,
    );
    await inspection.dispose();

    const session = await plainSession(n);
    const feeds = {
      x0: new ort.Tensor('float32', Q.data, Q.shape),
      x1: new ort.Tensor('float32', K.data, K.shape),
    };
    await table.time(`n = ${n}, ONNX Runtime alone, MatMul–Softmax, whole`, () => session.run(feeds), times);
    await session.release();
  }
  for (const [n, milliseconds] of pytorch(table.missing)) {
    table.median(`n = ${n}, PyTorch, (q @ k.T / 8).softmax(-1), whole`, milliseconds, 'ms');
  }
});

/** The same graph in one piece, with ONNX Runtime's own settings. */
function plainSession(n: number): Promise<ort.InferenceSession> {
  const [Q, K] = [input([n, size]), input([n, size])];
  return ort.InferenceSession.create(
    compile([softmax(divide(matmul(Q, transpose(K)), [squareRoot(size)]))]).bytes,
  );
}

const script = `
import json, time, torch
rows = []
with torch.no_grad():
    for n in ${JSON.stringify(lengths)}:
        q, k = torch.randn(n, ${size}), torch.randn(n, ${size})
        times = []
        for _ in range(${times + 1}):
            begun = time.perf_counter()
            (q @ k.T / 8).softmax(-1)
            times.append((time.perf_counter() - begun) * 1000)
        rows.append([n, times[1:]])
print(json.dumps(rows))
`;

/** PyTorch on the same machine, where there is a Python that has it. */
function pytorch(missing: (name: string, why: string) => void): (readonly [number, number[]])[] {
  const { status, stdout } = spawnSync('python3', ['-c', script], { encoding: 'utf8', timeout: 120_000 });
  if (status !== 0) {
    missing('PyTorch', 'no python3 with torch here');
    return [];
  }
  // The script above prints exactly this.
  return JSON.parse(stdout) as [number, number[]][];
}
