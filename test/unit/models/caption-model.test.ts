import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { standardAttention } from '../../../src/engine/mechanisms/index.js';
import { generate } from '../../../src/inspection/run/generation.js';
import { SequenceRun, type SequenceInput } from '../../../src/inspection/run/sequence-run.js';
import { describe as describeFolder, refusal } from '../../../src/models/catalog.js';
import { CaptionModel } from '../../../src/models/caption-model.js';
import { openModel } from '../../../src/models/open-model.js';
import { Runtime } from '../../../src/runtime/session.js';
import { fixtures, tensorNamed, tensorsIn } from '../../support/models/expected.js';
import { platform } from '../../support/platform.js';

/** Made by make_captioners.py. */
const folder = join(fixtures, 'image-text');

describe('A model that writes about images', () => {
  const runtime = new Runtime(platform);
  after(() => runtime.dispose());

  for (const name of readdirSync(folder)) {
    it(`writes what generate of transformers writes, from the start and after a prompt: ${name}`, async () => {
      const model = await openModel(platform, join(folder, name));
      assert.ok(model instanceof CaptionModel);
      const expected = await tensorsIn(join(folder, name, 'expected.safetensors'));
      const pixels = tensorNamed(expected, '20 x 20: pixels').data;
      const input: SequenceInput = {
        count: model.limit,
        build(attention) {
          const graph = model.usual(attention);
          return { ...graph, feeds: graph.inputsOf({ width: 20, height: 20, pixels }) };
        },
      };
      const { decoder } = model;
      const attention = { ...decoder.attention, encoder: standardAttention };
      const generation = await model.generation();
      // There is no tokenizer to tell what was said.
      const writer = {
        generation: () => Promise.resolve(generation),
        decode: () => Promise.resolve(''),
        entry: () => Promise.resolve(''),
      };
      for (const which of ['greedy', 'continued']) {
        const wanted = [...tensorNamed(expected, which).data];
        const read = which === 'greedy' ? 1 : tensorNamed(expected, 'prompt').data.length;
        const run = await SequenceRun.open(model, input, attention, runtime, {});
        assert.equal(generation.start, wanted[0]);
        await run.target.append(wanted.slice(0, read));
        const rules = { limit: decoder.limit, source: [] };
        await generate(writer, run.target, { tokens: 12 }, () => false, {}, rules);
        assert.deepEqual(run.target.ids, wanted, which);
      }
      await model.dispose();
    });
  }

  it('follows what config.json says of generation, also in its decoder’s part, as older checkpoints are', async () => {
    const generationOf = async (name: string) => {
      const model = await openModel(platform, join(folder, name));
      assert.ok(model instanceof CaptionModel);
      await model.dispose();
      return model.generation();
    };
    assert.deepEqual((await generationOf('vit-gpt2')).followed, ['no_repeat_ngram_size 2', 'min_length 5']);
    assert.deepEqual((await generationOf('clip-gpt2')).followed, ['suppress_tokens [4,9]']);
    // Its own code does not look at generation_config.json, which says repetition_penalty 2.
    const { followed, endings, start } = await generationOf('blip');
    assert.deepEqual([followed, [...endings], start], [[], [3], 2]);
  });

  it('is listed as one that reads images and writes, and has no remark to make', async () => {
    const found = await describeFolder(platform, join(folder, 'vit-gpt2'));
    assert.ok(found.kind === 'model');
    const { reads, writes, family, layers, heads, decoder, limit } = found.model;
    assert.deepEqual(
      { reads, writes, family, layers, heads, decoder, limit },
      {
        reads: 'image',
        writes: true,
        family: 'ViT + GPT-2',
        layers: 2,
        heads: 3,
        decoder: { layers: 3, heads: 2 },
        limit: 26,
      },
    );
    for (const name of readdirSync(folder)) {
      const model = await openModel(platform, join(folder, name));
      assert.deepEqual(model.remarks, [], name);
      await model.dispose();
    }
  });

  it('is refused by its config.json alone where a half is not known', () => {
    const config = { model_type: 'vision-encoder-decoder', encoder: { model_type: 'vit' }, decoder: {} };
    assert.match(refusal('it', JSON.stringify(config)) ?? '', /"decoder" does not say "model_type"/);
    const known = { ...config, decoder: { model_type: 'gpt2' } };
    assert.equal(refusal('it', JSON.stringify(known)), undefined);
  });
});
