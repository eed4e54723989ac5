import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Engine } from '../../../../src/inspection/core/engine.js';
import { Inspection } from '../../../../src/inspection/core/inspection.js';
import type { Material, OpenRequest } from '../../../../src/protocol.js';
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
import { spansIn } from '../../../support/spans.js';

/** Made by make_emoji_scenes.py. */
const folder = join(fixtures, 'emoji-scenes');
const captions = readJson<Readonly<Record<string, string>>>(
  readFileSync(join(folder, 'captions.json'), 'utf8'),
);
/** What tools/scenes/export.py measured. */
interface Measured {
  readonly exact_on_fresh_scenes: number;
  readonly exact_on_pairs_kept_back: number;
  readonly exact_on_another_style: number;
  /** By layer and head. */
  readonly pointing: readonly (readonly number[])[];
  readonly pointing_by_chance: number;
}

const pictures = Object.keys(captions).filter((name) => name !== 'given');
const scene = 'apple-and-cats.png';

describe('An image that the embedded captioner writes about', () => {
  const engine = new Engine(platform, media);
  let expected: Tensors;
  before(async () => {
    expected = await tensorsIn(join(folder, 'expected.safetensors'));
  });
  after(() => engine.dispose());

  function material(name: string, text?: string): Material {
    const path = join(media, 'sample', name);
    return { kind: 'image', file: { kind: 'path', path }, ...(text === undefined ? {} : { text }) };
  }

  async function open(
    name: string,
    rest: Omit<OpenRequest, 'material'> = {},
    text?: string,
  ): Promise<Inspection> {
    const opened = await engine.open({ material: material(name, text), ...rest });
    assert.ok(opened instanceof Inspection);
    return opened;
  }

  async function assertWeights(inspection: Inspection, key: string): Promise<void> {
    const wanted = tensorNamed(expected, key);
    const { layers, heads, queries, keys } = inspection.summary;
    assert.deepEqual(wanted.shape, [layers, heads, queries.count, keys.count], key);
    for (let layer = 0; layer < layers; layer++) {
      for (let head = 0; head < heads; head++) {
        const slice = await inspection.slice({ inspection: '', step: 'weights', layer, head });
        // What is masked is no number here, and 0 there.
        const data = slice.data.map((weight) => (Number.isNaN(weight) ? 0 : weight));
        assertClose(
          { shape: slice.shape, data },
          at(at(wanted, layer), head),
          1e-4,
          `${key}: ${layer}, ${head}`,
        );
      }
    }
  }

  for (const name of pictures) {
    it(`is told as transformers tells it, with the weights that it computes: ${name}`, async () => {
      const inspection = await open(name);
      const { queries, keys, continuation, title, subtitle, media: brought, continues } = inspection.summary;
      const caption = captions[name] ?? '';
      const ids = tensorNamed(expected, `${name}: ids`).data;
      assert.equal(title.startsWith(`${name} → “${caption.slice(0, 20)}`), true, title);
      assert.ok(
        subtitle.endsWith(`${ids.length - 1} target tokens from 65 image tokens (8 × 8 patches)`),
        subtitle,
      );
      assert.deepEqual(continuation?.ids, [...ids.slice(1)]);
      assert.deepEqual(queries.words, [...caption.split(' '), '</s>']);
      assert.deepEqual(keys.grid, { rows: 8, columns: 8, first: 1 });
      assert.deepEqual([brought.length, brought[0]?.kind, continues], [1, 'image', true]);
      const [none, first] = keys.marks ?? [];
      assert.equal(none, null);
      const size = brought[0]?.kind === 'image' ? brought[0] : assert.fail();
      assert.deepEqual(first, {
        kind: 'box',
        medium: 'image-0',
        x: 0,
        y: 0,
        width: size.width / 8,
        height: size.height / 8,
      });
      assert.equal(inspection.preview({ medium: 'image-0', side: 32 }).width, 32);
      await assertWeights(inspection, `${name}: cross`);
      await engine.close(inspection.id);
    });
  }

  it('shows how patches look at each other, and words at words, when that is asked for', async () => {
    const inspection = await open(scene);
    const [attention] = inspection.summary.parameters;
    assert.ok(attention?.kind === 'choice');
    assert.deepEqual(
      attention.choices.map(({ title }) => title),
      ['Text to image', 'Image to image', 'Text to text'],
    );
    const encoder = await inspection.change({ attention: 'encoder' }, {});
    assert.deepEqual(encoder.queries, encoder.keys);
    assert.deepEqual(encoder.queries.grid, { rows: 8, columns: 8, first: 1 });
    await assertWeights(inspection, `${scene}: encoder`);
    const decoder = await inspection.change({ attention: 'decoder' }, {});
    assert.deepEqual(decoder.keys.words?.slice(0, 4), ['<s>', 'a', 'red', 'apple']);
    await assertWeights(inspection, `${scene}: decoder`);
    await engine.close(inspection.id);
  });

  it('says what else could have stood at each place', async () => {
    const inspection = await open(scene);
    const logits = tensorNamed(expected, `${scene}: logits`);
    for (const query of [0, 3]) {
      const { candidates, actual } = await inspection.candidates({ inspection: '', query, count: 5 });
      const own = [...at(logits, query).data];
      const order = own.map((_, id) => id).toSorted((a, b) => (own[b] ?? 0) - (own[a] ?? 0));
      assert.deepEqual(
        candidates.map(({ id }) => id),
        order.slice(0, 5),
      );
      const sum = own.reduce((all, logit) => all + Math.exp(logit), 0);
      for (const { id, logit, probability } of candidates) {
        assert.ok(Math.abs(logit - (own[id] ?? NaN)) < 1e-3);
        assert.ok(Math.abs(probability - Math.exp(own[id] ?? NaN) / sum) < 1e-4);
      }
      assert.equal(actual?.rank, 0);
    }
    await engine.close(inspection.id);
  });

  it('reads a caption that is given, whether it is right or not, and goes on after it', async () => {
    const given = captions['given'] ?? '';
    const inspection = await open(scene, {}, given);
    const { queries, media: brought, continuation, notices } = inspection.summary;
    assert.deepEqual(queries.words, given.split(' '));
    assert.deepEqual(brought.slice(1), [{ id: 'text-0', kind: 'text', index: 0 }]);
    assert.deepEqual(
      spansIn(queries)?.map((span) => given.slice(span?.start, span?.end)),
      given.split(' '),
    );
    assert.equal(continuation, undefined);
    assert.deepEqual(notices, []);
    await assertWeights(inspection, 'given: cross');
    const further = await inspection.continue({ inspection: '', tokens: 4 }, {});
    assert.equal(further.ending, 'end');
    assert.equal(inspection.summary.notices[0]?.startsWith('After the target that was given'), true);
    await engine.close(inspection.id);
  });

  it('has again what was written before', async () => {
    const first = await open(scene, { parameters: { length: 2 } });
    const continuation = first.summary.continuation ?? assert.fail('nothing to keep');
    assert.equal(continuation.ids.length, 2);
    const again = await open(scene, { continuation });
    assert.deepEqual(again.summary.continuation, continuation);
    await engine.close(first.id);
    await engine.close(again.id);
  });

  it('takes what is set in any of the three attentions', async () => {
    const silenced = await open(scene, {
      interventions: [
        { layer: 3, step: 'weights', head: 1, set: { kind: 'zero' }, attention: 'encoder' },
        { layer: 1, step: 'weights', head: 2, set: { kind: 'zero' }, attention: 'cross' },
      ],
    });
    const cross = await silenced.slice({ inspection: '', step: 'weights', layer: 1, head: 2 });
    assert.ok(cross.data.every((weight) => weight === 0));
    const plain = tensorNamed(expected, `${scene}: cross`);
    const other = await silenced.slice({ inspection: '', step: 'weights', layer: 0, head: 0 });
    // What the encoder gives is another now, and so is where the first word looks.
    const own = at(at(plain, 0), 0).data;
    assert.ok(other.data.slice(0, 65).some((weight, key) => Math.abs(weight - (own[key] ?? 0)) > 1e-3));
    await silenced.change({ attention: 'encoder' }, {});
    const encoder = await silenced.slice({ inspection: '', step: 'weights', layer: 3, head: 1 });
    assert.ok(encoder.data.every((weight) => weight === 0));
    await engine.close(silenced.id);
  });

  it('is written alike where the weights are held for one layer at a time', async () => {
    const narrow = new Engine(platform, media, 400_000);
    const opened = await narrow.open({ material: material(scene) });
    assert.ok(opened instanceof Inspection);
    assert.deepEqual(opened.summary.continuation?.ids, [
      ...tensorNamed(expected, `${scene}: ids`).data.slice(1),
    ]);
    assert.ok(opened.summary.notices.some((notice) => notice.includes('read anew for each layer')));
    await assertWeights(opened, `${scene}: cross`);
    await narrow.dispose();
  });

  it('is small, and listed among those that read images', async () => {
    assert.ok(statSync(join(media, 'models', 'emoji-scenes', 'model.safetensors')).size < 3e6);
    const page = await engine.modelPage({ kind: 'scenes' });
    assert.deepEqual(
      page.stacks.map(({ title, layers }) => [title, layers]),
      [
        ['Encoder', 4],
        ['Decoder', 2],
      ],
    );
    assert.equal(page.unused.count, 0);
    const facts = new Map(page.facts.map(({ title, value }) => [title, value]));
    assert.equal(facts.get('Layers × heads'), 'encoder 4 × 4, decoder 2 × 4');
    assert.equal(facts.get('Vocabulary'), '171 tokens');
    assert.equal(facts.get('Tokens'), '65 of an image of usual shape: 8 × 8 patches and 1 special token');
    for (const stack of [0, 1]) await engine.modelLayer({ kind: 'scenes' }, { stack, layer: 1 });
    assert.equal(page.model.reads, 'image');
    assert.equal(page.model.writes, true);
  });

  it('is as good as is said of it', async () => {
    const measured = readJson<Measured>(
      readFileSync(join(media, 'models', 'emoji-scenes', 'measured.json'), 'utf8'),
    );
    const readme = readFileSync(join(process.cwd(), 'README.md'), 'utf8');
    const [said = ''] = readme.match(/<!-- scenes: begin -->.*<!-- scenes: end -->/s) ?? [];
    for (const share of [
      measured.exact_on_fresh_scenes,
      measured.exact_on_pairs_kept_back,
      measured.exact_on_another_style,
      measured.pointing_by_chance,
      ...measured.pointing.flat(),
    ]) {
      assert.ok(said.includes(`${(100 * share).toFixed(1)} %`), `README does not say ${share}`);
    }
    // The apple, where it is about to be written: the head that pointed best looks at its patches.
    const best = measured.pointing.flat().indexOf(Math.max(...measured.pointing.flat()));
    const inspection = await open(scene);
    const { queries, keys } = inspection.summary;
    const place = { layer: Math.floor(best / 4), head: best % 4 };
    const noun = queries.words?.indexOf('apple') ?? -1;
    const { data } = await inspection.slice({ inspection: '', step: 'weights', ...place });
    const row = [...data.slice(noun * keys.count + 1, (noun + 1) * keys.count)];
    const mark = keys.marks?.[1 + row.indexOf(Math.max(...row))];
    assert.ok(mark?.kind === 'box');
    assert.ok(mark.x < 29 && mark.x + 8 > 4 && mark.y < 44 && mark.y + 8 > 19, JSON.stringify(mark));
    await engine.close(inspection.id);
  });

  it('is refused in a sentence where there is nothing to read, or text is given to it', async () => {
    const refused = async (request: OpenRequest, message: RegExp): Promise<void> => {
      await assert.rejects(engine.open(request), ({ message: said }: Error) => {
        assert.match(said, message);
        return true;
      });
    };
    await refused({ material: material(scene, ' ') }, /^The caption that was given is empty\.$/);
    await refused(
      { material: material('none.png') },
      /^none\.png cannot be opened: there is no such file\.$/,
    );
    await refused(
      { material: { kind: 'text', texts: ['a cat'] }, by: { model: { kind: 'scenes' } } },
      /^emoji-scenes \(ViT \+ GPT-2\) reads images, not text\./,
    );
  });
});
