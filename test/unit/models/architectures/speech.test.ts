import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { input } from '../../../../src/engine/graph.js';
import { standardAttention } from '../../../../src/engine/mechanisms/index.js';
import type { Json } from '../../../../src/formats/json-text.js';
import { speechArchitectureOf } from '../../../../src/models/architectures/speech/index.js';
import { Checkpoint } from '../../../../src/models/checkpoint.js';
import { Config } from '../../../../src/models/config.js';
import { logMel, logMelSettings } from '../../../../src/models/processors/audio/index.js';
import { Runtime } from '../../../../src/runtime/session.js';
import { fixtures, readJson, tensorsIn, type Tensors } from '../../../support/models/expected.js';
import { assertWhisper } from '../../../support/models/speech.js';
import { platform } from '../../../support/platform.js';

const folder = join(fixtures, 'speech');

describe('Speech architectures', () => {
  const runtime = new Runtime(platform);
  after(() => runtime.dispose());

  for (const name of readdirSync(folder)) {
    describe(name, () => {
      let checkpoint: Checkpoint;
      let expected: Tensors;
      before(async () => {
        checkpoint = await Checkpoint.open(platform, join(folder, name));
        expected = await tensorsIn(join(folder, name, 'expected.safetensors'));
      });
      after(() => checkpoint.dispose());

      it('computes the hidden states, the weights of all three attentions and the logits that transformers computes', async () => {
        await assertWhisper(runtime, checkpoint, expected);
      });

      it('refuses a spectrogram of another shape, and more tokens than it has positions for', () => {
        const family = speechArchitectureOf(checkpoint.config);
        const { frames, bands, width, decoder } = family.describe(checkpoint.config);
        assert.throws(() => family.build(checkpoint, input([frames, bands + 1]), standardAttention), {
          name: 'ModelError',
          message: `${name} reads ${frames} frames of ${bands} mel bands, not (${frames}, ${bands + 1}); preprocessor_config.json and config.json do not belong together.`,
        });
        for (const tokens of [0, decoder.limit + 1]) {
          assert.throws(
            () => family.decoder.build(checkpoint, tokens, input([frames / 2, width]), decoder.attention),
            {
              name: 'ModelError',
              message: `${name} reads 1 to ${decoder.limit} tokens at a time, not ${tokens}.`,
            },
          );
        }
      });
    });
  }

  it('hears a recording in one graph, from samples to words', async () => {
    const path = join(folder, 'whisper');
    const checkpoint = await Checkpoint.open(platform, path);
    try {
      const settings = readJson<Json>(readFileSync(join(path, 'preprocessor_config.json'), 'utf8'));
      const mel = logMel(logMelSettings(settings, 'whisper: preprocessor_config.json'));
      const family = speechArchitectureOf(checkpoint.config);
      const { attention, decoder } = family.describe(checkpoint.config);
      const encoder = family.build(checkpoint, mel.features, attention);
      const memory = encoder.hiddenStates.at(-1) ?? assert.fail();
      const { logits, feeds } = family.decoder.build(checkpoint, 2, memory, decoder.attention);
      const samples = Float32Array.from({ length: 9000 }, (_, at) => Math.sin(at / 9));
      const [said] = await runtime.run(
        [logits ?? assert.fail()],
        new Map([...mel.inputsOf(samples), ...feeds([31, 5])]),
      );
      assert.deepEqual(said?.shape, [2, 37]);
      assert.ok(said.data.every(Number.isFinite));
    } finally {
      await checkpoint.dispose();
    }
  });

  it('are refused by a sentence where they do not hear', () => {
    const refusal = (config: Record<string, string>, message: RegExp): void => {
      assert.throws(() => speechArchitectureOf(Config.of(config, 'it: config.json')), {
        name: 'ModelError',
        message,
      });
    };
    refusal({ model_type: 'bert' }, /"bert", which is not heard with here; "whisper" is\.$/);
    refusal({}, /does not say "model_type"; "whisper" hears\.$/);
  });

  it('take what is left out of settings as transformers does', () => {
    const config = Config.ofClass({ model_type: 'whisper' }, 'it');
    const { layers, heads, width, frames, bands, decoder } = speechArchitectureOf(config).describe(config);
    assert.deepEqual([layers, heads, width, frames, bands], [4, 6, 384, 3000, 80]);
    assert.deepEqual([decoder.layers, decoder.heads, decoder.vocabulary, decoder.limit], [4, 6, 51865, 448]);
  });
});
