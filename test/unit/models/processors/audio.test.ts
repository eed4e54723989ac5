import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Json } from '../../../../src/formats/json-text.js';
import { evaluate } from '../../../../src/engine/evaluate.js';
import { logMel, logMelFeatures, logMelSettings } from '../../../../src/models/processors/audio/index.js';
import { Runtime } from '../../../../src/runtime/session.js';
import {
  distance,
  fixtures,
  readJson,
  tensorNamed,
  tensorsIn,
  type Tensors,
} from '../../../support/models/expected.js';
import { platform } from '../../../support/platform.js';

type JsonObject = Readonly<Record<string, Json>>;

interface Case {
  readonly name: string;
  readonly frames: number;
  readonly settings: JsonObject;
}

const cases = readJson<readonly Case[]>(readFileSync(join(fixtures, 'log-mel.json'), 'utf8'));

describe('log-mel spectrograms', () => {
  let tensors: Tensors;
  const runtime = new Runtime(platform, { sessions: 2 });
  before(async () => {
    tensors = await tensorsIn(join(fixtures, 'log-mel.safetensors'));
  });
  after(() => runtime.dispose());

  for (const { name, frames, settings } of cases) {
    it(`are transformers’ own: ${name}`, () => {
      const own = logMelSettings(settings, 'it');
      const features = logMelFeatures(logMel(own), tensorNamed(tensors, `${name}/samples`).data);
      assert.deepEqual(features.shape, [frames, own.bands]);
      const [numpy, pytorch] = ['numpy', 'pytorch'].map((by) => tensorNamed(tensors, `${name}/${by}`));
      assert.ok(numpy !== undefined && pytorch !== undefined);
      const first = features.data.subarray(0, numpy.data.length);
      // NumPy's are in double precision as well. PyTorch's are not: how far it is from NumPy's is its own rounding.
      assert.ok(distance(first, numpy.data) <= 1e-6, `from NumPy’s by ${distance(first, numpy.data)}`);
      const rounding = distance(pytorch.data, numpy.data);
      const allowed = Math.max(3e-5, 1.1 * rounding);
      assert.ok(
        distance(first, pytorch.data) <= allowed,
        `from PyTorch’s by ${distance(first, pytorch.data)}`,
      );
      // Behind the sound every frame is the same.
      const last = first.subarray(-own.bands);
      for (let at = first.length; at < features.data.length; at += own.bands) {
        assert.equal(distance(features.data.subarray(at, at + own.bands), last), 0);
      }
    });
  }

  it('are the same where silence is not worked out as where it is', () => {
    for (const settings of [{ chunk_length: 1 }, { chunk_length: 1, n_fft: 401, hop_length: 100 }]) {
      const graph = logMel(logMelSettings(settings, 'it'));
      for (const length of [1, 159, 160, 200, 7999, 15_800, 16_000]) {
        const samples = Float32Array.from({ length }, (_, at) => Math.sin(at * at));
        const [all] = evaluate([graph.features], graph.inputsOf(samples));
        const found = logMelFeatures(graph, samples);
        assert.deepEqual(found.data, Float32Array.from(all?.data ?? []), `${length} samples`);
      }
    }
    const loud = logMel(logMelSettings({ chunk_length: 1, padding_value: 0.5 }, 'it'));
    assert.equal(loud.sounding(1), 100);
  });

  it('come to the same in ONNX Runtime, step by step, in single precision', async () => {
    const graph = logMel(logMelSettings({ chunk_length: 1 }, 'it'));
    const samples = tensorNamed(tensors, 'a whole chunk/samples').data;
    const [features] = await runtime.run([graph.features], graph.inputsOf(samples));
    const want = logMelFeatures(graph, samples);
    assert.ok(distance(features?.data ?? [], want.data) < 2e-4);
    assert.deepEqual(
      graph.steps.map((each) => each.label?.name),
      [
        'frames',
        'windowed',
        'spectrum_even',
        'spectrum_odd',
        'power',
        'mel',
        'log_mel',
        'clipped',
        'features',
      ],
    );
  });

  it('refuse settings that are unknown, not followed, or make no sense', () => {
    const message = (settings: JsonObject) => {
      try {
        logMelSettings(settings, 'tiny: preprocessor_config.json');
      } catch (error) {
        assert.ok(error instanceof Error && error.name === 'ModelError');
        return error.message;
      }
      return assert.fail('it was read');
    };
    assert.match(
      message({ feature_extractor_type: 'Wav2Vec2FeatureExtractor' }),
      /"Wav2Vec2FeatureExtractor"/,
    );
    assert.match(message({ dither: 0.1 }), /"dither" is 0.1, which is not followed/);
    assert.match(message({ padding_side: 'left' }), /"padding_side" is "left"/);
    assert.match(message({ preemphasis: 0.97 }), /"preemphasis", which is not known/);
    assert.match(message({ feature_size: 0 }), /"feature_size" is 0; a whole number from 1/);
    assert.match(message({ chunk_length: 1e9 }), /"chunk_length" is 1000000000/);
    assert.match(message({ n_fft: 65536, chunk_length: 1 }), /65536 a window/);
    assert.match(message({ hop_length: 30000, chunk_length: 1 }), /makes 0 frames/);
  });

  it('refuse more samples than are read at a time, and none', () => {
    const graph = logMel(logMelSettings({ chunk_length: 1 }, 'it'));
    assert.throws(() => graph.inputsOf(new Float32Array(16001)), /1 to 16000 samples.*not 16001/);
    assert.throws(() => graph.inputsOf(new Float32Array(0)), /not 0/);
  });
});
