import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findCheckpoints } from '../../../src/models/index.js';
import { Model } from '../../../src/models/model.js';
import { failure, fixtures, readJson } from '../../support/models/expected.js';
import { platform } from '../../support/platform.js';

describe('A folder that is not quite a model', () => {
  let scratch = '';
  beforeEach(() => {
    scratch = mkdtempSync(join(tmpdir(), 'kinds-'));
  });
  afterEach(() => {
    rmSync(scratch, { recursive: true });
  });
  function folder(name: string, files: Readonly<Record<string, unknown>>, from?: string): string {
    const path = join(scratch, name);
    cpSync(
      join(fixtures, from ?? 'bert', from === undefined ? 'tokenizer.json' : ''),
      from === undefined ? join(path, 'tokenizer.json') : path,
      {
        recursive: true,
      },
    );
    for (const [file, content] of Object.entries(files))
      writeFileSync(join(path, file), JSON.stringify(content));
    return path;
  }

  it('is named an adapter, with its base', async () => {
    const path = folder('lora', {
      'adapter_config.json': { peft_type: 'LORA', base_model_name_or_path: 'meta-llama/Llama-3.2-1B' },
      'adapter_model.safetensors': {},
    });
    const reason =
      'The folder lora holds an adapter (LORA), which changes a model and is none by itself. Open its base model "meta-llama/Llama-3.2-1B", or one that it was merged into.';
    assert.equal(await failure(path), reason);
    assert.deepEqual(await findCheckpoints(platform, [path]), [{ kind: 'unusable', path, reason }]);
  });

  it('is named one of sentence-transformers, with the folder of its model', async () => {
    const type = 'sentence_transformers.models.';
    const modules = [
      { path: '0_Transformer', type: `${type}Transformer` },
      { path: '1_Pooling', type: `${type}Pooling` },
    ];
    const path = folder('sentences', { 'modules.json': modules });
    assert.equal(
      await failure(path),
      'The folder sentences is one of sentence-transformers: the model lies in its folder "0_Transformer", and pooling is not read. Open that folder.',
    );
    cpSync(join(fixtures, 'bert'), join(path, '0_Transformer'), { recursive: true });
    const found = await findCheckpoints(platform, [path]);
    assert.deepEqual(
      found.map((each) => each.kind),
      ['model'],
    );
  });

  it('is read, and says that the pooling of sentence-transformers is not', async () => {
    const modules = [
      { path: '', type: 'sentence_transformers.models.Transformer' },
      { path: '1_Pooling', type: 'sentence_transformers.models.Pooling' },
    ];
    const model = await Model.open(platform, folder('embedder', { 'modules.json': modules }, 'bert'));
    assert.match(model.reading.join(), /^modules\.json says that sentence-transformers makes one vector/);
    await model.dispose();
  });

  it('is read, and says that an adapter beside the model, or code of its own, is left out', async () => {
    const config = readJson<object>(readFileSync(join(fixtures, 'bert', 'config.json'), 'utf8'));
    const path = folder(
      'beside',
      {
        'adapter_config.json': { peft_type: 'LORA' },
        'config.json': { ...config, auto_map: { AutoModel: 'modeling_own.OwnModel' } },
      },
      'bert',
    );
    const model = await Model.open(platform, path);
    assert.deepEqual(model.reading, [
      'An adapter lies beside the model (adapter_config.json): it is not applied, the base model is shown.',
      'config.json names code of the model’s own (auto_map: modeling_own.OwnModel), which is not run: it is read as any model of the type "bert", which may compute something else.',
    ]);
    await model.dispose();
  });

  it('is refused where its weights have other names, which are said', async () => {
    const cases: readonly (readonly [file: string, reason: RegExp])[] = [
      [
        'model-00001-of-00002.safetensors',
        /holds shards of weights \("model-00001-of-00002\.safetensors"\) without their index: model\.safetensors\.index\.json or .* is missing\.$/,
      ],
      [
        'model.fp16.safetensors',
        /holds its weights only as a variant, "model\.fp16\.safetensors", .* Name the file model\.safetensors or pytorch_model\.bin/,
      ],
      [
        'consolidated.safetensors',
        /holds its weights as "consolidated\.safetensors", under the names of their maker’s own code, which are not read\./,
      ],
      ['consolidated.00.pth', /holds its weights as "consolidated\.00\.pth", under/],
    ];
    for (const [file, reason] of cases) {
      const path = folder(file, {}, 'bert');
      renameSync(join(path, 'model.safetensors'), join(path, file));
      rmSync(join(path, 'expected.safetensors'));
      assert.match(await failure(path), reason);
    }
  });
});
