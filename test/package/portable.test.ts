import assert from 'node:assert/strict';
import { fork, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { unzipSync } from 'fflate';
import { Channel } from '../../src/channel.js';
import type { EngineMethods, EngineNotices } from '../../src/protocol.js';
import { assertClose, at, fixtures, readJson, tensorNamed, tensorsIn } from '../support/models/expected.js';
import { textRequest } from '../support/inspections.js';
import { summaryOf } from '../support/summaries.js';

type Nothing = Record<never, never>;

/** Where ONNX Runtime has no native files: macOS on Intel, Alpine Linux. */
describe('the package for a platform without native files', () => {
  let files: Readonly<Record<string, Uint8Array>>;
  let folder: string;
  let child: ChildProcess;
  let engine: Channel<EngineMethods, Nothing, Nothing, EngineNotices>;

  before(() => {
    const vsix = process.env['ATTENTION_INSPECTOR_PORTABLE_VSIX'];
    assert.ok(vsix !== undefined, 'ATTENTION_INSPECTOR_PORTABLE_VSIX names no package');
    files = unzipSync(readFileSync(vsix));
    // Far from this project, whose node_modules has the native files of this platform.
    folder = mkdtempSync(join(tmpdir(), 'attention-inspector-portable-'));
    for (const [path, bytes] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), bytes);
    }
    child = fork(join(folder, 'extension', 'dist', 'worker.js'), [], {
      serialization: 'advanced',
      execArgv: [],
      cwd: folder,
    });
    engine = new Channel<EngineMethods, Nothing, Nothing, EngineNotices>(
      {
        post: (message) => {
          child.send(message as object);
        },
        listen: (listener) => {
          child.on('message', listener);
          return () => {
            child.off('message', listener);
          };
        },
      },
      {},
      {},
    );
  });

  after(() => {
    engine.dispose();
    child.kill();
    rmSync(folder, { recursive: true });
  });

  it('holds the WebAssembly, no binary, and nothing of the rest of its packages', () => {
    const place = 'extension/dist/node_modules/';
    const runtime = Object.keys(files)
      .filter((path) => path.startsWith(place))
      .map((path) => path.slice(place.length));
    assert.deepEqual(runtime.filter((path) => path.startsWith('onnxruntime-web/')).sort(), [
      'onnxruntime-web/dist/ort-wasm-simd-threaded.mjs',
      'onnxruntime-web/dist/ort-wasm-simd-threaded.wasm',
      'onnxruntime-web/dist/ort.node.min.mjs',
      'onnxruntime-web/package.json',
    ]);
    assert.ok(runtime.includes('onnxruntime-common/dist/esm/index.js'));
    assert.deepEqual(
      runtime.filter((path) => !/^onnxruntime-(web|common)\//.test(path)),
      [],
    );
    assert.deepEqual(
      Object.keys(files).filter((path) => /\.(node|dylib|dll|exe)$|\.so(\.|$)/.test(path)),
      [],
    );
    assert.match(
      Buffer.from(files['extension.vsixmanifest'] ?? []).toString(),
      /TargetPlatform="alpine-x64"/,
    );
  });

  it('computes the attention of the transformers library', async () => {
    const [described] = readJson<readonly { readonly text: string }[]>(
      readFileSync(join(fixtures, 'embedded/texts.json'), 'utf8'),
    );
    assert.ok(described !== undefined);
    const expected = tensorNamed(await tensorsIn(join(fixtures, 'embedded/0.safetensors')), 'attentions');
    const { text } = described;
    const summary = summaryOf(
      await engine.request('open', textRequest({ text, model: { kind: 'embedded' } })),
    );
    for (const layer of [0, 5]) {
      for (const head of [0, 11]) {
        const place = { inspection: summary.id, layer, head, step: 'weights' };
        const { shape, data } = await engine.request('slice', place);
        const matrix = at(at(expected, layer), head); // (query, key)
        assertClose({ shape, data }, matrix, 1e-4, `weights of layer ${layer}, head ${head}`);
      }
    }
  });
});
