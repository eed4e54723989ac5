import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { input, stepFor, type Value } from '../../../src/engine/graph.js';
import { standardAttention } from '../../../src/engine/mechanisms/index.js';
import type { Tensor } from '../../../src/engine/tensor.js';
import type { Json } from '../../../src/formats/json-text.js';
import { waveformArchitectureOf } from '../../../src/models/architectures/speech/waveform.js';
import { Checkpoint } from '../../../src/models/checkpoint.js';
import { Config } from '../../../src/models/config.js';
import { waveformInput, waveformSettings } from '../../../src/models/processors/audio/waveform.js';
import { ctcSettings, heardCharacters, likeliestCharacters, textOf } from '../../../src/models/speech/ctc.js';
import { Runtime } from '../../../src/runtime/session.js';
import {
  assertClose,
  at,
  fixtures,
  readJson,
  tensorNamed,
  tensorsIn,
} from '../../support/models/expected.js';
import { platform } from '../../support/platform.js';

/** Made by make_waveform.py. */
const folder = join(fixtures, 'waveform');

interface Text {
  readonly ids: readonly number[];
  readonly text: string;
}

const texts = readJson<Record<string, readonly Text[]>>(
  readFileSync(join(fixtures, 'waveform-texts.json'), 'utf8'),
);

