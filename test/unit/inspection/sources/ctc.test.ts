import assert from 'node:assert/strict';
import { readFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Engine } from '../../../../src/inspection/core/engine.js';
import { Inspection } from '../../../../src/inspection/core/inspection.js';
import type { ParameterValues } from '../../../../src/protocol.js';
import { describe as describeModel } from '../../../../src/models/index.js';
import {
  assertClose,
  at,
  fixtures,
  media,
  readJson,
  tensorNamed,
  tensorsIn,
} from '../../../support/models/expected.js';
import { platform } from '../../../support/platform.js';

/** Made by make_waveform.py. */
const folder = join(fixtures, 'waveform');
const texts = readJson<Record<string, readonly { readonly ids: readonly number[]; readonly text: string }[]>>(
  readFileSync(join(fixtures, 'waveform-texts.json'), 'utf8'),
);

/** Samples as a WAV file of floats. */
function wav(samples: Float32Array): Uint8Array {
  const bytes = Buffer.alloc(44 + samples.byteLength);
  bytes.write('RIFF', 0, 'latin1');
  bytes.writeUInt32LE(36 + samples.byteLength, 4);
  bytes.write('WAVEfmt \x10\0\0\0\x03\0\x01\0', 8, 'latin1');
  bytes.writeUInt32LE(16_000, 24);
  bytes.writeUInt32LE(64_000, 28);
  bytes.writeUInt16LE(4, 32);
  bytes.writeUInt16LE(32, 34);
  bytes.write('data', 36, 'latin1');
  bytes.writeUInt32LE(samples.byteLength, 40);
  bytes.set(new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength), 44);
  return bytes;
}

