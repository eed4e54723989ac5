import assert from 'node:assert/strict';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Engine } from '../../../../src/inspection/core/engine.js';
import { Inspection } from '../../../../src/inspection/core/inspection.js';
import { inspectImage, inspectText } from '../../../../src/inspection/index.js';
import type {
  FileReference,
  ModelReference,
  OpenRequest,
  ParameterValues,
} from '../../../../src/protocol.js';
import { assertClose, at, fixtures, tensorNamed, tensorsIn } from '../../../support/models/expected.js';
import { platform } from '../../../support/platform.js';

const media = join(process.cwd(), 'media');
const images = join(process.cwd(), 'test/fixtures/media/images');
const vision = join(fixtures, 'vision');
const read = readdirSync(vision).filter((name) =>
  readdirSync(join(vision, name)).includes('pipeline.safetensors'),
);

const folder = (name: string): ModelReference => ({ kind: 'folder', path: join(vision, name) });
const file = (name: string): FileReference => ({ kind: 'path', path: join(images, name) });

describe('an inspection of an image', () => {
  const engine = new Engine(platform, media);
  after(() => engine.dispose());

  async function open(
    name: string,
    image: FileReference,
    rest: Omit<OpenRequest, 'by' | 'material'> = {},
  ): Promise<Inspection> {
    const opened = await engine.open({
      material: { kind: 'image', file: image },
      by: { model: folder(name) },
      ...rest,
    });
    assert.ok(opened instanceof Inspection);
    return opened;
  }

  for (const name of read) {
    it(`is what transformers makes of its file: ${name}`, async () => {
      const expected = await tensorsIn(join(vision, name, 'pipeline.safetensors'));
      const names = [...expected.keys()].flatMap((key) => key.match(/^(.*): attentions$/)?.[1] ?? []);
      assert.ok(names.length > 5);
      for (const each of names) {
        const inspection = await open(name, file(each));
        const { layers, heads, queries } = inspection.summary;
        const attentions = tensorNamed(expected, `${each}: attentions`);
        assert.deepEqual(attentions.shape, [layers, heads, queries.count, queries.count], each);
        for (let layer = 0; layer < layers; layer++) {
          for (let head = 0; head < heads; head++) {
            const slice = await inspection.slice({ inspection: '', step: 'weights', layer, head });
            const wanted = at(at(attentions, layer), head);
            assertClose(slice, wanted, 1e-4, `${name}, ${each}: layer ${layer}, head ${head}`);
          }
        }
        const logits = expected.get(`${each}: logits`);
        if (logits === undefined) {
          assert.throws(() => inspection.classes({ count: 3 }), /does not sort what it reads into classes/);
          continue;
        }
        const { classes } = inspection.classes({ count: 1000 });
        assert.equal(classes.length, logits.data.length);
        const scores = expected.get(`${each}: scores`);
        for (const { index, label, logit, probability } of classes) {
          assert.equal(label, ['a cat', 'a dog', 'neither'][index]);
          assert.ok(Math.abs(logit - (logits.data[index] ?? NaN)) < 1e-4, `${each}: ${label} has ${logit}`);
          if (scores === undefined) continue;
          const wanted = scores.data[index] ?? NaN;
          assert.ok(Math.abs(probability - wanted) < 1e-4, `${each}: ${label} has ${probability}`);
        }
        const order = classes.map(({ logit }) => logit);
        assert.deepEqual(
          order,
          order.toSorted((a, b) => b - a),
        );
        await engine.close(inspection.id);
      }
    });
  }

  it('names its tokens, and says where each lies on the original', async () => {
    const inspection = await open('vit', file('jpeg-444.jpg'));
    const { media: brought, queries, keys, title, subtitle } = inspection.summary;
    assert.equal(title, 'jpeg-444.jpg · vit');
    assert.equal(subtitle, 'ViT · 2 layers × 3 heads · 26 tokens (5 × 5 patches)');
    assert.deepEqual(brought, [
      {
        id: 'image-0',
        kind: 'image',
        name: 'jpeg-444.jpg',
        width: 37,
        height: 23,
        seen: { x: 0, y: 0, width: 37, height: 23 },
      },
    ]);
    assert.deepEqual(queries, keys);
    assert.deepEqual(queries.words?.slice(0, 7), ['[CLS]', '0, 0', '0, 1', '0, 2', '0, 3', '0, 4', '1, 0']);
    assert.deepEqual(queries.grid, { rows: 5, columns: 5, first: 1 });
    const [none, ...marks] = queries.marks ?? [];
    assert.equal(none, null);
    marks.forEach((mark, index) => {
      assert.ok(mark?.kind === 'box');
      assert.equal(mark.medium, 'image-0');
      const place = [mark.x, mark.y, mark.width, mark.height];
      const wanted = [(index % 5) * 7.4, Math.floor(index / 5) * 4.6, 7.4, 4.6];
      place.forEach((edge, which) => {
        assert.ok(Math.abs(edge - (wanted[which] ?? NaN)) < 1e-9, `${index}: ${place.join(' ')}`);
      });
    });
    await engine.close(inspection.id);
  });

  it('has places that a crop moved, and registers, distillation and pixels that fill no patch', async () => {
    const cut = await open('dinov2', file('jpeg-444.jpg'));
    // 37 × 23 becomes 35 × 22, of which the middle 20 × 20 is read: 7 to the left of it, 1 above.
    const [medium] = cut.summary.media;
    assert.ok(medium?.kind === 'image');
    const close = (found: object, wanted: Readonly<Record<string, number>>): void => {
      for (const [edge, number] of Object.entries(found)) {
        if (typeof number !== 'number') continue;
        assert.ok(Math.abs(number - (wanted[edge] ?? NaN)) < 1e-9, `${edge} is ${number}`);
      }
    };
    close(medium.seen, {
      x: (7 * 37) / 35,
      y: 23 / 22,
      width: (20 * 37) / 35,
      height: (20 * 23) / 22,
    });
    const mark = cut.summary.queries.marks?.[1 + 5 + 2];
    assert.ok(mark?.kind === 'box');
    close(mark, {
      x: (15 * 37) / 35,
      y: (5 * 23) / 22,
      width: (4 * 37) / 35,
      height: (4 * 23) / 22,
    });
    assert.match(
      cut.summary.notices.join('\n'),
      /The image was resized from 37 × 23 to 35 × 22 pixels, cut to the middle of it: the model is given 20 × 20 pixels\./,
    );

    const registers = await open('dinov2-registers', file('jpeg-444.jpg'));
    const { words, grid } = registers.summary.queries;
    assert.deepEqual(words?.slice(0, 5), ['[CLS]', '[REG 0]', '[REG 1]', '[REG 2]', '0, 0']);
    assert.deepEqual(grid, { rows: 4, columns: 7, first: 4 });
    const said = registers.summary.notices.join('\n');
    assert.match(said, /Of the 28 × 18 pixels .* the last 2 at the bottom fill no patch of 4 × 4/);
    assert.match(said, /its positions are interpolated for 7 × 4, as its family does/);

    const distilled = await open('deit-distilled', file('jpeg-444.jpg'));
    assert.deepEqual(distilled.summary.queries.words?.slice(0, 3), ['[CLS]', '[DIST]', '0, 0']);

    const padded = await open('siglip', file('jpeg-444.jpg'));
    assert.deepEqual(padded.summary.queries.grid, { rows: 5, columns: 5, first: 0 });
    await Promise.all([cut, registers, distilled, padded].map(({ id }) => engine.close(id)));
  });

  it('is looked at upright, in the size that is asked for', async () => {
    const inspection = await open('vit', file('turned-6.jpg'));
    const [medium] = inspection.summary.media;
    assert.ok(medium?.kind === 'image');
    assert.deepEqual([medium.width, medium.height], [23, 37]);
    const whole = inspection.preview({ medium: 'image-0', side: 400 });
    assert.deepEqual([whole.width, whole.height, whole.data.length], [23, 37, 4 * 23 * 37]);
    const small = inspection.preview({ medium: 'image-0', side: 10 });
    assert.deepEqual([small.width, small.height], [6, 10]);
    for (let pixel = 3; pixel < small.data.length; pixel += 4) assert.equal(small.data[pixel], 255);
    // Blue grows from top to bottom of the picture as it was drawn.
    const mean = (rows: readonly number[], channel: number): number =>
      rows.reduce((sum, row) => sum + (small.data[4 * (row * 6 + 3) + channel] ?? 0), 0) / rows.length;
    assert.notEqual(mean([0, 1, 2], 1), mean([7, 8, 9], 1));
    assert.throws(() => inspection.preview({ medium: 'image-1', side: 10 }), /has no image “image-1”/);
    await engine.close(inspection.id);
  });

  it('says what became of alpha, of frames, of an image from bytes', async () => {
    const notices = async (image: FileReference): Promise<string> => {
      const inspection = await open('vit', image);
      await engine.close(inspection.id);
      return inspection.summary.notices.join('\n');
    };
    assert.match(await notices(file('rgba.png')), /Transparency is dropped/);
    assert.match(await notices(file('frames.gif')), /the first frame is read/);
    const siglip = await open('siglip', file('clear.gif'));
    assert.match(siglip.summary.notices.join('\n'), /What the file calls transparent is white for the model/);
    await engine.close(siglip.id);
    assert.match(await notices(file('clear.gif')), /Transparency is dropped/);
    const bytes = await readFile(join(images, 'rgb.png'));
    const said = await notices({ kind: 'bytes', name: 'cell 3.png', bytes });
    assert.doesNotMatch(said, /Transparency|first/);
  });

  it('runs again with other parameters, with gradients, and with steps set from outside', async () => {
    const inspection = await open('vit', file('jpeg-444.jpg'));
    const before = inspection.classes({ count: 3 });
    const change = (values: ParameterValues): Promise<unknown> => inspection.change(values);
    const row = async (): Promise<Float32Array> => {
      const { data } = await inspection.slice({ inspection: '', step: 'weights', layer: 1, head: 0 });
      return data.subarray(0, 26);
    };
    const plain = await row();
    await change({ temperature: 4 });
    const flat = await row();
    assert.ok(Math.max(...flat) < Math.max(...plain), 'it is flatter');
    const warm = inspection.classes({ count: 3 });
    assert.notDeepEqual(warm.classes, before.classes);
    await change({ temperature: 1, gradient: 'sum' });
    const gradients = inspection.summary.steps.filter(({ phase }) => phase === 'gradient');
    assert.ok(gradients.length > 0);
    for (const { name } of gradients) {
      const { data } = await inspection.slice({ inspection: '', step: name, layer: 1, head: 2 });
      assert.ok(data.every(Number.isFinite) && data.some((value) => value !== 0), name);
    }
    await change({ gradient: 'none' });
    await inspection.change({ temperature: 1 }, {}, [
      { layer: 0, step: 'weights', head: 1, set: { kind: 'zero' } },
    ]);
    const { data } = await inspection.slice({ inspection: '', step: 'weights', layer: 0, head: 1 });
    assert.ok(data.every((weight) => weight === 0));
    assert.match(inspection.summary.notices.join('\n'), /weights \(layer 0, head 1\) is 0/);
    assert.notDeepEqual(inspection.classes({ count: 3 }).classes, before.classes);
    await inspection.change({}, {}, []);
    assert.deepEqual(inspection.classes({ count: 3 }).classes, before.classes);
    await engine.close(inspection.id);
  });

  for (const name of read) {
    it(`tells what each weight adds to a class’s logit, through all layers: ${name}`, async () => {
      const expected = await tensorsIn(join(vision, name, 'pipeline.safetensors'));
      if (!expected.has('jpeg-444.jpg: logits')) {
        await assert.rejects(
          open(name, file('jpeg-444.jpg'), { parameters: { gradient: 'class' } }),
          /class/,
        );
        return;
      }
      const inspection = await open(name, file('jpeg-444.jpg'));
      const likeliest = inspection.classes({ count: 1 }).classes[0]?.index;
      for (const index of [0, 1]) {
        await inspection.change({ gradient: 'class', class: index });
        const gradients = tensorNamed(expected, `jpeg-444.jpg: gradients ${index}`);
        const attentions = tensorNamed(expected, 'jpeg-444.jpg: attentions');
        const { layers, heads, parameters } = inspection.summary;
        assert.equal(parameters.find((each) => each.name === 'class')?.default, likeliest);
        const largest = gradients.data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
        for (let layer = 0; layer < layers; layer++) {
          for (let head = 0; head < heads; head++) {
            const of = (step: string) => inspection.slice({ inspection: '', step, layer, head });
            const wanted = at(at(gradients, layer), head);
            const what = `${name}: class ${index}, layer ${layer}, head ${head}`;
            assertClose(await of('gradient_weights'), wanted, 1e-4 * Math.max(1, largest), what);
            const weights = at(at(attentions, layer), head).data;
            const product = wanted.data.map((value, cell) => value * (weights[cell] ?? NaN));
            const times = { shape: wanted.shape, data: product };
            assertClose(await of('gradient_times_weights'), times, 1e-4 * Math.max(1, largest), what);
          }
        }
      }
      await engine.close(inspection.id);
    });
  }

  it('goes through one layer after the other, there and back, where weights may not be held', async () => {
    const small = new Engine(platform, media, 1);
    try {
      const opened = await small.open({
        material: { kind: 'image', file: file('jpeg-444.jpg') },
        by: { model: folder('dinov2-registers') },
        parameters: { gradient: 'class', class: 1 },
      });
      assert.ok(opened instanceof Inspection);
      assert.match(opened.summary.notices.join('\n'), /they are read anew for each layer/);
      const expected = await tensorsIn(join(vision, 'dinov2-registers/pipeline.safetensors'));
      const of = (step: string) => opened.slice({ inspection: '', step, layer: 0, head: 2 });
      const wanted = (name: string) => at(at(tensorNamed(expected, `jpeg-444.jpg: ${name}`), 0), 2);
      assertClose(await of('weights'), wanted('attentions'), 1e-4, 'weights');
      assertClose(await of('gradient_weights'), wanted('gradients 1'), 1e-4, 'gradient');
    } finally {
      await small.dispose();
    }
  });

  it('is refused in a sentence where the model reads no images, or none is named, or there is no image', async () => {
    const refused = async (request: OpenRequest, message: RegExp): Promise<void> => {
      await assert.rejects(engine.open(request), ({ message: said }: Error) => {
        assert.match(said, message);
        return true;
      });
    };
    const image = { kind: 'image', file: file('rgb.png') } as const;
    const bert = { kind: 'folder', path: join(fixtures, 'bert') } as const;
    await refused(
      { material: image, by: { model: bert } },
      /^bert \(BERT\) reads text, not images\. Select a model that reads images: BEiT, CLIP, .*ViT\.$/,
    );
    await refused({ material: image, by: { model: { kind: 'embedded' } } }, /reads text, not images/);
    await refused(
      { material: image, by: { mechanism: 'multi-head' } },
      /^An image is read by a model for images, which has to be named/,
    );
    await refused(
      { material: { kind: 'text', texts: ['a cat'] }, by: { model: folder('vit') } },
      /^vit \(ViT\) reads images, not text\. Inspect an image with it, or select a model for text\.$/,
    );
    const by = { model: folder('vit') };
    const of = (given: FileReference): OpenRequest => ({ material: { kind: 'image', file: given }, by });
    await refused(of(file('none.png')), /^none\.png cannot be opened: there is no such file\.$/);
    await refused(of({ kind: 'path', path: images }), /^images is a folder, not a file\.$/);
    await refused(
      of({ kind: 'bytes', name: 'empty.png', bytes: new Uint8Array() }),
      /^empty\.png is empty: there is no image in it\.$/,
    );
    const text = new TextEncoder().encode('no image at all');
    await refused(
      of({ kind: 'bytes', name: 'a.png', bytes: text }),
      /^a\.png is not an image that can be read/,
    );
    const whole = await readFile(join(images, 'rgb.png'));
    await refused(
      of({ kind: 'bytes', name: 'half.png', bytes: whole.subarray(0, 200) }),
      /^half\.png (?:ends too early|is damaged)/,
    );
  });

  it('is offered to plain Node', async () => {
    const model = join(vision, 'vit');
    const inspection = await inspectImage(join(images, 'turned-6.jpg'), { media, model });
    try {
      const expected = await tensorsIn(join(model, 'pipeline.safetensors'));
      const [, logits] = ['attentions', 'logits'].map((what) =>
        tensorNamed(expected, `turned-6.jpg: ${what}`),
      );
      const [first] = await inspection.classes(1);
      assert.ok(first !== undefined && logits !== undefined);
      assert.ok(Math.abs(first.logit - Math.max(...logits.data)) < 1e-4);
      const { width, height, data } = await inspection.preview({ side: 30 });
      assert.deepEqual([width, height, data.length], [19, 30, 4 * 19 * 30]);
      const row = await inspection.slice('weights', { layer: 1, head: 2, rows: [0, 1] });
      assert.deepEqual(row.shape, [1, 26]);
    } finally {
      await inspection.dispose();
    }
    const text = await inspectText('a cat', { media });
    await assert.rejects(text.preview(), /shows no image/);
    await assert.rejects(text.classes(), /does not sort what it reads/);
    await text.dispose();
    const written = await inspectImage(join(images, 'rgb.png'), { media, model, text: 'a cat' });
    assert.match(
      written.summary.notices.join('\n'),
      /vit writes nothing about images: the text .* is not used/,
    );
    await written.dispose();
  });

  it('ends where it is cancelled', async () => {
    const stopped = AbortSignal.abort(new Error('enough'));
    await assert.rejects(
      engine.open(
        { material: { kind: 'image', file: file('rgb.png') }, by: { model: folder('vit') } },
        { signal: stopped },
      ),
      /enough/,
    );
  });

  it('is of several classes at once where the model says so, and says what is missing beside the model', async () => {
    const scratch = await mkdtemp(join(tmpdir(), 'image-'));
    try {
      const path = join(scratch, 'vit');
      await cp(join(vision, 'vit'), path, { recursive: true });
      const config = await readFile(join(path, 'config.json'), 'utf8');
      await writeFile(
        join(path, 'config.json'),
        config.replace('"model_type"', '"problem_type": "multi_label_classification", "model_type"'),
      );
      const several = await engine.open({
        material: { kind: 'image', file: file('jpeg-444.jpg') },
        by: { model: { kind: 'folder', path } },
      });
      assert.ok(several instanceof Inspection);
      for (const { logit, probability } of several.classes({ count: 3 }).classes) {
        assert.ok(Math.abs(probability - 1 / (1 + Math.exp(-logit))) < 1e-12);
      }
      assert.match(several.summary.notices.join('\n'), /each has a probability of its own \(sigmoid\)/);
      await engine.close(several.id);

      await rm(join(path, 'preprocessor_config.json'));
      const bare = await engine.open({
        material: { kind: 'image', file: file('jpeg-444.jpg') },
        by: { model: { kind: 'folder', path } },
      });
      assert.ok(bare instanceof Inspection);
      // 224 × 224, as ViTImageProcessor does by itself.
      assert.deepEqual(bare.summary.queries.grid, { rows: 56, columns: 56, first: 1 });
      assert.match(
        bare.summary.notices.join('\n'),
        /There is no preprocessor_config\.json beside the model: images are prepared as ViTImageProcessor/,
      );
      await engine.close(bare.id);
    } finally {
      await rm(scratch, { recursive: true });
    }
  });
});
