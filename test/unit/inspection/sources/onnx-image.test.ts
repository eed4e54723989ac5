import assert from 'node:assert/strict';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Engine } from '../../../../src/inspection/core/engine.js';
import { Inspection } from '../../../../src/inspection/core/inspection.js';
import { describe as describeModel } from '../../../../src/models/catalog.js';
import type { ModelReference, OpenRequest, ParameterValues } from '../../../../src/protocol.js';
import { assertClose, at, fixtures, tensorNamed, tensorsIn } from '../../../support/models/expected.js';
import { platform } from '../../../support/platform.js';

const media = join(process.cwd(), 'media');
const folder = join(fixtures, 'onnx-vision');
const image = {
  kind: 'image',
  file: { kind: 'path', path: join(process.cwd(), 'test/fixtures/media/images/jpeg-444.jpg') },
} as const;
const model = (path: string): ModelReference => ({ kind: 'file', path: join(folder, path) });

/** Exports, and which attentions of make_onnx_vision.py theirs are. */
const cases: readonly (readonly [file: string, attentions: string, parameters?: ParameterValues])[] = [
  ['vit/eager-14.onnx', 'attentions'],
  ['vit/eager-18.onnx', 'attentions'],
  ['vit/sdpa-18.onnx', 'attentions'],
  ['deit/model.onnx', 'attentions'],
  ['dinov2-registers/model.onnx', 'attentions'],
  ['siglip/model.onnx', 'attentions'],
  ['detr/model.onnx', 'encoder_attentions', { places: '3 × 15 × 15' }],
  ['detr/model.onnx', 'decoder_attentions', { places: '3 × 7 × 7' }],
  ['detr/model.onnx', 'cross_attentions', { places: '3 × 7 × 15' }],
];