describe('A recording that a model of samples hears', () => {
  const engine = new Engine(platform, media);
  let place: string;
  before(() => {
    place = mkdtempSync(join(tmpdir(), 'attention-tests-'));
  });
  after(async () => {
    await engine.dispose();
    rmSync(place, { recursive: true });
  });

  async function open(
    name: string,
    samples: Float32Array,
    parameters: ParameterValues = {},
    text?: string,
  ): Promise<Inspection> {
    const path = join(place, `${name}.wav`);
    writeFileSync(path, wav(samples));
    const opened = await engine.open({
      material: { kind: 'audio', file: { kind: 'path', path }, ...(text === undefined ? {} : { text }) },
      by: { model: { kind: 'folder', path: join(folder, name) } },
      parameters,
    });
    assert.ok(opened instanceof Inspection);
    return opened;
  }

  const soundOf = async (name: string, sound: number) => {
    const expected = await tensorsIn(join(folder, name, 'expected.safetensors'));
    return { expected, samples: tensorNamed(expected, `samples ${sound}`).data };
  };

  for (const [name, sound] of [
    ['wav2vec2', 2],
    ['wav2vec2-stable', 0],
    ['wav2vec2-raw', 0],
    ['hubert', 0],
    ['hubert-stable', 0],
  ] as const) {
    it(`is attended to, and written, as transformers does: ${name}`, async () => {
      const { expected, samples } = await soundOf(name, sound);
      const inspection = await open(name, samples);
      const { summary } = inspection;
      const weights = tensorNamed(expected, `attentions ${sound}`); // (layer, head, query, key)
      assert.deepEqual([summary.layers, summary.heads], weights.shape.slice(0, 2));
      assert.equal(summary.queries.count, weights.shape[2]);
      for (let layer = 0; layer < summary.layers; layer++) {
        for (let head = 0; head < summary.heads; head++) {
          const found = await inspection.slice({ inspection: summary.id, step: 'weights', layer, head });
          assertClose(found, at(at(weights, layer), head), 1e-4, `layer ${layer} head ${head}`);
        }
      }
      const said = texts[name]?.[sound];
      const notices = summary.notices.join('\n');
      if (said === undefined) assert.match(notices, /writes nothing: it has no head for characters/);
      else assert.ok(notices.includes(`${name} wrote: “${said.text}”`), notices);
      assert.match(notices, /the spectrogram is shown for the eye alone/);
      const [medium] = summary.media;
      assert.ok(medium?.kind === 'audio');
      assert.ok(Math.abs(medium.duration - samples.length / 16_000) < 1e-9);
      const second = summary.queries.marks?.[1];
      assert.ok(second?.kind === 'interval');
      assert.deepEqual([second.start, second.medium], [30 / 16_000, medium.id]);
    });
  }

  it('has the samples, normalised, among the steps of its first layer', async () => {
    const { expected, samples } = await soundOf('wav2vec2', 1);
    const { summary } = await open('wav2vec2', samples);
    assert.ok(summary.steps.some(({ name }) => name === 'normalised'));
    assert.ok(expected.has('values 1'));
    const raw = await open('wav2vec2-raw', samples);
    assert.ok(!raw.summary.steps.some(({ name }) => name === 'normalised'));
  });

  it('says when words were written, and draws what was heard', async () => {
    const { samples } = await soundOf('wav2vec2', 1);
    const inspection = await open('wav2vec2', samples);
    const text = texts['wav2vec2']?.[1];
    const { words, heads, path, notices } = await inspection.sound.alignment();
    assert.deepEqual(words.map((word) => word.text.trim()).join(' '), text?.text);
    assert.deepEqual([heads, path.rows.length], [[], text?.ids.length]);
    assert.match(notices.join(' '), /no attention has a part in them/);
    for (const { start, end, rows } of words) {
      assert.ok(end > start && rows.end > rows.start);
      // A frame is 30 samples.
      assert.ok(Math.abs(start - (rows.start * 30) / 16_000) < 1e-9);
    }
    assert.deepEqual(await inspection.sound.rankHeads(), []);
    const [medium] = inspection.summary.media;
    const whole = { medium: medium?.id ?? '', start: 0, end: samples.length / 16_000 };
    const { bands, columns } = inspection.sound.spectrogram({ ...whole, columns: 5 });
    assert.deepEqual([bands, columns], [80, 5]);
    const { data } = await inspection.sound.samples(whole);
    assert.deepEqual(data, samples);
  });

  it('may be a part of one', async () => {
    const { expected, samples } = await soundOf('wav2vec2', 1);
    const more = new Float32Array(4 * 800 + samples.length).fill(0.25);
    more.set(samples, 800);
    const end = (800 + samples.length) / 16_000;
    const { summary } = await open('wav2vec2', more, { from: 0.05, to: end });
    assert.equal(summary.queries.count, tensorNamed(expected, 'attentions 1').shape[2]);
    assert.match(summary.notices.join('\n'), /the part from 0\.05 s to 0\.08 s was heard/);
    assert.match(summary.queries.words?.[0] ?? '', /^0\.050 s/);
  });

  it('is refused by a sentence where it is too short, and a transcript is not read', async () => {
    const { samples } = await soundOf('wav2vec2', 1);
    await assert.rejects(open('wav2vec2', samples.slice(0, 39)), {
      message: /The part that was heard has 39 samples; wav2vec2 hears 40 and more\./,
    });
    const { summary } = await open('wav2vec2', samples, {}, 'one two');
    assert.match(summary.notices.join('\n'), /does not read text: the transcript that was given is not used/);
  });

  it('is not what a model for text reads, and its model is known in lists', async () => {
    const found = await describeModel(platform, join(folder, 'hubert'));
    assert.ok(found.kind === 'model');
    const { family, reads, writes, layers, heads } = found.model;
    assert.deepEqual([family, reads, writes, layers, heads], ['HuBERT', 'audio', false, 2, 3]);
    await assert.rejects(
      engine.open({
        material: { kind: 'text', texts: ['one'] },
        by: { model: { kind: 'folder', path: join(folder, 'hubert') } },
        parameters: {},
      }),
      { message: /hubert \(HuBERT\) reads recordings, not text/ },
    );
  });

  it('has a page of its own: what it is made of, and its layers', async () => {
    const reference = { kind: 'folder', path: join(folder, 'wav2vec2-stable') } as const;
    const page = await engine.modelPage(reference);
    const fact = (title: string) => page.facts.find((each) => each.title === title)?.value;
    assert.deepEqual(
      [fact('Family'), fact('Layers × heads'), fact('Characters')],
      ['wav2vec 2.0', '2 × 3', '11'],
    );
    assert.deepEqual([page.unused.count, page.unused.names.length], [12, 1]);
    assert.match(page.unused.names[0] ?? '', /masked_spec_embed/);
    assert.deepEqual(page.stacks, [{ title: 'Layers', layers: 2 }]);
    const picture = await engine.modelLayer(reference, { stack: 0, layer: 1 });
    assert.ok(picture.boxes.length > 3);
  });
});
