import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { input, type Value } from '../../../src/engine/graph.js';
import type { Tensor } from '../../../src/engine/tensor.js';
import type { Json } from '../../../src/formats/json-text.js';
import { speechArchitectureOf } from '../../../src/models/architectures/speech/index.js';
import { Checkpoint } from '../../../src/models/checkpoint.js';
import { Config } from '../../../src/models/config.js';
import {
  beginningOf,
  languageHeard,
  nextToken,
  writingSettings,
  type WritingSettings,
} from '../../../src/models/speech/writing.js';
import { Runtime } from '../../../src/runtime/session.js';
import { fixtures, readJson, tensorNamed, tensorsIn } from '../../support/models/expected.js';
import { platform } from '../../support/platform.js';

interface Case {
  readonly name: string;
  readonly settings: Readonly<Record<string, Json>>;
  readonly asked: {
    readonly language?: string;
    readonly task?: string;
    readonly return_timestamps?: boolean;
  };
  readonly features: string | null;
  readonly tokens: readonly number[];
}

const folder = join(fixtures, 'speech', 'whisper');
const cases = readJson<readonly Case[]>(readFileSync(join(fixtures, 'speech-writing.json'), 'utf8'));
const config = Config.of({ model_type: 'whisper' }, 'it: config.json');
const settingsOf = (settings: Readonly<Record<string, Json>>) => writingSettings(settings, config, 37);

describe('writing down what is heard', () => {
  const runtime = new Runtime(platform);
  let checkpoint: Checkpoint;
  let spectrogram: Tensor<Float32Array>;
  before(async () => {
    checkpoint = await Checkpoint.open(platform, folder);
    spectrogram = tensorNamed(await tensorsIn(join(folder, 'expected.safetensors')), 'features');
  });
  after(async () => {
    await checkpoint.dispose();
    await runtime.dispose();
  });

  for (const each of cases) {
    it(`is token for token as transformers writes: ${each.name}`, async () => {
      const { shape } = spectrogram;
      const given = each.features === null ? spectrogram.data : floats(each.features);
      const family = speechArchitectureOf(checkpoint.config);
      const { attention, decoder } = family.describe(checkpoint.config);
      const leaf = input(shape);
      const memory = family.build(checkpoint, leaf, attention).hiddenStates.at(-1) ?? assert.fail();
      const [heard] = await runtime.run([memory], new Map<Value, Tensor>([[leaf, { shape, data: given }]]));
      assert.ok(heard !== undefined);
      const logitsAfter = async (ids: readonly number[]): Promise<Float32Array> => {
        const source = input(heard.shape);
        const { logits, feeds } = family.decoder.build(checkpoint, ids.length, source, decoder.attention);
        const [said] = await runtime.run(
          [logits ?? assert.fail()],
          new Map<Value, Tensor>([...feeds(ids), [source, heard]]),
        );
        return said?.data.slice(-37) ?? assert.fail();
      };
      const settings = settingsOf(each.settings);
      const { language, task, return_timestamps: timed = false } = each.asked;
      const { tokens, listensAt } = beginningOf(settings, {
        ...(language === undefined ? {} : { language }),
        ...(task === undefined ? {} : { task }),
        timed,
      });
      const begun = [...tokens];
      if (listensAt !== undefined) {
        begun[listensAt] = languageHeard(settings, await logitsAfter(begun.slice(0, listensAt))) ?? -1;
      }
      const written: number[] = [];
      while (begun.length + written.length < 11 && written.at(-1) !== settings.end) {
        written.push(nextToken(settings, await logitsAfter([...begun, ...written]), written, timed));
      }
      assert.deepEqual([...begun, ...written], each.tokens);
    });
  }

  const many: WritingSettings = settingsOf(cases.find(({ name }) => name === 'translated')?.settings ?? {});

  it('refuses what the model does not know, by a sentence', () => {
    assert.throws(() => beginningOf(many, { language: 'fr' }), {
      name: 'ModelError',
      message: /"fr"; it knows en, de, sw\.$/,
    });
    assert.throws(() => beginningOf(many, { task: 'sing' }), {
      name: 'ModelError',
      message: /"sing"; it knows transcribe, translate\.$/,
    });
    const one = settingsOf({ decoder_start_token_id: 17, eos_token_id: 16 });
    assert.throws(() => beginningOf(one, { language: 'en' }), /knows one language alone/);
    assert.throws(() => beginningOf(one, { timed: true }), /cannot write times/);
    assert.throws(() => settingsOf({}), /which tokens begin and end a text/);
    const gap = { decoder_start_token_id: 17, eos_token_id: 16, forced_decoder_ids: [[2, 5]] };
    assert.throws(() => settingsOf(gap), /a token for each place from 1 on/);
  });

  it('writes times in pairs that do not go back', () => {
    // 16 ends, 23 says that there are no times, 24 is the first.
    const only = (...ids: number[]) => {
      const logits = new Float32Array(37).fill(-9);
      ids.forEach((id, at) => {
        logits[id] = 5 - at;
      });
      return logits;
    };
    assert.equal(nextToken(many, only(3, 27), [], true), 27);
    assert.equal(nextToken(many, only(28, 3), [27], true), 3);
    assert.equal(nextToken(many, only(26, 30), [27, 3], true), 30);
    assert.equal(nextToken(many, only(3, 30), [27, 3, 30], true), 30);
    assert.equal(nextToken(many, only(3, 16), [27, 3, 30], true), 16);
    assert.equal(nextToken(many, only(31, 4), [27, 3, 30, 30], true), 4);
    assert.equal(nextToken(many, only(3, 27), [], false), 3);
  });
});

function floats(text: string): Float32Array {
  const bytes = new Uint8Array(Buffer.from(text, 'base64'));
  return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
}
