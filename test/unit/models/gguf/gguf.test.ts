import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { standardAttention } from '../../../../src/engine/mechanisms/index.js';
import { sorted } from '../../../../src/engine/graph.js';
import { findCheckpoints } from '../../../../src/models/index.js';
import { Model } from '../../../../src/models/model.js';
import { Runtime } from '../../../../src/runtime/session.js';
import {
  assertClose,
  at,
  failure,
  fixtures,
  tensorNamed,
  tensorsIn,
} from '../../../support/models/expected.js';
import { platform } from '../../../support/platform.js';

/** Made by make_gguf.py. */
const folder = join(fixtures, 'gguf');

const files = [
  { name: 'llama', family: 'Llama', layers: 2, heads: 4, width: 12, limit: 64 },
  { name: 'llama-f16', family: 'Llama', layers: 1, heads: 2, width: 8, limit: 64 },
  { name: 'llama3', family: 'Llama', layers: 2, heads: 3, width: 9, limit: 128 },
  { name: 'mistral', family: 'Mistral', layers: 2, heads: 4, width: 8, limit: 64 },
  { name: 'qwen2', family: 'Qwen2', layers: 2, heads: 4, width: 16, limit: 64 },
  { name: 'qwen3', family: 'Qwen3', layers: 2, heads: 2, width: 10, limit: 64 },
  { name: 'gemma2', family: 'Gemma 2', layers: 3, heads: 4, width: 12, limit: 64 },
  { name: 'gemma3', family: 'Gemma 3', layers: 3, heads: 2, width: 10, limit: 64 },
  { name: 'phi3', family: 'Phi-3', layers: 2, heads: 4, width: 16, limit: 64 },
  { name: 'phi2', family: 'Phi', layers: 2, heads: 3, width: 24, limit: 64 },
  { name: 'gpt2', family: 'GPT-2', layers: 2, heads: 3, width: 15, limit: 40 },
  { name: 'gptneox', family: 'GPT-NeoX', layers: 2, heads: 3, width: 24, limit: 64 },
  { name: 'gptneox-serial', family: 'GPT-NeoX', layers: 2, heads: 2, width: 8, limit: 64 },
  { name: 'bert', family: 'BERT', layers: 2, heads: 3, width: 12, limit: 40 },
  { name: 'roberta', family: 'BERT', layers: 2, heads: 5, width: 15, limit: 48 },
  { name: 'quantised', family: 'Llama', layers: 1, heads: 2, width: 256, limit: 64 },
];

