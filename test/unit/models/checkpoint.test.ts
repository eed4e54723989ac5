import assert from 'node:assert/strict';
import { cp, mkdtemp, readFile, readdir, rm, symlink, truncate, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { standardAttention } from '../../../src/engine/mechanisms/index.js';
import { sorted } from '../../../src/engine/graph.js';
import { wholeOf } from '../../../src/engine/tensor.js';
import { fromBytes } from '../../../src/formats/source.js';
import { Checkpoint } from '../../../src/models/checkpoint.js';
import type { CheckpointFolder } from '../../../src/models/folder.js';
import { Model } from '../../../src/models/model.js';
import { Runtime } from '../../../src/runtime/session.js';
import {
  assertClose,
  at,
  failure,
  fixtures,
  readJson,
  tensorNamed,
  tensorsIn,
} from '../../support/models/expected.js';
import { platform } from '../../support/platform.js';

type Json = Record<string, unknown>;

describe('Checkpoint', () => {
  let scratch: string;
  before(async () => {
    scratch = await mkdtemp(join(tmpdir(), 'checkpoints-'));
  });
  after(() => rm(scratch, { recursive: true, force: true }));

  /** A copy of a fixture that may be damaged. */
  async function copyOf(name: string): Promise<string> {
    const folder = join(await mkdtemp(join(scratch, 'copy-')), name);
    await cp(join(fixtures, name), folder, { recursive: true });
    return folder;
  }

  it('reads weights where they lie, in one file and in shards', async () => {
    for (const name of ['bert', 'bert-sharded', 'roberta']) {
      const model = await Model.open(platform, join(fixtures, name));
      const { hiddenStates } = model.build(4, standardAttention);
      const files = new Set(
        sorted(hiddenStates).flatMap(({ origin }) =>
          origin.kind === 'parameter' ? [origin.storage?.file] : [],
        ),
      );
      assert.deepEqual(
        [...files].map(String).toSorted((a, b) => a.localeCompare(b)),
        name === 'bert-sharded'
          ? ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors']
          : ['model.safetensors'],
      );
      await model.dispose();
    }
  });

  it('converts weights in float64, which ONNX Runtime is not pointed at', async () => {
    const model = await Model.open(platform, join(fixtures, 'distilbert'));
    const { hiddenStates } = model.build(4, standardAttention);
    const parameters = sorted(hiddenStates).filter(({ origin }) => origin.kind === 'parameter');
    assert.ok(parameters.length > 20);
    for (const { origin } of parameters)
      assert.ok(origin.kind === 'parameter' && origin.storage === undefined);
    await model.dispose();
  });

  it('reads weights through links, as the Hugging Face cache has them', async () => {
    const blobs = await copyOf('bert');
    const snapshot = await mkdtemp(join(scratch, 'snapshot-'));
    for (const file of ['config.json', 'tokenizer.json', 'model.safetensors']) {
      await symlink(join(blobs, file), join(snapshot, file));
    }
    const expected = await tensorsIn(join(blobs, 'expected.safetensors'));
    const ids = [...tensorNamed(expected, 'ids').data];
    const model = await Model.open(platform, snapshot);
    const graph = model.build(ids.length, standardAttention);
    const runtime = new Runtime(platform);
    const [last] = await runtime.run(graph.hiddenStates.slice(-1), graph.feeds(ids));
    const states = tensorNamed(expected, 'hidden_states');
    assert.ok(last);
    assertClose(last, at(states, graph.hiddenStates.length - 1), 1e-4, 'the last hidden state');
    await runtime.dispose();
    await model.dispose();
  });

  it('reads a folder that is not on disk', async () => {
    const path = join(fixtures, 'bert');
    let opened = 0;
    const folder: CheckpointFolder = {
      name: 'virtual',
      list: () => Promise.resolve(['config.json', 'model.safetensors', 'tokenizer.json']),
      async open(file) {
        const source = fromBytes(file, await readFile(join(path, file)));
        opened++;
        return {
          ...source,
          close: () => {
            opened--;
            return source.close();
          },
        };
      },
      locate: () => Promise.resolve(undefined),
    };
    const expected = await tensorsIn(join(path, 'expected.safetensors'));
    const ids = [...tensorNamed(expected, 'ids').data];
    const model = await Model.open(platform, folder);
    const graph = model.build(ids.length, standardAttention);
    const runtime = new Runtime(platform);
    const [last] = await runtime.run(graph.hiddenStates.slice(-1), graph.feeds(ids));
    assert.ok(last);
    assertClose(last, at(tensorNamed(expected, 'hidden_states'), 2), 1e-4, 'the last hidden state');
    assert.deepEqual((await model.encode('query')).tokens.at(0), '[CLS]');
    await runtime.dispose();
    await model.dispose();
    assert.equal(opened, 0, 'files left open');
  });

  it('closes its files, also when it cannot be used', async () => {
    if (process.platform !== 'linux') return;
    const damaged = await copyOf('bert-sharded');
    await truncate(join(damaged, 'model-00002-of-00002.safetensors'), 3000);
    const before = await openFiles();
    const checkpoint = await Checkpoint.open(platform, join(fixtures, 'bert-sharded'));
    assert.equal(await openFiles(), before + 2);
    await checkpoint.dispose();
    await failure(damaged);
    assert.equal(await openFiles(), before);
  });

  it('cannot be read once it is disposed of', async () => {
    const checkpoint = await Checkpoint.open(platform, join(fixtures, 'bert'));
    const { origin, shape } = checkpoint.weight('embeddings.LayerNorm.bias', [12]);
    assert.ok(origin.kind === 'parameter');
    await origin.source.read(wholeOf(shape));
    await checkpoint.dispose();
    await assert.rejects(origin.source.read(wholeOf(shape)));
  });

  describe('refuses, in a sentence,', () => {
    it('a folder that is not there', async () => {
      assert.match(
        await failure(join(scratch, 'nowhere')),
        /^The folder nowhere cannot be read: there is no such folder\.$/,
      );
    });

    it('a folder that is no checkpoint', async () => {
      const folder = await mkdtemp(join(scratch, 'empty-'));
      assert.equal(
        await failure(folder),
        `The folder ${basename(folder)} is no checkpoint: it has no config.json. A Hugging Face folder holds config.json, tokenizer.json and model.safetensors.`,
      );
    });

    it('a folder without weights, and one with weights that are not read', async () => {
      const folder = await copyOf('bert');
      await unlink(join(folder, 'model.safetensors'));
      const sentence =
        'The folder bert holds no weights: neither model.safetensors nor pytorch_model.bin nor an index of shards is in it';
      assert.equal(await failure(folder), `${sentence}.`);
      await writeFile(join(folder, 'tf_model.h5'), 'weights');
      assert.equal(await failure(folder), `${sentence}; "tf_model.h5" is not read.`);
      await writeFile(join(folder, 'pytorch_model.bin'), 'pickled');
      assert.equal(
        await failure(folder),
        'bert: pytorch_model.bin is no PyTorch file: it begins neither as the zip archives of torch.save nor as the files before torch 1.6.',
      );
    });

    it('a family that is not known', async () => {
      const families = [
        ...[
          'albert',
          'bart',
          'bert',
          'camembert',
          'clip_text_model',
          'data2vec-text',
          'distilbert',
          'electra',
          'gemma',
          'gemma2',
        ],
        ...['gemma3_text', 'gpt2'],
        ...['gpt_neo', 'gpt_neox', 'llama', 'm2m_100', 'marian', 'mbart', 'mistral', 'modernbert'],
        ...[
          'mpnet',
          'mt5',
          'pegasus',
          'phi',
          'phi3',
          'qwen2',
          'qwen3',
          'roberta',
          'xlm-roberta',
          'siglip_text_model',
          't5',
        ],
      ]
        .map((family) => `"${family}"`)
        .join(', ');
      const folder = await copyOf('bert');
      await changeJson(join(folder, 'config.json'), (config) => ({ ...config, model_type: 'mamba' }));
      assert.equal(
        await failure(folder),
        `bert: config.json says that "model_type" is "mamba"; only ${families} can be read.`,
      );
      await changeJson(join(folder, 'config.json'), () => ({}));
      assert.match(await failure(folder), /^bert: config\.json does not say "model_type"; "albert", /);
    });

    const settings: [change: Json, message: RegExp][] = [
      [{ hidden_size: 13 }, /splits a width of 13 into 3 heads, which leaves a rest\.$/],
      [{ hidden_size: null }, /does not say "hidden_size", a whole number from 1 to 65536\.$/],
      [
        { hidden_size: 1e12 },
        /"hidden_size" is 1000000000000, but it has to be a whole number from 1 to 65536\.$/,
      ],
      [{ hidden_size: '12' }, /"hidden_size" is the text "12", but it has to be a whole number/],
      [{ num_hidden_layers: 0 }, /"num_hidden_layers" is 0/],
      [{ num_hidden_layers: 1e6 }, /"num_hidden_layers" is 1000000/],
      [{ num_attention_heads: 2.5 }, /"num_attention_heads" is 2.5/],
      [{ num_attention_heads: -3 }, /"num_attention_heads" is -3/],
      [{ layer_norm_eps: 0 }, /"layer_norm_eps" is 0, but it has to be a positive number\.$/],
      [{ hidden_act: 'prelu' }, /"hidden_act" is "prelu", but it has to be one of "gelu", /],
      [{ hidden_act: '__proto__' }, /"hidden_act" is "__proto__", but it has to be one of/],
      [
        { position_embedding_type: 'relative_key' },
        /"position_embedding_type" is "relative_key", but it has to be one of "absolute"\.$/,
      ],
      [{ is_decoder: true }, /says "is_decoder"; only encoders of this family are read\.$/],
    ];
    for (const [change, message] of settings) {
      it(`the setting ${JSON.stringify(change)}`, async () => {
        const folder = await copyOf('bert');
        await changeJson(join(folder, 'config.json'), (config) => ({ ...config, ...change }));
        const sentence = await failure(folder);
        assert.ok(sentence.startsWith('bert: config.json '), sentence);
        assert.match(sentence, message);
      });
    }

    it('a config.json that is no JSON object, too deep, or not text', async () => {
      const folder = await copyOf('bert');
      const contents: [string | Uint8Array, RegExp][] = [
        ['{"model_type": ', /^bert: config\.json is not valid JSON: /],
        ['[]', /^bert: config\.json is not a JSON object\.$/],
        ['['.repeat(100_000), /^bert: config\.json is nested deeper than 64 at character 64\.$/],
        [Uint8Array.of(0x7b, 0xff, 0x7d), /^bert: config\.json is not text in UTF-8\.$/],
        [
          new Uint8Array(5_000_000),
          /^bert: config\.json has 5000000 bytes; more than 4194304 are not read\.$/,
        ],
      ];
      for (const [content, message] of contents) {
        await writeFile(join(folder, 'config.json'), content);
        assert.match(await failure(folder), message);
      }
    });

    it('a missing tensor, by its name', async () => {
      const folder = await copyOf('bert');
      await changeJson(join(folder, 'config.json'), (config) => ({ ...config, num_hidden_layers: 3 }));
      assert.equal(
        await failure(folder),
        'bert lacks the tensor "encoder.layer.2.attention.self.query.weight": config.json asks for it, and model.safetensors does not hold it. Its weights are incomplete, or of another model than its settings: save or download both together.',
      );
    });

    it('a tensor of another shape, with both shapes', async () => {
      const folder = await copyOf('bert');
      await changeJson(join(folder, 'config.json'), (config) => ({ ...config, intermediate_size: 24 }));
      assert.equal(
        await failure(folder),
        'bert: model.safetensors: the tensor "encoder.layer.0.intermediate.dense.weight" has the shape (20, 12), but by config.json it should be (24, 12).',
      );
    });

    it('a shard that is cut off, missing or no safetensors file', async () => {
      const folder = await copyOf('bert-sharded');
      const shard = join(folder, 'model-00002-of-00002.safetensors');
      const { length } = await readFile(shard);
      await truncate(shard, length - 10);
      assert.match(
        await failure(folder),
        /^bert-sharded: model-00002-of-00002\.safetensors claims \d+ bytes of tensors, but \d+ bytes follow its header\. It may be incomplete or damaged: save or download it again\.$/,
      );
      await writeFile(shard, 'nothing');
      assert.match(await failure(folder), /^bert-sharded: model-00002-of-00002\.safetensors has 7 bytes/);
      await unlink(shard);
      assert.equal(
        await failure(folder),
        'bert-sharded: the file "model-00002-of-00002.safetensors" that model.safetensors.index.json names is missing.',
      );
    });

    it('a tensor that the index puts into a shard that does not hold it', async () => {
      const folder = await copyOf('bert-sharded');
      const name = 'bert.embeddings.LayerNorm.weight';
      await changeJson(join(folder, 'model.safetensors.index.json'), (index) => {
        const map = index['weight_map'];
        assert.ok(typeof map === 'object' && map !== null && name in map);
        const other =
          Reflect.get(map, name) === 'model-00001-of-00002.safetensors'
            ? 'model-00002-of-00002.safetensors'
            : 'model-00001-of-00002.safetensors';
        return { ...index, weight_map: { ...map, [name]: other } };
      });
      assert.equal(
        await failure(folder),
        `bert-sharded lacks the tensor "${name}": config.json asks for it, and none of its 2 files of weights holds it. Its weights are incomplete, or of another model than its settings: save or download both together.`,
      );
    });

    for (const file of [
      '../bert/model.safetensors',
      '/etc/passwd',
      '..',
      '',
      'C:x',
      '..\\x',
      'a/b',
      'a\0b',
      7,
      null,
    ]) {
      it(`a shard called ${JSON.stringify(file)}`, async () => {
        const folder = await copyOf('bert-sharded');
        await changeJson(join(folder, 'model.safetensors.index.json'), () => ({
          weight_map: { secret: file },
        }));
        assert.match(
          await failure(folder),
          /^bert-sharded: model\.safetensors\.index\.json puts the tensor "secret" into .*, which is not the name of a file in the same folder\.$/,
        );
      });
    }

    it('an index that is none', async () => {
      const folder = await copyOf('bert-sharded');
      for (const content of ['[]', '{}', '{"weight_map": []}']) {
        await writeFile(join(folder, 'model.safetensors.index.json'), content);
        assert.equal(
          await failure(folder),
          'bert-sharded: model.safetensors.index.json has no "weight_map".',
        );
      }
    });

    it('a missing tokenizer, one that is none, and one of another model', async () => {
      const folder = await copyOf('bert');
      const path = join(folder, 'tokenizer.json');
      const encode = async (): Promise<unknown> => {
        const model = await Model.open(platform, folder);
        try {
          return await model.encode('attention');
        } finally {
          await model.dispose();
        }
      };
      await changeJson(join(folder, 'config.json'), (config) => ({ ...config, vocab_size: 4 }));
      await assert.rejects(encode, {
        name: 'ModelError',
        message: /^bert: the tokenizer gives "\w+" the number \d+, but the model knows only 4 tokens\.$/,
      });
      for (const content of ['{}', '[]', '{"model": {"type": "Strange", "vocab": 5}}']) {
        await writeFile(path, content);
        await assert.rejects(encode, {
          name: 'ModelError',
          message: /^bert: tokenizer\.json (is|describes) no/,
        });
      }
      await unlink(path);
      await assert.rejects(encode, {
        name: 'ModelError',
        message: 'bert has no tokenizer.json, without which text cannot become tokens.',
      });
    });
  });
});

async function changeJson(path: string, change: (value: Json) => Json): Promise<void> {
  await writeFile(path, JSON.stringify(change(readJson<Json>(await readFile(path, 'utf8')))));
}

async function openFiles(): Promise<number> {
  return (await readdir('/proc/self/fd')).length;
}
