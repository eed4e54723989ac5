import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Engine } from '../../../../src/inspection/core/engine.js';
import { Inspection } from '../../../../src/inspection/core/inspection.js';
import type { OpenRequest, ParameterValues } from '../../../../src/protocol.js';
import {
  assertClose,
  at,
  fixtures,
  media,
  readJson,
  tensorNamed,
  tensorsIn,
  type Tensors,
} from '../../../support/models/expected.js';
import { platform } from '../../../support/platform.js';

const folder = join(fixtures, 'contrastive');
const images = join(process.cwd(), 'test/fixtures/media/images');
const captions = readJson<string[]>(readFileSync(join(folder, 'captions.json'), 'utf8'));
const names = readdirSync(folder).filter((name) => !name.endsWith('.json'));
const files = ['jpeg-444.jpg', 'rgba.png'];

describe('an image and captions', () => {
  const engine = new Engine(platform, media);
  after(() => engine.dispose());

  async function open(
    name: string,
    image: string,
    text: string | undefined,
    rest: Omit<OpenRequest, 'by' | 'material'> = {},
  ): Promise<Inspection> {
    const file = { kind: 'path', path: join(images, image) } as const;
    const opened = await engine.open({
      material: { kind: 'image', file, ...(text === undefined ? {} : { text }) },
      by: { model: { kind: 'folder', path: join(folder, name) } },
      ...rest,
    });
    assert.ok(opened instanceof Inspection);
    return opened;
  }

  async function assertAttentions(inspection: Inspection, expected: Tensors, key: string): Promise<void> {
    const { layers, heads, queries, keys } = inspection.summary;
    const attentions = tensorNamed(expected, key);
    assert.deepEqual(attentions.shape, [layers, heads, queries.count, keys.count], key);
    for (let layer = 0; layer < layers; layer++) {
      for (let head = 0; head < heads; head++) {
        const slice = await inspection.slice({ inspection: '', step: 'weights', layer, head });
        const wanted = at(at(attentions, layer), head);
        // What a causal mask hides is 0 there.
        const data = slice.data.map((value) => (Number.isNaN(value) ? 0 : value));
        assertClose({ shape: slice.shape, data }, wanted, 1e-4, `${key}: layer ${layer}, head ${head}`);
      }
    }
  }

  function assertClasses(inspection: Inspection, expected: Tensors, file: string): void {
    const [logits, probabilities] = ['logits', 'probabilities'].map((key) =>
      tensorNamed(expected, `${file}: ${key}`),
    );
    const embedding = tensorNamed(expected, `${file}: embedding`).data;
    const { classes } = inspection.classes({ count: 100 });
    assert.deepEqual(
      new Set(classes.map(({ label }) => label)),
      new Set(captions),
      'each caption is a class',
    );
    for (const { index, label, logit, probability, similarity } of classes) {
      assert.equal(label, captions[index]);
      const cosine = cosineOf(embedding, tensorNamed(expected, `${index}: embedding`).data);
      for (const [found, wanted] of [
        [logit, logits?.data[index]],
        [probability, probabilities?.data[index]],
        [similarity, cosine],
      ]) {
        assert.ok(
          Math.abs((found ?? NaN) - (wanted ?? NaN)) < 1e-4,
          `${file}, ${label}: ${found}, ${wanted}`,
        );
      }
    }
  }

  for (const name of names) {
    it(`are compared as transformers does, and both halves shown: ${name}`, async () => {
      const expected = await tensorsIn(join(folder, name, 'expected.safetensors'));
      for (const file of files) {
        const inspection = await open(name, file, captions.join('\n'));
        await assertAttentions(inspection, expected, `${file}: attentions`);
        assertClasses(inspection, expected, file);
        for (const [index, caption] of captions.entries()) {
          await inspection.change({ attention: 'text', caption: String(index) });
          const { queries, title } = inspection.summary;
          assert.equal(queries.count, tensorNamed(expected, `${index}: ids`).data.length);
          assert.ok(title.startsWith(`“${caption.slice(0, 10)}`), title);
          await assertAttentions(inspection, expected, `${index}: attentions`);
          const hidden = await inspection.slice({ inspection: '', step: 'hidden', layer: 0, head: 0 });
          assertClose(hidden, tensorNamed(expected, `${index}: last`), 1e-4, `${name}: caption ${index}`);
          assertClasses(inspection, expected, file);

          await inspection.change({ attention: 'match', caption: String(index) });
          const { steps, mechanism } = inspection.summary;
          assert.ok(!steps.some(({ role }) => role === 'weights'), 'it is no attention');
          assert.match(mechanism.title, /not attention/);
          const own = async (step: string) => inspection.slice({ inspection: '', step, layer: 0, head: 0 });
          assertClose(
            await own('similarity'),
            tensorNamed(expected, `${file}: match ${index}`),
            1e-4,
            'match',
          );
          assertClose(await own('projected_words'), tensorNamed(expected, `${index}: words`), 1e-4, 'words');
          assertClose(
            await own('projected_patches'),
            tensorNamed(expected, `${file}: patches`),
            1e-4,
            'patches',
          );
          const logits = tensorNamed(expected, `${file}: logits`);
          assertClose(await own('logits'), { ...logits, shape: [1, captions.length] }, 1e-4, 'logits');
          assertClasses(inspection, expected, file);
        }
        await engine.close(inspection.id);
      }
    });

    it(`show the attention that pools patches, where there is one: ${name}`, async () => {
      const expected = await tensorsIn(join(folder, name, 'expected.safetensors'));
      const [file = ''] = files;
      const inspection = await open(name, file, captions.join('\n'));
      const pooling = expected.get(`${file}: pooling`); // (head, query, key)
      if (pooling === undefined) {
        await assert.rejects(inspection.change({ attention: 'pooling' }), /pooling/);
      } else {
        await inspection.change({ attention: 'pooling' });
        const { heads, queries } = inspection.summary;
        assert.deepEqual([heads, queries.count], pooling.shape.slice(0, 2));
        for (let head = 0; head < heads; head++) {
          const slice = await inspection.slice({ inspection: '', step: 'weights', layer: 0, head });
          assertClose(slice, at(pooling, head), 1e-4, `pooling, head ${head}`);
        }
        assertClasses(inspection, expected, file);
      }
      await engine.close(inspection.id);
    });

    it(`lead back from a caption’s logit to the attention: ${name}`, async () => {
      const expected = await tensorsIn(join(folder, name, 'expected.safetensors'));
      const [file = ''] = files;
      const parameters: ParameterValues = { gradient: 'class', class: 1 };
      const inspection = await open(name, file, captions.join('\r\n'), { parameters });
      const gradients = tensorNamed(expected, `${file}: gradients 1`);
      for (const [layer, head] of [
        [0, 1],
        [1, 2],
      ] as const) {
        const slice = await inspection.slice({ inspection: '', step: 'gradient_weights', layer, head });
        const wanted = at(at(gradients, layer), head);
        assertClose(slice, wanted, 1e-4, `${name}: layer ${layer}, head ${head}`);
      }
      await engine.close(inspection.id);
    });
  }

  it('say what was compared, what was cut off and what has no end', async () => {
    const inspection = await open('clip-first', 'rgba.png', `  ${captions.join('\n\n ')}\n`);
    const { notices, parameters, queries } = inspection.summary;
    const said = notices.join('\n');
    assert.match(
      said,
      /^Compared with 4 captions, one a line: the image is most similar to “.*” \(cosine -?\d\.\d{4}\)\./,
    );
    assert.match(said, /softmax over the captions that were given/);
    assert.match(said, /Caption 4: Truncated to the model’s limit: 18 of 22 tokens\./);
    assert.match(said, /Caption 2 has no token that ends it .* its first token stands for it\./);
    const [attention, caption] = parameters;
    assert.ok(attention?.kind === 'choice' && caption?.kind === 'choice');
    assert.equal(attention.choices.at(-1)?.title, 'None: similarity of words and patches');
    assert.deepEqual(
      caption.choices.slice(0, 3).map(({ title }) => title),
      captions.slice(0, 3),
    );
    assert.equal(queries.grid?.columns, 5);
    await inspection.change({ attention: 'text', caption: '1' });
    const { media: brought, queries: words } = inspection.summary;
    assert.deepEqual(
      brought.map(({ kind }) => kind),
      ['image', 'text'],
    );
    const mark = words.marks?.[1];
    assert.ok(mark?.kind === 'span');
    // Where it stands in all that was brought.
    assert.equal(mark.start, 2 + (captions[0] ?? '').length + 3);
    await engine.close(inspection.id);
  });

  it('are refused where there is none, or too many', async () => {
    await assert.rejects(open('clip', 'rgba.png', ' \n '), {
      message: 'The caption that was given is empty.',
    });
    await assert.rejects(open('clip', 'rgba.png', 'a cat\n'.repeat(65)), {
      message: 'An image is compared with at most 64 captions at a time, one a line; there are 65.',
    });
  });

  it('are asked for where there is an image alone, and a text alone is read by its half', async () => {
    const inspection = await open('siglip', 'rgba.png', undefined);
    assert.match(inspection.summary.notices.join('\n'), /siglip reads texts as well: give captions/);
    await engine.close(inspection.id);
    const expected = await tensorsIn(join(folder, 'siglip', 'expected.safetensors'));
    const text = await engine.open({
      material: { kind: 'text', texts: [captions[0] ?? ''] },
      by: { model: { kind: 'folder', path: join(folder, 'siglip') } },
    });
    assert.ok(text instanceof Inspection);
    await assertAttentions(text, expected, '0: attentions');
    const { notices, continues } = text.summary;
    assert.equal(continues, false);
    assert.match(notices.join('\n'), /filled up to 12 tokens/);
    assert.match(notices.join('\n'), /it says no next token/);
    await engine.close(text.id);
  });

  it('take what is set in either half along to what is compared', async () => {
    const inspection = await open('clip', 'rgba.png', captions.join('\n'));
    const before = inspection.classes({ count: 4 });
    const zero = { layer: 0, step: 'output', set: { kind: 'zero' } } as const;
    await inspection.change({}, {}, [zero]);
    assert.notDeepEqual(inspection.classes({ count: 4 }).classes, before.classes);
    await assert.rejects(inspection.change({ attention: 'match' }), /Take back what is set/);
    await inspection.change({}, {}, []);
    assert.deepEqual(inspection.classes({ count: 4 }).classes, before.classes);
    await inspection.change({ attention: 'text', caption: '2' }, {}, [zero]);
    const { classes } = inspection.classes({ count: 4 });
    for (const { index, logit } of classes) {
      const plain = before.classes.find((each) => each.index === index)?.logit ?? NaN;
      assert.equal(Math.abs(logit - plain) < 1e-5, index !== 2, captions[index]);
    }
    await engine.close(inspection.id);
  });
});

function cosineOf(a: Float32Array, b: Float32Array): number {
  const dot = (x: Float32Array, y: Float32Array): number =>
    x.reduce((sum, value, index) => sum + value * (y[index] ?? NaN), 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}
