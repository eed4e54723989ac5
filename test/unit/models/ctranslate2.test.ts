import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { input, type Value } from '../../../src/engine/graph.js';
import { wholeOf, type Tensor } from '../../../src/engine/tensor.js';
import { openCtranslate2 } from '../../../src/formats/ctranslate2.js';
import { fromBytes } from '../../../src/formats/source.js';
import { speechArchitectureOf } from '../../../src/models/architectures/speech/index.js';
import { Checkpoint } from '../../../src/models/checkpoint.js';
import { logMelSettings } from '../../../src/models/processors/audio/index.js';
import { beginningOf, writingSettings } from '../../../src/models/speech/writing.js';
import { Runtime } from '../../../src/runtime/session.js';
import { assertClose, fixtures, tensorNamed, tensorsIn } from '../../support/models/expected.js';
import { assertWhisper } from '../../support/models/speech.js';
import { platform } from '../../support/platform.js';

/** Made by make_speech_ctranslate2.py. */
const folder = join(fixtures, 'speech-ctranslate2');
const bytesOf = (name: string) => new Uint8Array(readFileSync(join(folder, name, 'model.bin')));

describe('Whisper in CTranslate2’s folders', () => {
  const runtime = new Runtime(platform);
  after(() => runtime.dispose());

  for (const name of readdirSync(folder)) {
    it(`computes what CTranslate2 computes with the same weights: ${name}`, async () => {
      const checkpoint = await Checkpoint.open(platform, join(folder, name));
      try {
        const expected = await tensorsIn(join(folder, name, 'expected.safetensors'));
        const family = speechArchitectureOf(checkpoint.config);
        const { attention, decoder } = family.describe(checkpoint.config);
        const spectrogram = tensorNamed(expected, 'features');
        const features = input(spectrogram.shape);
        const memory = family.build(checkpoint, features, attention).hiddenStates.at(-1) ?? assert.fail();
        const begin = [...tensorNamed(expected, 'begin').data];
        const written = [...tensorNamed(expected, 'written').data];
        const previous = [...begin, ...written].slice(0, -1);
        const writer = family.decoder.build(checkpoint, previous.length, memory, decoder.attention);
        const [states, logits] = await runtime.run(
          [memory, writer.logits ?? assert.fail()],
          new Map<Value, Tensor>([...writer.feeds(previous), [features, spectrogram]]),
        );
        assertClose(states ?? assert.fail(), tensorNamed(expected, 'states'), 1e-4, 'states');
        const { shape = [], data = new Float32Array(0) } = logits ?? {};
        const [, vocabulary = 0] = shape;
        const own = {
          shape: [written.length, vocabulary],
          data: data.slice((begin.length - 1) * vocabulary),
        };
        assertClose(own, tensorNamed(expected, 'logits'), 1e-4, 'logits');
        // Biases of keys, which are zeros, lie within others; the head is the table of words once more.
        assert.deepEqual(checkpoint.unread, []);
        assert.equal(checkpoint.remarks.length, name.startsWith('int') ? 1 : 0);
      } finally {
        await checkpoint.dispose();
      }
    });
  }

  it('is the model that was converted, layer by layer', async () => {
    const checkpoint = await Checkpoint.open(platform, join(folder, 'float32'));
    try {
      await assertWhisper(
        runtime,
        checkpoint,
        await tensorsIn(join(fixtures, 'speech/whisper/expected.safetensors')),
      );
    } finally {
      await checkpoint.dispose();
    }
  });

  for (const name of ['float16', 'int8_float16']) {
    it(`says how it writes and listens, from what lies beside the weights: ${name}`, async () => {
      const checkpoint = await Checkpoint.open(platform, join(folder, name));
      try {
        const settings = writingSettings(
          await checkpoint.json('generation_config.json'),
          checkpoint.config,
          37,
        );
        assert.deepEqual(beginningOf(settings).tokens, [31, 32]);
        assert.deepEqual([settings.end, settings.suppressed], [30, [3, 4]]);
        assert.deepEqual(settings.suppressedFirst, [5, 30]);
        assert.deepEqual(settings.alignmentHeads, [
          { layer: 1, head: 0 },
          { layer: 2, head: 1 },
        ]);
        const extractor = (await checkpoint.json('preprocessor_config.json')) ?? assert.fail();
        assert.equal(logMelSettings(extractor, name).bands, 7);
        assert.equal(await checkpoint.json('tokenizer.json'), undefined);
      } finally {
        await checkpoint.dispose();
      }
    });
  }

  it('reads parts of quantised weights as it reads them whole', async () => {
    for (const name of ['int8', 'int16']) {
      const { tensors } = await openCtranslate2(fromBytes('model.bin', bytesOf(name)));
      for (const variable of ['encoder/conv1/weight', 'decoder/embeddings/weight']) {
        const tensor = tensors.get(variable) ?? assert.fail(variable);
        const { data } = await tensor.read(wholeOf(tensor.shape));
        const width = data.length / (tensor.shape[0] ?? 1);
        const rows = { start: 2, end: 5 };
        const part = await tensor.read([rows, ...wholeOf(tensor.shape).slice(1)]);
        assert.deepEqual(part.data, data.subarray(2 * width, 5 * width));
      }
    }
  });

  describe('are refused by a sentence', () => {
    let place: string;
    beforeEach(() => {
      place = mkdtempSync(join(tmpdir(), 'attention-tests-'));
      cpSync(join(folder, 'int8'), place, { recursive: true });
    });
    afterEach(() => {
      rmSync(place, { recursive: true });
    });

    const refusal = async (bytes: Uint8Array, message: RegExp): Promise<void> => {
      writeFileSync(join(place, 'model.bin'), bytes);
      await assert.rejects(Checkpoint.open(platform, place), (error) => {
        assert.ok(error instanceof Error && error.name === 'ModelError', String(error));
        assert.match(error.message, message);
        assert.doesNotMatch(error.message, /\n/);
        return true;
      });
    };
    /** With other bytes at the place of the first that are those of a text. */
    const changed = (text: string, by: number, change: readonly number[]): Uint8Array => {
      const bytes = bytesOf('int8');
      const at = Buffer.from(bytes).indexOf(text);
      assert.ok(at >= 0);
      bytes.set(change, at + by);
      return bytes;
    };

    it('wherever they end too early', async () => {
      const bytes = bytesOf('int8');
      for (const share of [0.001, 0.01, 0.3, 0.7, 0.999]) {
        await refusal(bytes.slice(0, Math.ceil(bytes.length * share)), /model\.bin/);
      }
    });

    it('where they are another model, another version, or another kind of numbers', async () => {
      await refusal(changed('WhisperSpec', 0, [0x77]), /of the kind "whisperSpec"; of its models Whisper/);
      await refusal(changed('WhisperSpec', -6, [3]), /binary version 3; 4 to 6 are read\. Convert/);
      await refusal(changed('WhisperSpec', -6, [7]), /binary version 7/);
      // rank 2, (37, 12), type 1, length
      const type = 'decoder/embeddings/weight\0'.length + 1 + 8;
      await refusal(changed('decoder/embeddings/weight', type, [9]), /numbers of the unknown type 9/);
      await refusal(
        changed('decoder/embeddings/weight', type - 8, [36]),
        /"decoder\/embeddings\/weight" has the shape \(36, 12\)/,
      );
      await refusal(
        changed('decoder/embeddings/weight_scale', 'decoder/embeddings/weight_'.length, [0x74]),
        /"decoder\/embeddings\/weight" is quantised in a way that is not read/,
      );
    });

    it('where a weight is missing', async () => {
      await refusal(changed('encoder/num_heads', 0, [0x45]), /model\.bin does not say "encoder\/num_heads"/);
      await refusal(
        changed('encoder/position_encodings/encodings', 0, [0x45]),
        /lacks the variable "encoder\/position_encodings\/encodings"/,
      );
    });

    it('where the file is no one’s that is known', async () => {
      await refusal(new Uint8Array(100), /holds no weights.*"model\.bin" is not read/);
    });
  });
});