describe('an inspection of an image by an ONNX export', () => {
  const engine = new Engine(platform, media);
  after(() => engine.dispose());

  async function open(by: ModelReference, rest: Partial<OpenRequest> = {}): Promise<Inspection> {
    const opened = await engine.open({ material: image, by: { model: by }, ...rest });
    assert.ok(opened instanceof Inspection);
    return opened;
  }

  for (const [file, name, parameters = {}] of cases) {
    it(`has the ${name} that transformers computes: ${file}`, async () => {
      const inspection = await open(model(file), { parameters });
      const expected = await tensorsIn(join(folder, file, '..', 'expected.safetensors'));
      const attentions = tensorNamed(expected, name);
      const { layers, heads, queries, keys } = inspection.summary;
      // What does not depend on the image is a constant of the file: the first attention among object queries, which start as zeros.
      const folded = name === 'decoder_attentions' ? 1 : 0;
      assert.deepEqual([layers + folded, heads, queries.count, keys.count], attentions.shape);
      for (let layer = 0; layer < layers; layer++) {
        for (let head = 0; head < heads; head++) {
          const slice = await inspection.slice({ inspection: '', step: 'weights', layer, head });
          assertClose(slice, at(at(attentions, layer + folded), head), 1e-4, `layer ${layer}, head ${head}`);
        }
      }
      const logits = expected.get('logits');
      if (logits?.shape.length === 2) {
        const { classes } = inspection.classes({ count: 10 });
        for (const { index, logit, label } of classes) {
          assert.ok(Math.abs(logit - (logits.data[index] ?? NaN)) < 1e-4);
          assert.equal(label, ['a cat', 'a dog', 'neither'][index]);
        }
        assert.equal(classes.length, 3);
      }
      await engine.close(inspection.id);
    });
  }

  it('gives pixels in half precision to an export that takes them so', async () => {
    const inspection = await open(model('vit-half/model.onnx'));
    const expected = await tensorsIn(join(folder, 'vit-half/expected.safetensors'));
    const attentions = tensorNamed(expected, 'attentions');
    const { layers, heads, queries, notices } = inspection.summary;
    assert.deepEqual([layers, heads, queries.count, queries.count], attentions.shape);
    for (let layer = 0; layer < layers; layer++) {
      for (let head = 0; head < heads; head++) {
        const slice = await inspection.slice({ inspection: '', step: 'weights', layer, head });
        // They are computed in float32 from queries and keys that were rounded to halves.
        assertClose(slice, at(at(attentions, layer), head), 2e-3, `layer ${layer}, head ${head}`);
      }
    }
    const logits = tensorNamed(expected, 'logits');
    for (const { index, logit } of inspection.classes({ count: 3 }).classes) {
      assert.ok(Math.abs(logit - (logits.data[index] ?? NaN)) < 2e-3, `${index}: ${logit}`);
    }
    assert.match(notices.join(), /takes pixels in half precision: they were rounded to it/);
    await engine.close(inspection.id);
  });

  it('tells patches from sizes, and class, distillation and register tokens by their count', async () => {
    const described = async (file: string): Promise<unknown> => {
      const inspection = await open(model(file));
      const { queries, subtitle, notices } = inspection.summary;
      await engine.close(inspection.id);
      const first = queries.grid?.first ?? 0;
      return [
        subtitle,
        queries.words?.slice(0, first + 2),
        queries.grid,
        /Told from the graph: (.*)\./.exec(notices.join())?.[1]?.split('.')[0],
      ];
    };
    assert.deepEqual(await described('vit/eager-18.onnx'), [
      'ViT · 2 layers × 3 heads · 26 tokens',
      ['[CLS]', '0, 0', '0, 1'],
      { rows: 5, columns: 5, first: 1 },
      '5 × 5 patches of 4 × 4 pixels',
    ]);
    assert.deepEqual(await described('deit/model.onnx'), [
      'DeiT · 2 layers × 3 heads · 27 tokens',
      ['[CLS]', '[DIST]', '0, 0', '0, 1'],
      { rows: 5, columns: 5, first: 2 },
      '5 × 5 patches of 4 × 4 pixels',
    ]);
    assert.deepEqual(await described('dinov2-registers/model.onnx'), [
      'DINOv2 with registers · 2 layers × 3 heads · 32 tokens',
      ['[CLS]', '[REG 0]', '[REG 1]', '[REG 2]', '0, 0', '0, 1'],
      { rows: 4, columns: 7, first: 4 },
      '7 × 4 patches of 4 × 4 pixels',
    ]);
    assert.deepEqual(await described('siglip/model.onnx'), [
      'SigLIP · 2 layers × 3 heads · 25 tokens',
      ['0, 0', '0, 1'],
      { rows: 5, columns: 5, first: 0 },
      '5 × 5 patches of 4 × 4 pixels',
    ]);
  });

  it('shows what object queries look at: their boxes against regions of the image', async () => {
    const inspection = await open(model('detr/model.onnx'), { parameters: { places: '3 × 7 × 15' } });
    const { queries, keys, parameters, media: brought } = inspection.summary;
    const places = parameters.find(({ name }) => name === 'places');
    assert.ok(places?.kind === 'choice');
    assert.equal(places.choices.length, 3);
    assert.deepEqual(keys.grid, { rows: 3, columns: 5, first: 0 });
    const region = keys.marks?.[7];
    assert.ok(region?.kind === 'box');
    [region.x - (2 * 37) / 5, region.y - 23 / 3, region.width - 37 / 5, region.height - 23 / 3].forEach(
      (difference) => {
        assert.ok(Math.abs(difference) < 1e-6, JSON.stringify(region));
      },
    );
    const expected = await tensorsIn(join(folder, 'detr/expected.safetensors'));
    const boxes = tensorNamed(expected, 'pred_boxes');
    const logits = tensorNamed(expected, 'logits');
    assert.equal(queries.grid, undefined);
    queries.marks?.forEach((mark, query) => {
      const [x = 0, y = 0, width = 0, height = 0] = boxes.data.subarray(4 * query, 4 * query + 4);
      assert.ok(mark?.kind === 'box');
      const wanted = [(x - width / 2) * 37, (y - height / 2) * 23, width * 37, height * 23];
      [mark.x, mark.y, mark.width, mark.height].forEach((edge, which) => {
        assert.ok(Math.abs(edge - (wanted[which] ?? NaN)) < 1e-3, `query ${query}`);
      });
      const own = logits.data.subarray(4 * query, 4 * query + 4);
      const best = own.indexOf(Math.max(...own));
      const name = ['a cat', 'a dog', 'neither'][best];
      assert.equal(queries.words?.[query], name === undefined ? `${query}` : `${query} · ${name}`);
    });
    assert.equal(queries.marks?.length, 7);
    assert.ok(brought[0]?.kind === 'image');
    await engine.close(inspection.id);
  });

  it('is listed as what reads images, and refused in a sentence where something else is meant', async () => {
    const found = await describeModel(platform, join(folder, 'vit/eager-18.onnx'));
    assert.ok(found.kind === 'model');
    assert.deepEqual([found.model.reads, found.model.family, found.model.heads], ['image', 'ViT (ONNX)', 3]);
    const page = await engine.modelPage(model('vit/eager-18.onnx'));
    assert.ok(page.facts.some(({ title, value }) => title === 'Inputs' && value === 'pixel_values'));
    assert.ok(!page.facts.some(({ title }) => title === 'Context'));
    const text = { kind: 'text', texts: ['a cat'] } as const;
    await assert.rejects(
      engine.open({ material: text, by: { model: model('vit/eager-18.onnx') } }),
      /^ModelError: vit\/eager-18\.onnx \(ViT\) reads images, not text\./,
    );
    const bert: ModelReference = { kind: 'file', path: join(fixtures, 'onnx/bert/eager-14.onnx') };
    await assert.rejects(
      engine.open({ material: image, by: { model: bert } }),
      /\(BERT\) reads text, not images\. Select a model that reads images/,
    );
    await assert.rejects(
      open(model('vit/eager-18.onnx'), {
        interventions: [{ layer: 0, step: 'weights', set: { kind: 'zero' } }],
      }),
      /is an ONNX export: its own graph computes all of its layers/,
    );
  });

  it('says how pixels are put to a graph that nothing is said of, and lets them be put otherwise', async () => {
    const scratch = await mkdtemp(join(tmpdir(), 'onnx-image-'));
    try {
      for (const file of ['eager-14.onnx', 'sdpa-18.onnx']) {
        await cp(join(folder, 'vit', file), join(scratch, file));
      }
      const fixed = await open({ kind: 'file', path: join(scratch, 'sdpa-18.onnx') });
      assert.deepEqual(fixed.summary.queries.grid, { rows: 5, columns: 5, first: 1 });
      assert.match(
        fixed.summary.notices.join('\n'),
        /No preprocessor_config\.json lies beside sdpa-18\.onnx, .* to the size that the graph reads, .* “ImageNet’s mean and deviation”/,
      );
      // ViTImageProcessor's own are 0.5: the attentions of the fixture.
      await fixed.change({ colours: 'half' });
      const expected = await tensorsIn(join(folder, 'vit/expected.safetensors'));
      const wanted = at(at(tensorNamed(expected, 'attentions'), 1), 2);
      const slice = () => fixed.slice({ inspection: '', step: 'weights', layer: 1, head: 2 });
      assertClose(await slice(), wanted, 1e-4, 'colours from −1 to 1');
      await fixed.change({ channels: 'bgr' });
      assert.notDeepEqual((await slice()).data, wanted.data);
      await engine.close(fixed.id);
    } finally {
      await rm(scratch, { recursive: true });
    }
  });

  it('is refused where the file beside it makes other sizes than the graph reads', async () => {
    const scratch = await mkdtemp(join(tmpdir(), 'onnx-image-'));
    try {
      await cp(join(folder, 'vit'), scratch, { recursive: true });
      const config = join(scratch, 'preprocessor_config.json');
      const changed = (await readFile(config, 'utf8')).replaceAll('20', '24');
      await writeFile(config, changed);
      await assert.rejects(
        open({ kind: 'file', path: join(scratch, 'sdpa-18.onnx') }),
        /sdpa-18\.onnx reads images of 20 × 20 pixels, not 24 × 24/,
      );
    } finally {
      await rm(scratch, { recursive: true });
    }
  });
});