describe('Models in GGUF', () => {
  const runtime = new Runtime(platform);
  after(() => runtime.dispose());
  let scratch: string;
  before(async () => {
    scratch = await mkdtemp(join(tmpdir(), 'gguf-'));
  });
  after(() => rm(scratch, { recursive: true, force: true }));

  for (const { name, ...description } of files) {
    it(`${name}: hidden states, attention weights and logits are those of transformers`, async () => {
      const model = await Model.open(platform, join(folder, `${name}.gguf`));
      try {
        const { family, layers, heads, width, limit } = model;
        assert.deepEqual({ family, layers, heads, width, limit }, description);
        assert.equal(model.name, name);
        const expected = await tensorsIn(join(folder, `${name}.safetensors`));
        const ids = [...tensorNamed(expected, 'ids').data];
        const graph = model.build(ids.length, model.attention);
        const weights = graph.layers.map((steps) => steps.find((step) => step.label?.name === 'weights'));
        const logits = expected.has('logits') ? [graph.logits] : [];
        const targets = [...graph.hiddenStates, ...weights, ...logits].map((value) => value ?? assert.fail());
        const results = await runtime.run(targets, graph.feeds(ids));
        const references = [
          ...graph.hiddenStates.map((_, index) => at(tensorNamed(expected, 'hidden_states'), index)),
          ...weights.map((_, index) => at(tensorNamed(expected, 'attentions'), index)),
          ...logits.map(() => tensorNamed(expected, 'logits')),
        ];
        assert.equal(tensorNamed(expected, 'hidden_states').shape[0], graph.hiddenStates.length);
        results.forEach((result, index) => {
          assertClose(result, references[index] ?? assert.fail(), 1e-4, `result ${index}`);
        });
      } finally {
        await model.dispose();
      }
    });
  }

  it('leaves plain numbers that nothing was changed in where they lie', async () => {
    const model = await Model.open(platform, join(folder, 'llama-f16.gguf'));
    const parameters = sorted(model.build(3, standardAttention).hiddenStates).flatMap(({ origin }) =>
      origin.kind === 'parameter' ? [origin] : [],
    );
    await model.dispose();
    const onDisk = parameters.filter(({ storage }) => storage?.file === 'llama-f16.gguf');
    // All but queries and keys, whose rows llama.cpp has in another order.
    assert.equal(onDisk.length, parameters.length - 2);
    assert.deepEqual([...new Set(onDisk.map(({ storage }) => storage?.dtype))].toSorted(), ['F16', 'F32']);
  });

  describe('in several files', () => {
    /** Made by make_gguf_files.py: llama.gguf in three. */
    const parts = [1, 2, 3].map((at) => `parts-0000${at}-of-00003.gguf`);
    const among = join(fixtures, 'gguf-files');

    it('are opened together, whichever of them is named', async () => {
      const one = await Model.open(platform, join(folder, 'llama.gguf'));
      const reference = one.build(3, one.attention);
      const feeds = [1, 2, 3];
      const [wanted] = await runtime.run([reference.logits ?? assert.fail()], reference.feeds(feeds));
      for (const part of parts) {
        const model = await Model.open(platform, join(among, part));
        assert.deepEqual([model.name, model.layers], ['parts', one.layers]);
        const graph = model.build(3, model.attention);
        const [found] = await runtime.run([graph.logits ?? assert.fail()], graph.feeds(feeds));
        assert.deepEqual(found, wanted);
        await model.dispose();
      }
      await one.dispose();
    });

    it('are one model in a list', async () => {
      const found = await findCheckpoints(platform, [among]);
      const models = found.flatMap((each) => (each.kind === 'model' ? [each.model.name] : []));
      assert.deepEqual(models, ['parts']);
    });

    it('are refused where one is missing, or belongs elsewhere', async () => {
      const [first = '', second = '', third = ''] = parts;
      const copied = async (from: string, to: string): Promise<void> =>
        writeFile(join(scratch, to), await readFile(join(among, from)));
      await copied(first, first);
      await copied(third, third);
      assert.match(
        await failure(join(scratch, first)),
        /^parts-00001-of-00003\.gguf is one of 3 files of a model, but "parts-00002-of-00003\.gguf" beside it cannot be opened: /,
      );
      await copied(third, second);
      assert.match(
        await failure(join(scratch, first)),
        /^parts-00002-of-00003\.gguf says that it is file 2 of 3, counted from 0, but its name says file 1 of 3\.$/,
      );
      await copied(first, 'renamed.gguf');
      assert.match(
        await failure(join(scratch, 'renamed.gguf')),
        /^renamed\.gguf is one of 3 files of a model/,
      );
    });
  });

  it('that are none are named for what they are', async () => {
    const refused = [
      [
        'lora',
        /^lora\.gguf holds an adapter \(LoRA\): it changes a model, and is none by itself\. Open the model/,
      ],
      [
        'experts',
        /^experts\.gguf holds a mixture of experts \("llama\.expert_count" is 8\), as Mixtral is; such/,
      ],
      ['mmproj', /^mmproj\.gguf holds what a model sees or hears with, and no model by itself\./],
    ] as const;
    for (const [name, reason] of refused) {
      assert.match(await failure(join(fixtures, 'gguf-files', `${name}.gguf`)), reason);
    }
  });

  describe('that are damaged, or of another kind, are refused in a sentence:', () => {
    /** A copy with some bytes replaced by as many others. */
    async function changed(name: string, from: string, to: string): Promise<string> {
      const path = join(scratch, `${name}.gguf`);
      const bytes = await readFile(join(folder, `${name}.gguf`));
      const found = bytes.indexOf(from);
      assert.ok(found >= 0 && from.length === to.length);
      bytes.write(to, found);
      await writeFile(path, bytes);
      return path;
    }

    /** Opens and builds; what goes wrong is one sentence. */
    it('an architecture that is not known', async () => {
      assert.match(
        await failure(await changed('llama', 'llama', 'mamba')),
        /^llama\.gguf holds a model of the architecture "mamba"; only "llama", "qwen2", .* can be read\.$/,
      );
    });

    it('a tensor that is missing', async () => {
      assert.match(
        await failure(await changed('llama', 'blk.1.ffn_gate.weight', 'blk.1.ffn_gone.weight')),
        /^llama lacks the tensor "blk\.1\.ffn_gate\.weight": its metadata asks for it, and llama\.gguf does not hold it\./,
      );
    });

    it('a setting that is missing', async () => {
      assert.equal(
        await failure(await changed('llama', 'llama.block_count', 'llama.block_coins')),
        'llama.gguf: its metadata does not say "llama.block_count", a whole number from 1 to 512.',
      );
    });

    it('a tensor of another shape than the metadata says', async () => {
      const path = join(scratch, 'qwen3.gguf');
      const bytes = await readFile(join(folder, 'qwen3.gguf'));
      const key = 'qwen3.feed_forward_length';
      bytes.writeUInt32LE(13, bytes.indexOf(key) + key.length + 4);
      await writeFile(path, bytes);
      assert.equal(
        await failure(path),
        'qwen3: qwen3.gguf: the tensor "blk.0.ffn_gate.weight" has the shape (14, 10), but by its metadata it should be (13, 10).',
      );
    });

    it('a file that is cut short, empty, missing, or something else', async () => {
      const path = join(scratch, 'cut.gguf');
      await writeFile(path, await readFile(join(folder, 'llama.gguf')));
      await truncate(path, 15_000);
      assert.match(
        await failure(path),
        /^cut\.gguf: the tensor ".*" needs \d+ bytes at byte \d+, but the file has 15000\. It may be incomplete or damaged: save or download it again\.$/,
      );
      await truncate(path, 0);
      assert.match(await failure(path), /^cut\.gguf ends too early: /);
      await writeFile(path, 'not what its name says');
      assert.match(await failure(path), /^cut\.gguf is no GGUF file: /);
      assert.match(await failure(join(scratch, 'gone.gguf')), /^gone\.gguf cannot be opened: /);
    });

    it('a text, where there is no tokenizer', async () => {
      const model = await Model.open(platform, join(folder, 'llama.gguf'));
      await assert.rejects(model.encode('attention'), {
        name: 'ModelError',
        message: 'llama has no tokenizer in its metadata, without which text cannot become tokens.',
      });
      await model.dispose();
    });
  });
});
