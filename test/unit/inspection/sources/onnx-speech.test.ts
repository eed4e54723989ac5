import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Engine } from '../../../../src/inspection/core/engine.js';
import { Inspection } from '../../../../src/inspection/core/inspection.js';
import { findCheckpoints } from '../../../../src/models/index.js';
import type { ParameterValues } from '../../../../src/protocol.js';
import {
  assertClose,
  at,
  fixtures,
  media,
  tensorNamed,
  tensorsIn,
} from '../../../support/models/expected.js';
import { platform } from '../../../support/platform.js';

/** Made by make_onnx_speech.py. */
const folder = join(fixtures, 'onnx-speech');
const voice = join(fixtures, 'speech-text/voice.wav');

describe('A recording that an export hears', () => {
  const engine = new Engine(platform, media);
  after(() => engine.dispose());

  async function open(path: string, parameters: ParameterValues = {}, text?: string): Promise<Inspection> {
    const opened = await engine.open({
      material: {
        kind: 'audio',
        file: { kind: 'path', path: voice },
        ...(text === undefined ? {} : { text }),
      },
      by: { model: { kind: 'file', path } },
      parameters,
    });
    assert.ok(opened instanceof Inspection);
    return opened;
  }

  for (const file of ['exported/encoder_model.onnx', 'traced/encoder_model.onnx']) {
    it(`is attended to as transformers does: ${file}`, async () => {
      const inspection = await open(join(folder, file));
      const { summary } = inspection;
      const weights = tensorNamed(await tensorsIn(join(folder, 'expected.safetensors')), 'attentions');
      assert.deepEqual([summary.layers, summary.heads, summary.queries.count], weights.shape.slice(0, 3));
      for (let layer = 0; layer < summary.layers; layer++) {
        for (let head = 0; head < summary.heads; head++) {
          const found = await inspection.slice({ inspection: summary.id, step: 'weights', layer, head });
          assertClose(found, at(at(weights, layer), head), 1e-4, `layer ${layer} head ${head}`);
        }
      }
      const mark = summary.queries.marks?.[3];
      assert.ok(mark?.kind === 'interval');
      assert.ok(Math.abs(mark.start - 0.06) < 1e-9 && Math.abs(mark.end - 0.08) < 1e-9);
      const notices = summary.notices.join('\n');
      assert.match(notices, /Of voice\.wav \(1\.70 s\) the part from 0\.00 s to 1\.00 s was heard/);
      assert.match(notices, /50 positions are taken for 50 frames of 0\.020 s each/);
      const [medium] = summary.media;
      assert.ok(medium?.kind === 'audio');
      const { data } = inspection.sound.spectrogram({ medium: medium.id, start: 0, end: 1, columns: 4 });
      assert.ok(data.every(Number.isFinite));
    });
  }

  it('may be another part, with silence behind it', async () => {
    const { summary } = await open(join(folder, 'exported/encoder_model.onnx'), { from: 1.2 }, 'one two');
    const notices = summary.notices.join('\n');
    assert.match(notices, /from 1\.20 s to 1\.70 s/);
    assert.match(notices, /0\.50 s of silence were put behind the sound/);
    assert.match(notices, /the transcript that was given is not used/);
    assert.deepEqual(summary.queries.words?.slice(24, 26), ['1.68 s', '1.70 s (silence)']);
    assert.equal(summary.queries.marks?.[25], null);
  });

  it('is prepared as Whisper’s extractor does where no file says how, and refused where one says otherwise', async () => {
    const place = mkdtempSync(join(tmpdir(), 'attention-tests-'));
    try {
      const path = join(place, 'encoder_model.onnx');
      cpSync(join(folder, 'exported/encoder_model.onnx'), path);
      const { summary } = await open(path);
      assert.match(
        summary.notices.join('\n'),
        /No preprocessor_config\.json lies beside .* 80 bands and 1 s/,
      );
      writeFileSync(join(place, 'preprocessor_config.json'), '{"feature_size": 128, "chunk_length": 1}');
      await assert.rejects(open(path), { message: /makes 100 of 128: they do not belong together/ });
      writeFileSync(join(place, 'preprocessor_config.json'), '{"feature_size": 80}');
      await assert.rejects(open(path), { message: /reads 100 frames of 80 mel bands, .* makes 3000 of 80/ });
    } finally {
      rmSync(place, { recursive: true });
    }
  });

  it('is refused by a sentence where an export reads something else, or more', async () => {
    await assert.rejects(open(join(folder, 'traced/model.onnx')), {
      message: /model\.onnx wants the input decoder_input_ids beside input_features, .*encoder_model\.onnx/,
    });
    await assert.rejects(open(join(fixtures, 'onnx-vision/vit/eager-18.onnx')), {
      message: /reads images, not recordings\. Inspect an image with it, or select a model that hears/,
    });
    await assert.rejects(
      engine.open({
        material: { kind: 'text', texts: ['one'] },
        by: { model: { kind: 'file', path: join(folder, 'exported/encoder_model.onnx') } },
        parameters: {},
      }),
      { message: /reads recordings, not text\. Inspect a recording with it, or select a model for text\.$/ },
    );
  });

  it('is offered such exports', async () => {
    const [found] = await findCheckpoints(platform, [join(folder, 'exported/encoder_model.onnx')]);
    assert.ok(found?.kind === 'model');
    assert.equal(found.model.reads, 'audio');
  });
});
