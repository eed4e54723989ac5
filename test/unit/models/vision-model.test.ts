import assert from 'node:assert/strict';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Engine } from '../../../src/inspection/core/engine.js';
import { describe as describeModel, findCheckpoints, refusal } from '../../../src/models/catalog.js';
import { Model } from '../../../src/models/model.js';
import { openModel } from '../../../src/models/open-model.js';
import { VisionModel } from '../../../src/models/vision-model.js';
import type { ModelPage, ModelReference } from '../../../src/protocol.js';
import { fixtures, media, readJson } from '../../support/models/expected.js';
import { platform } from '../../support/platform.js';

const vision = join(fixtures, 'vision');
const names = readdirSync(vision);

async function withVision<Result>(path: string, use: (model: VisionModel) => Result): Promise<Result> {
  const model = await openModel(platform, path);
  try {
    assert.ok(model instanceof VisionModel);
    return use(model);
  } finally {
    await model.dispose();
  }
}

describe('Models that read images', () => {
  let scratch: string;
  beforeEach(async () => {
    scratch = await mkdtemp(join(tmpdir(), 'vision-model-'));
  });
  afterEach(() => rm(scratch, { recursive: true }));

  /** A copy of a checkpoint with other settings; a file of undefined is taken away. */
  async function changed(name: string, files: Readonly<Record<string, object | undefined>>): Promise<string> {
    const path = join(scratch, name);
    await cp(join(vision, name), path, { recursive: true });
    for (const [file, settings] of Object.entries(files)) {
      const at = join(path, file);
      if (settings === undefined) await rm(at);
      else {
        const before = await readFile(at, 'utf8').then(readJson<object>, () => ({}));
        await writeFile(at, JSON.stringify({ ...before, ...settings }));
      }
    }
    return path;
  }

  /** Other names for the tensors in its file. */
  async function renamed(path: string, from: RegExp, to: string): Promise<void> {
    const file = join(path, 'model.safetensors');
    const bytes = await readFile(file);
    const length = Number(bytes.readBigUInt64LE());
    const header = bytes
      .subarray(8, 8 + length)
      .toString()
      .replaceAll(from, to);
    const start = Buffer.alloc(8);
    start.writeBigUInt64LE(BigInt(Buffer.byteLength(header)));
    await writeFile(file, Buffer.concat([start, Buffer.from(header), bytes.subarray(8 + length)]));
  }

  it('are described for lists', async () => {
    const found = await describeModel(platform, join(vision, 'vit'));
    assert.ok(found.kind === 'model');
    assert.deepEqual(
      { ...found.model, size: found.model.size > 1000 },
      {
        reference: { kind: 'folder', path: join(vision, 'vit') },
        name: 'vit',
        family: 'ViT',
        layers: 2,
        heads: 3,
        width: 12,
        limit: 26,
        size: true,
        writes: false,
        reads: 'image',
      },
    );
    const all = await findCheckpoints(platform, [vision]);
    assert.deepEqual(
      all.map((each) => (each.kind === 'model' ? each.model.reads : each.reason)),
      names.map(() => 'image'),
    );
    const text = await describeModel(platform, join(fixtures, 'bert'));
    assert.ok(text.kind === 'model' && !('reads' in text.model));
  });

  it('leave tensors out in silence only where they are known to be heads or of training', async () => {
    for (const name of names) {
      const remarks = await withVision(join(vision, name), (model) => model.remarks);
      assert.deepEqual(
        remarks.filter((remark) => remark.includes('not used')),
        [],
        name,
      );
    }
    const clip = await changed('clip-labels', {});
    await renamed(clip, /"classifier\./g, '"text_model.final_layer_norm.');
    assert.deepEqual(await withVision(clip, (model) => model.remarks), [
      'Only the half of clip-labels that reads images is shown: its half that reads text is not used.',
    ]);
    const path = await changed('vit', { 'config.json': { num_hidden_layers: 1 } });
    const remarks = await withVision(path, (model) => model.remarks.join('\n'));
    assert.match(remarks, /^16 tensors of the checkpoint are not used: "vit\.encoder\.layer\.1\./m);
  });

  it('are prepared for as the settings say that transformers looks at first', async () => {
    const nested = await withVision(join(vision, 'clip-labels'), ({ processor }) => processor);
    assert.deepEqual(nested.crop, { width: 20, height: 20 });
    const path = await changed('clip-labels', { 'processor_config.json': undefined });
    const own = await withVision(path, ({ processor }) => processor);
    assert.deepEqual(own.crop, { width: 8, height: 8 });
  });

  it('are refused where the settings of their processor cannot be followed', async () => {
    const path = await changed('vit', { 'preprocessor_config.json': { do_flip_channels: true } });
    const found = await describeModel(platform, path);
    assert.ok(found.kind === 'unusable');
    assert.match(found.reason, /^vit: preprocessor_config\.json says "do_flip_channels", which is not known/);
  });

  it('are seen through what training left in the names of weights', async () => {
    const path = await changed('vit', {});
    await renamed(path, /"(vit\.|classifier\.)/g, '"module.$1');
    const remarks = await withVision(path, (model) => model.remarks);
    assert.deepEqual(remarks, [
      'The names of the weights were read without "module.", which training left in them.',
    ]);
  });

  it('sort into classes that have no names, where there is a head', async () => {
    const path = await changed('vit', { 'config.json': { id2label: null } });
    const graph = await withVision(path, (model) => model.usual());
    assert.deepEqual(graph.logits?.shape, [1, 3]);
  });

  it('are told apart from those that read text, by what is asked of a hub as well', async () => {
    const config = (name: string): Promise<string> => readFile(join(vision, name, 'config.json'), 'utf8');
    for (const name of names) assert.equal(refusal(name, await config(name)), undefined);
    assert.match(
      refusal('it', '{"model_type": "swin"}') ?? '',
      /^it: config\.json: "swin" attends within shifted windows/,
    );
    assert.match(
      refusal('it', JSON.stringify({ model_type: 'vit', num_channels: 1 })) ?? '',
      /"num_channels" is "?1"?, but it has to be/,
    );
    await assert.rejects(Model.open(platform, join(vision, 'vit')), {
      message: 'vit: config.json: "vit" reads images, not text.',
    });
    const found = await describeModel(
      platform,
      await changed('vit', { 'config.json': { model_type: 'swin' } }),
    );
    assert.ok(found.kind === 'unusable');
    assert.match(
      found.reason,
      /"swin" attends within shifted windows, .*; it is not read\. Families that are: BEiT, CLIP, .*\.$/,
    );
  });

  describe('have a page', () => {
    const engine = new Engine(platform, media);
    after(() => engine.dispose());
    const model = (name: string): ModelReference => ({ kind: 'folder', path: join(vision, name) });
    const fact = ({ facts }: ModelPage, title: string): string | undefined =>
      facts.find((each) => each.title === title)?.value;

    it('that tells what becomes of an image, and counts every parameter', async () => {
      const page = await engine.modelPage(model('vit'));
      assert.equal(fact(page, 'Family'), 'ViT');
      assert.equal(fact(page, 'Patches'), '4 × 4 pixels each');
      assert.equal(fact(page, 'Tokens'), '26 of an image of usual shape: 5 × 5 patches and 1 special token');
      assert.equal(
        fact(page, 'Image processor'),
        'ViTImageProcessor: resized to 20 × 20 pixels (bilinear), rescaled, normalized',
      );
      assert.equal(fact(page, 'Classes'), '3');
      assert.equal(fact(page, 'Normalization'), 'LayerNorm, pre-norm');
      assert.equal(fact(page, 'Vocabulary'), undefined);
      assert.deepEqual(page.tokenizer, []);
      assert.equal(page.unused.count, 0);
      assert.equal(
        page.parts.reduce((sum, { count }) => sum + count, 0),
        page.total,
      );
      // Patches 12 × 48 and 12, [CLS] 12, positions 26 × 12; the classifier 3 × 12 and 3.
      const parts = new Map(page.parts.map(({ title, count }) => [title, count]));
      assert.equal(parts.get('Embeddings'), 12 * 48 + 12 + 12 + 26 * 12);
      assert.equal(parts.get('Classifier'), 3 * 12 + 3);
      const picture = await engine.modelLayer(model('vit'), { stack: 0, layer: 1 });
      assert.ok(picture.boxes.some(({ title }) => title === 'Layer norm'));
      assert.ok(picture.arrows.length > 5);
    });

    it('for every family, whose head types are told over a picture', async () => {
      const call = { signal: new AbortController().signal, progress: () => undefined };
      for (const name of names) {
        const page = await engine.modelPage(model(name));
        assert.equal(page.stacks[0]?.layers, 2, name);
        const identity = await engine.handlers().headTypesIdentity({ model: model(name) }, call);
        assert.ok(identity !== null, name);
      }
      const { stacks, described } = await engine.headTypes({ model: model('dinov2-registers') });
      const [own] = stacks;
      assert.ok(own !== undefined && stacks.length === 1);
      assert.deepEqual([own.stack, own.layers, own.heads, own.types.length], ['self', 2, 3, 6]);
      assert.deepEqual(own.looked, [
        ...['same-patch', 'near-patches', 'patch-row', 'patch-column', 'class-token'],
        ...['register', 'local-patches', 'global-patches'],
      ]);
      assert.equal(own.distances?.length, 6);
      for (const distance of own.distances ?? [])
        assert.ok(distance !== null && distance > 0.5, `${distance}`);
      for (const type of own.types) {
        if (type === null) continue;
        const { threshold = 1 } = described.find(({ name }) => name === type.name) ?? {};
        assert.ok(type.score >= threshold && type.score <= 1, type.name);
      }
      const siglip = await engine.headTypes({ model: model('siglip') });
      assert.equal(siglip.stacks[0]?.looked.includes('class-token'), false);
    });
  });
});