describe('Models that hear samples', () => {
  const runtime = new Runtime(platform);
  after(() => runtime.dispose());

  async function settingsOf(checkpoint: Checkpoint) {
    const vocabulary = (await checkpoint.json('vocab.json')) ?? assert.fail();
    return ctcSettings(
      {
        vocabulary,
        settings: await checkpoint.json('tokenizer_config.json'),
        special: await checkpoint.json('special_tokens_map.json'),
      },
      checkpoint.name,
    );
  }

  for (const name of readdirSync(folder)) {
    it(`compute the hidden states, weights and characters that transformers computes: ${name}`, async () => {
      const checkpoint = await Checkpoint.open(platform, join(folder, name));
      try {
        const expected = await tensorsIn(join(folder, name, 'expected.safetensors'));
        const family = waveformArchitectureOf(checkpoint.config);
        const { attention, vocabulary, hop, span } = family.describe(checkpoint.config);
        const extractor = (await checkpoint.json('preprocessor_config.json')) ?? assert.fail();
        const settings = waveformSettings(extractor, name);
        for (let sound = 0; expected.has(`samples ${sound}`); sound++) {
          const { data } = tensorNamed(expected, `samples ${sound}`);
          const { samples, heard } = waveformInput(settings, data.length);
          const graph = family.build(checkpoint, heard, attention);
          const weights = graph.layers.map((steps) => stepFor(steps, 'weights'));
          const targets = [heard, ...graph.hiddenStates, ...weights, ...(graph.logits ? [graph.logits] : [])];
          const [values, ...found] = await runtime.run(
            targets,
            new Map<Value, Tensor>([[samples, { shape: [data.length, 1], data }]]),
          );
          assertClose(
            { shape: [data.length], data: values?.data ?? new Float32Array() },
            tensorNamed(expected, `values ${sound}`),
            1e-5,
            'values',
          );
          const states = tensorNamed(expected, `states ${sound}`);
          assert.equal(states.shape[0], graph.hiddenStates.length);
          assert.equal(states.shape[1], Math.floor((data.length - span) / hop) + 1);
          for (const layer of graph.hiddenStates.keys())
            assertClose(found[layer] ?? assert.fail(), at(states, layer), 1e-4, `states ${layer}`);
          const attentions = tensorNamed(expected, `attentions ${sound}`);
          for (const layer of weights.keys()) {
            const own = found[graph.hiddenStates.length + layer] ?? assert.fail();
            assertClose(own, at(attentions, layer), 1e-4, `attentions ${layer}`);
          }
          assert.equal(graph.logits !== undefined, expected.has(`logits ${sound}`));
          if (graph.logits === undefined) continue;
          const logits = found.at(-1) ?? assert.fail();
          assert.deepEqual(logits.shape[1], vocabulary);
          assertClose(logits, tensorNamed(expected, `logits ${sound}`), 1e-4, 'logits');
          const characters = await settingsOf(checkpoint);
          const own = heardCharacters(characters, likeliestCharacters(logits));
          assert.equal(textOf(characters, own), texts[name]?.[sound]?.text);
        }
        assert.deepEqual(
          checkpoint.unread.filter((each) => !each.endsWith('masked_spec_embed')),
          [],
        );
      } finally {
        await checkpoint.dispose();
      }
    });
  }

  for (const [name, cases] of Object.entries(texts)) {
    if (cases.length === 0) continue;
    it(`write what transformers’ tokenizer writes: ${name}`, async () => {
      const checkpoint = await Checkpoint.open(platform, join(folder, name));
      try {
        const settings = await settingsOf(checkpoint);
        for (const { ids, text } of cases) {
          const heard = heardCharacters(settings, ids);
          assert.equal(textOf(settings, heard), text, JSON.stringify(ids));
          // Each lies behind the one before, and all its frames say it.
          for (const [place, { id, start, end }] of heard.entries()) {
            assert.ok(start >= (heard[place - 1]?.end ?? 0) && end > start);
            assert.deepEqual(new Set(ids.slice(start, end)), new Set([id]));
          }
        }
      } finally {
        await checkpoint.dispose();
      }
    });
  }

  it('refuse sounds that are too short or too long, by a sentence', async () => {
    const checkpoint = await Checkpoint.open(platform, join(folder, 'wav2vec2'));
    try {
      const family = waveformArchitectureOf(checkpoint.config);
      for (const count of [1, 39, 8192 * 30 + 1]) {
        assert.throws(() => family.build(checkpoint, input([count, 1]), standardAttention), {
          name: 'ModelError',
          message: `wav2vec2 hears 40 to 245760 samples at a time, not ${count}.`,
        });
      }
    } finally {
      await checkpoint.dispose();
    }
  });

  it('refuse what is not built, by a sentence', () => {
    const refusal = (settings: Record<string, Json>, message: RegExp): void => {
      const config = Config.of({ model_type: 'wav2vec2', ...settings }, 'it: config.json');
      assert.throws(() => waveformArchitectureOf(config).describe(config), { name: 'ModelError', message });
    };
    refusal({ add_adapter: true }, /says "add_adapter": convolutions behind the encoder, which is not built/);
    refusal({ adapter_attn_dim: 16 }, /an adapter in each layer, for a language/);
    refusal({ conv_pos_batch_norm: true }, /a batch norm before the positions/);
    refusal({ conv_stride: [5, 2] }, /say 7, 2 and 7 convolutions/);
    refusal({ conv_dim: 'wide' }, /"conv_dim" is no list of whole numbers/);
    refusal({ num_conv_pos_embedding_groups: 7 }, /splits 768 channels into 7 groups/);
    refusal({ feat_extract_norm: 'batch' }, /"feat_extract_norm" is "batch"/);
    const bert = Config.of({ model_type: 'bert' }, 'it: config.json');
    assert.throws(
      () => waveformArchitectureOf(bert),
      /"bert", which hears no samples here; "wav2vec2", "hubert" do/,
    );
  });

  it('take what is left out of settings as transformers does', () => {
    for (const modelType of ['wav2vec2', 'hubert']) {
      const config = Config.ofClass({ model_type: modelType }, 'it');
      const { layers, heads, width, vocabulary, hop, span } = waveformArchitectureOf(config).describe(config);
      assert.deepEqual([layers, heads, width, vocabulary], [12, 12, 768, 32]);
      // 20 ms, and 25 ms.
      assert.deepEqual([hop, span], [320, 400]);
    }
    assert.deepEqual(waveformSettings({}, 'it'), { rate: 16_000, normalises: true });
    assert.deepEqual(waveformSettings({ do_normalize: false, sampling_rate: 8000 }, 'it'), {
      rate: 8000,
      normalises: false,
    });
  });

  it('name what an extractor or a vocabulary says that is not followed', () => {
    const extractor = (value: Json, message: RegExp): void => {
      assert.throws(() => waveformSettings(value, 'it'), { name: 'ModelError', message });
    };
    extractor([], /not a JSON object/);
    extractor({ feature_extractor_type: 'WhisperFeatureExtractor' }, /"Wav2Vec2FeatureExtractor" can be/);
    extractor({ feature_size: 2 }, /"feature_size" is 2, which is not followed/);
    extractor({ dither: 1 }, /"dither" is 1/);
    extractor({ sampling_rate: 'fast' }, /"sampling_rate" is "fast"/);
    const words = (vocabulary: Json, message: RegExp, settings: Json = {}): void => {
      assert.throws(() => ctcSettings({ vocabulary, settings }, 'it'), { name: 'ModelError', message });
    };
    words(3, /vocab\.json is not a JSON object/);
    words({ a: 0 }, /"<pad>", which stands for nothing new, is not in vocab\.json/);
    words({ a: -1 }, /gives "a" the number -1/);
    const two = { eng: { '<pad>': 0, a: 1 }, fra: { '<pad>': 0, é: 1 } };
    words(two, /a vocabulary for each of 2 languages, .*"eng", "fra"/);
    const { characters } = ctcSettings({ vocabulary: two, settings: { target_lang: 'fra' } }, 'it');
    assert.deepEqual(characters, ['<pad>', 'é']);
  });
});
