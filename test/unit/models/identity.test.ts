import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { identityOf } from '../../../src/models/identity.js';
import { platform } from '../../support/platform.js';

describe('Whether a model has changed', () => {
  let home: string;
  /** No file is ever written at the time of another. */
  let day = 1;
  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'identity-'));
  });
  afterEach(() => rm(home, { recursive: true }));

  /** Which of these files change a model's identity when they are written anew. */
  async function telling(
    model: { readonly kind: 'file' | 'folder'; readonly path: string },
    files: readonly string[],
  ): Promise<readonly string[]> {
    const found: string[] = [];
    for (const file of files) {
      const before = await identityOf(platform, model);
      assert.equal(await identityOf(platform, model), before, 'nothing was written');
      await utimes(join(home, file), new Date(), new Date(2001, 1, ++day));
      if ((await identityOf(platform, model)) !== before) found.push(file);
    }
    return found;
  }

  async function written(files: readonly string[]): Promise<void> {
    for (const file of files) await writeFile(join(home, file), file);
  }

  const folder = [
    ...['config.json', 'generation_config.json', 'tokenizer.json', 'tokenizer_config.json'],
    ...['special_tokens_map.json', 'vocab.json', 'vocab.txt', 'merges.txt', 'source.spm', 'target.spm'],
    ...['spiece.model', 'model.safetensors', 'model-00001-of-00002.safetensors', 'pytorch_model.bin'],
    ...['model-00002-of-00002.safetensors', 'model.safetensors.index.json', 'pytorch_model.bin.index.json'],
  ];

  it('is told from every file of its folder, and from nothing else in it', async () => {
    const prose = ['README.md', 'LICENSE', '.gitattributes'];
    await written([...folder, ...prose]);
    const model = { kind: 'folder', path: home } as const;
    assert.deepEqual(await telling(model, [...folder, ...prose]), folder);
  });

  it('is told from a file that comes, goes, or has another size', async () => {
    await written(['config.json']);
    const model = { kind: 'folder', path: home } as const;
    const seen = [await identityOf(platform, model)];
    const time = new Date(2001, 1, 1);
    for (const text of ['one', 'another', undefined]) {
      const path = join(home, 'adapter.safetensors');
      if (text === undefined) await rm(path);
      else {
        await writeFile(path, text);
        await utimes(path, time, time);
      }
      seen.push(await identityOf(platform, model));
    }
    assert.equal(new Set(seen).size, 3);
    assert.equal(seen[3], seen[0]);
  });

  it('is told through links, as the Hugging Face cache has them', async () => {
    await mkdir(join(home, 'blobs'));
    await mkdir(join(home, 'snapshot'));
    await written(['blobs/0123', 'blobs/4567']);
    await symlink('../blobs/0123', join(home, 'snapshot', 'model.safetensors'));
    const model = { kind: 'folder', path: join(home, 'snapshot') } as const;
    assert.deepEqual(await telling(model, ['blobs/0123', 'blobs/4567']), ['blobs/0123']);
    await rm(join(home, 'blobs/0123'));
    assert.match(await identityOf(platform, model), /model\.safetensors: missing$/);
  });

  it('is told from all parts of a GGUF file, not from other models beside it', async () => {
    const own = ['a-00001-of-00002.gguf', 'a-00002-of-00002.gguf'];
    const others = ['b.gguf', 'b-00001-of-00002.gguf', 'notes.txt'];
    await written([...own, ...others]);
    const model = { kind: 'file', path: join(home, 'a-00001-of-00002.gguf') } as const;
    assert.deepEqual(await telling(model, [...own, ...others]), own);
    const alone = { kind: 'file', path: join(home, 'b.gguf') } as const;
    assert.deepEqual(await telling(alone, [...own, ...others]), ['b.gguf']);
  });

  it('is told from the numbers and the settings of an ONNX export, wherever it reads them', async () => {
    await mkdir(join(home, 'onnx'));
    const own = [
      ...['onnx/model.onnx', 'onnx/model.onnx_data', 'onnx/encoder.layer.0.weight', 'onnx/config.json'],
      ...['config.json', 'tokenizer.json', 'source.spm', 'vocab.json'],
    ];
    const others = ['onnx/model_quantized.onnx', 'model.safetensors', 'README.md'];
    await written([...own, ...others]);
    const model = { kind: 'file', path: join(home, 'onnx', 'model.onnx') } as const;
    assert.deepEqual(await telling(model, [...own, ...others]), own);
  });

  it('cannot be told of a folder that is not there', async () => {
    const model = { kind: 'folder', path: join(home, 'gone') } as const;
    await assert.rejects(identityOf(platform, model), { code: 'ENOENT' });
  });
});
