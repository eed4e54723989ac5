import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { stepFor, type Value } from '../../../../src/engine/graph.js';
import { standardAttention } from '../../../../src/engine/mechanisms/index.js';
import { Checkpoint } from '../../../../src/models/checkpoint.js';
import { Config } from '../../../../src/models/config.js';
import {
  imageTextArchitectureOf,
  imageTextArchitectures,
  type ImageTextArchitecture,
} from '../../../../src/models/architectures/image-text/index.js';
import { unusedNotice } from '../../../../src/models/unused.js';
import { Runtime } from '../../../../src/runtime/session.js';
import {
  assertClose,
  at,
  fixtures,
  tensorNamed,
  tensorsIn,
  type Tensors,
} from '../../../support/models/expected.js';
import { platform } from '../../../support/platform.js';

/** Made by make_captioners.py: all have two layers that read and three that write. */
const folder = join(fixtures, 'image-text');
const names = readdirSync(folder);

const titles: Readonly<Record<string, string>> = {
  'beit-trocr': 'BEiT + TrOCR',
  blip: 'BLIP',
  'clip-gpt2': 'CLIP + GPT-2',
  'deit-bert': 'DeiT + BERT',
  'deit-trocr-sinusoids': 'DeiT + TrOCR',
  'dinov2-roberta': 'DINOv2 with registers + RoBERTa',
  'siglip-xlm-roberta': 'SigLIP + RoBERTa',
  'vit-gpt2': 'ViT + GPT-2',
};

