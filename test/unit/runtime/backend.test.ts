import assert from 'node:assert/strict';
import { input } from '../../../src/engine/graph.js';
import { matmul, softmax, splitHeads, transpose } from '../../../src/engine/ops/index.js';
import { loadBackend } from '../../../src/runtime/backend.js';
import { Runtime } from '../../../src/runtime/session.js';
import { assertClose, numbers, storageOf, weight } from '../../support/runtime/numbers.js';
import { platform } from '../../support/platform.js';

const wasm = { ...platform, onnxRuntime: [{ kind: 'wasm' as const }] };

describe('Where ONNX Runtime has no binary', () => {
  let runtime: Runtime;
  before(() => {
    runtime = new Runtime(wasm);
  });
  after(async () => {
    await runtime.dispose();
  });

  const X = input([5, 8]);
  const feeds = new Map([[X, numbers('x')]]);

  it('runs in WebAssembly', async () => {
    assert.equal((await loadBackend(wasm)).kind, 'wasm');
  });

  it('with weights from a safetensors file', async () => {
    const names = ['w.f32', 'w.f16', 'w.bf16'];
    const results = await runtime.run(
      names.map((name) => matmul(X, transpose(weight(name)))),
      feeds,
    );
    names.forEach((name, at) => {
      assertClose(results[at], numbers(`x @ ${name}.T`));
    });
  });

  it('and gives numbers that stay after later runs', async () => {
    const [Q = X, K = X] = ['w.f32', 'w.f16'].map((name) =>
      splitHeads(matmul(X, transpose(weight(name))), 2),
    );
    const scores = matmul(Q, transpose(K));
    const [first] = await runtime.run([scores], feeds);
    const zero = { shape: [5, 8], data: new Float32Array(40) };
    for (let again = 0; again < 5; again++) await runtime.run([softmax(scores)], new Map([[X, zero]]));
    assertClose(first, numbers('scores'));
  });

  it('and says in a sentence what it cannot read', async () => {
    const missing = weight('w.f32', { ...storageOf('w.f32'), file: 'missing.safetensors' });
    await assert.rejects(runtime.run([missing], new Map()), {
      name: 'RunError',
      message: /^missing\.safetensors: the weights cannot be read/,
    });
  });
});
