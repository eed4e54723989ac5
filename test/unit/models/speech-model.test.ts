import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Engine } from '../../../src/inspection/core/engine.js';
import { describe as describeFolder, refusal } from '../../../src/models/catalog.js';
import { openModel, SpeechModel } from '../../../src/models/index.js';
import { fixtures, media, readJson } from '../../support/models/expected.js';
import { platform } from '../../support/platform.js';

const folder = join(fixtures, 'speech-text', 'many');

describe('A model that hears', () => {
  /** A copy of the checkpoint in which files are changed or missing. */
  async function changed(
    files: Readonly<Record<string, unknown>>,
    use: (path: string) => Promise<void>,
  ): Promise<void> {
    const scratch = await mkdtemp(join(tmpdir(), 'hears-'));
    const path = join(scratch, 'many');
    try {
      await cp(folder, path, { recursive: true });
      for (const [name, value] of Object.entries(files)) {
        if (value === undefined) await rm(join(path, name));
        else await writeFile(join(path, name), JSON.stringify(value));
      }
      await use(path);
    } finally {
      await rm(scratch, { recursive: true });
    }
  }

  const json = (name: string): Record<string, unknown> =>
    readJson<Record<string, unknown>>(readFileSync(join(folder, name), 'utf8'));

  it('is listed as one', async () => {
    const found = await describeFolder(platform, folder);
    assert.ok(found.kind === 'model');
    const { size, ...model } = found.model;
    assert.ok(size > 100_000);
    assert.deepEqual(model, {
      reference: { kind: 'folder', path: folder },
      name: 'many',
      family: 'Whisper',
      layers: 2,
      heads: 4,
      decoder: { layers: 3, heads: 2 },
      width: 16,
      limit: 50,
      writes: true,
      reads: 'audio',
    });
    assert.equal(refusal('it', readFileSync(join(folder, 'config.json'), 'utf8')), undefined);
  });

  it('has a page, with the graph of every layer', async () => {
    const engine = new Engine(platform, media);
    try {
      const reference = { kind: 'folder', path: folder } as const;
      const page = await engine.modelPage(reference);
      const facts = new Map(page.facts.map(({ title, value }) => [title, value]));
      assert.equal(facts.get('Layers × heads'), 'encoder 2 × 4, decoder 3 × 2');
      assert.equal(facts.get('Hears'), '1 s at once, at 16,000 samples a second');
      assert.equal(facts.get('Frames'), '50, 0.02 s each');
      assert.equal(facts.get('Context'), '64 tokens');
      assert.deepEqual(page.stacks, [
        { title: 'Encoder', layers: 2 },
        { title: 'Decoder', layers: 3 },
      ]);
      assert.equal(page.unused.count, 0);
      for (const place of [
        { stack: 0, layer: 0 },
        { stack: 1, layer: 2 },
      ]) {
        const picture = await engine.modelLayer(reference, place);
        assert.ok(picture.boxes.length > 5);
      }
    } finally {
      await engine.dispose();
    }
  });

  it('finds its feature extractor where newer processors say it, or says that there is none', async () => {
    const own = json('preprocessor_config.json');
    const nested = { processor_class: 'WhisperProcessor', feature_extractor: own };
    await changed(
      { 'preprocessor_config.json': undefined, 'processor_config.json': nested },
      async (path) => {
        const model = await openModel(platform, path);
        assert.ok(model instanceof SpeechModel);
        assert.deepEqual([model.most, model.remarks], [1, []]);
        await model.dispose();
      },
    );
    await changed({ 'preprocessor_config.json': undefined }, async (path) => {
      const model = await openModel(platform, path);
      assert.ok(model instanceof SpeechModel);
      assert.equal(model.most, 1);
      assert.deepEqual(model.remarks, [
        'There is no preprocessor_config.json beside the model: recordings are prepared as WhisperFeatureExtractor does by itself, with 80 bands and 1 s at a time, as config.json says.',
      ]);
      await model.dispose();
    });
  });

  it('is refused where its extractor does not belong to it, by a sentence', async () => {
    const own = json('preprocessor_config.json');
    for (const [change, message] of [
      [{ feature_size: 128 }, /^many reads 100 frames of 80 mel bands, not \(100, 128\)/],
      [{ chunk_length: 30 }, /^many reads 100 frames of 80 mel bands, not \(3000, 80\)/],
      [{ feature_extractor_type: 'Wav2Vec2FeatureExtractor' }, /is for "Wav2Vec2FeatureExtractor"/],
    ] as const) {
      await changed({ 'preprocessor_config.json': { ...own, ...change } }, async (path) => {
        await assert.rejects(openModel(platform, path), { name: 'ModelError', message });
      });
    }
  });

  it('follows what generation settings say, and names what it leaves', async () => {
    const own = json('generation_config.json');
    await changed(
      { 'generation_config.json': { ...own, num_beams: 5, repetition_penalty: 1.2 } },
      async (path) => {
        const model = await openModel(platform, path);
        assert.ok(model instanceof SpeechModel);
        const { followed, left } = await model.generation();
        assert.ok(followed.includes('repetition_penalty 1.2'));
        assert.deepEqual(left(false), ['num_beams 5']);
        await model.dispose();
      },
    );
  });

  it('leaves out heads for alignment that it does not have, and says so', async () => {
    const own = json('generation_config.json');
    const engine = new Engine(platform, media);
    try {
      for (const [heads, count, notice] of [
        [
          [
            [1, 1],
            [7, 0],
            [2, 2],
          ],
          1,
          /^2 of the 3 heads for alignment .* which has 3 layers of 2: they are left out\.$/,
        ],
        [[[7, 0]], 4, /^The model names no heads for alignment/],
      ] as const) {
        await changed({ 'generation_config.json': { ...own, alignment_heads: heads } }, async (path) => {
          const opened = await engine.open({
            material: {
              kind: 'audio',
              file: { kind: 'path', path: join(folder, '..', 'voice.wav') },
              text: 'one two',
            },
            by: { model: { kind: 'folder', path } },
            parameters: { language: 'en' },
          });
          assert.ok('sound' in opened);
          const { heads: used, notices } = await opened.sound.alignment();
          assert.equal(used.length, count);
          assert.match(notices.at(-1) ?? '', notice);
          assert.ok(opened.summary.notices.includes(notices[0] ?? ''));
          await engine.close(opened.id);
        });
      }
    } finally {
      await engine.dispose();
    }
  });
});