describe('Image–text architectures', () => {
  const runtime = new Runtime(platform);
  after(() => runtime.dispose());

  for (const name of names) {
    describe(name, () => {
      let checkpoint: Checkpoint;
      let family: ImageTextArchitecture;
      let expected: Tensors;
      before(async () => {
        checkpoint = await Checkpoint.open(platform, join(folder, name));
        family = imageTextArchitectureOf(checkpoint.config) ?? assert.fail('unknown');
        expected = await tensorsIn(join(folder, name, 'expected.safetensors'));
      });
      after(() => checkpoint.dispose());

      it('says what it is', () => {
        const { title, vision, decoder } = family.describe(checkpoint.config);
        assert.equal(title, titles[name]);
        assert.deepEqual([vision.layers, vision.heads, vision.width], [2, 3, 12]);
        const behind = { 'dinov2-roberta': 2, 'siglip-xlm-roberta': 3 }[name] ?? 0;
        assert.deepEqual([decoder.layers, decoder.vocabulary, decoder.limit], [3, 37, 24 - behind]);
      });

      it('computes the hidden states, the weights of all three attentions and the logits that transformers computes', async () => {
        const previous = [...tensorNamed(expected, 'previous').data];
        const { decoder: description } = family.describe(checkpoint.config);
        const sizes = [...expected.keys()].filter((key) => key.endsWith(': pixels'));
        assert.equal(sizes.length, 3);
        for (const key of sizes) {
          const where = key.replace(': pixels', '');
          const pixels = tensorNamed(expected, key);
          const [, height = 0, width = 0] = pixels.shape;
          const encoder = family.build(checkpoint, { width, height }, standardAttention);
          const decoder = family.buildDecoder(
            checkpoint,
            previous.length,
            encoder.memory,
            description.attention,
          );
          const weightsOf = (steps: readonly Value[]): Value => stepFor(steps, 'weights');
          const wanted: readonly (readonly [string, readonly Value[], number])[] = [
            // The last one is normalised here, and in the vision tests against what is normalised.
            ['encoder_states', encoder.hiddenStates.slice(0, -1), 1e-4],
            ['decoder_states', decoder.hiddenStates, 1e-4],
            ['encoder_attentions', encoder.layers.map(weightsOf), 1e-5],
            ['decoder_attentions', decoder.layers.map(weightsOf), 1e-5],
            ['cross_attentions', decoder.cross.map(weightsOf), 1e-5],
          ];
          const { logits = assert.fail('no head') } = decoder;
          const targets = [...wanted.flatMap(([, values]) => values), encoder.memory, logits];
          const image = { width, height, pixels: pixels.data };
          const feeds = new Map([...encoder.inputsOf(image), ...decoder.feeds(previous)]);
          const results = (await runtime.run(targets, feeds)).values();
          const next = () => results.next().value ?? assert.fail('nothing was computed');
          for (const [of, values, tolerance] of wanted) {
            const all = tensorNamed(expected, `${where}: ${of}`);
            assert.ok(values.length >= 2, of);
            for (const index of values.keys()) {
              assertClose(next(), at(all, index), tolerance, `${where}: ${of} ${index}`);
            }
          }
          assertClose(next(), tensorNamed(expected, `${where}: memory`), 1e-4, `${where}: memory`);
          assertClose(next(), tensorNamed(expected, `${where}: logits`), 1e-4, `${where}: logits`);
        }
        assert.equal(unusedNotice(checkpoint.unread), undefined);
      });

      it('refuses more tokens than it has positions for', () => {
        const { limit, attention } = family.describe(checkpoint.config).decoder;
        const { memory } = family.build(checkpoint, { width: 20, height: 20 }, standardAttention);
        family.buildDecoder(checkpoint, limit, memory, attention);
        for (const tokens of [0, limit + 1]) {
          assert.throws(() => family.buildDecoder(checkpoint, tokens, memory, attention), {
            name: 'ModelError',
            message: `${name} reads 1 to ${limit} tokens at a time, not ${tokens}.`,
          });
        }
      });
    });
  }

  it('are told from others, and refused by a sentence where a half is not known', () => {
    const of = (config: Parameters<typeof Config.ofClass>[0]) => Config.ofClass(config, 'it: config.json');
    assert.equal(imageTextArchitectureOf(of({ model_type: 'vit' })), undefined);
    const refusal = (halves: Record<string, Parameters<typeof Config.ofClass>[0]>, message: RegExp): void => {
      const config = of({ model_type: 'vision-encoder-decoder', ...halves });
      const family = imageTextArchitectureOf(config) ?? assert.fail('unknown');
      assert.throws(() => family.describe(config), { name: 'ModelError', message });
    };
    const vit = { model_type: 'vit' };
    refusal(
      { encoder: { model_type: 'donut-swin' }, decoder: { model_type: 'gpt2' } },
      /"encoder": "donut-swin" attends within shifted windows/,
    );
    refusal({ encoder: vit, decoder: { model_type: 'mbart' } }, /"decoder" says .*"mbart"; only decoders/);
    refusal({ encoder: vit }, /"decoder" does not say "model_type"; decoders of the types "bert", /);
    refusal({ encoder: vit, decoder: { model_type: 'bert' } }, /does not say "is_decoder"/);
    refusal(
      { encoder: vit, decoder: { model_type: 'trocr', cross_attention_hidden_size: 384 } },
      /attends to vectors of 384 numbers \(cross_attention_hidden_size\), but the encoder gives 768\.$/,
    );
    const asked = of({ model_type: 'blip', architectures: ['BlipForQuestionAnswering'] });
    assert.throws(() => imageTextArchitectureOf(asked)?.describe(asked), {
      name: 'ModelError',
      message: /is a BlipForQuestionAnswering; of BLIP only models that write captions are read/,
    });
  });

  it('each have a checkpoint to compare with', async () => {
    const families = await Promise.all(
      names.map(async (name) => {
        const checkpoint = await Checkpoint.open(platform, join(folder, name));
        await checkpoint.dispose();
        return imageTextArchitectureOf(checkpoint.config);
      }),
    );
    assert.deepEqual(new Set(families), new Set(imageTextArchitectures));
    assert.deepEqual(names, Object.keys(titles));
  });
});
