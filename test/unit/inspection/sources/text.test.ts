import assert from 'node:assert/strict';
import { join } from 'node:path';
import { Engine } from '../../../../src/inspection/core/engine.js';
import { inspectText, type OpenInspection } from '../../../../src/inspection/index.js';
import { openText } from '../../../support/inspections.js';
import { spansIn } from '../../../support/spans.js';
import { platform } from '../../../support/platform.js';

const media = join(process.cwd(), 'media');

describe('an inspection of text', () => {
  const open: OpenInspection[] = [];
  async function inspect(
    text: string,
    options: Parameters<typeof inspectText>[1] = {},
  ): Promise<OpenInspection> {
    const inspection = await inspectText(text, { media, ...options });
    open.push(inspection);
    return inspection;
  }

  afterEach(async () => {
    await Promise.all(open.splice(0).map((inspection) => inspection.dispose()));
  });

  it('has the embedded model’s six layers and twelve heads, and every row of weights sums to 1', async () => {
    const inspection = await inspect('The animal didn’t cross the street because it was too tired.');
    const { layers, heads, queries, subtitle } = inspection.summary;
    assert.equal(subtitle, `BERT · 6 layers × 12 heads · ${queries.count} tokens`);
    for (let at = 0; at < layers * heads; at++) {
      const { data } = await inspection.slice('weights', { layer: Math.floor(at / heads), head: at % heads });
      for (let row = 0; row < queries.count; row++) {
        const sum = data.subarray(row * queries.count, (row + 1) * queries.count).reduce((a, b) => a + b, 0);
        assert.ok(Math.abs(sum - 1) < 1e-5, `row ${row} of head ${at} sums to ${sum}`);
      }
    }
  });

  it('keeps each token’s place in the text, in UTF-16 units; special tokens have none', async () => {
    const text = '😀 Crème\r\nbrûlée <b>';
    const { queries } = (await inspect(text)).summary;
    const { words = [] } = queries;
    const places = spansIn(queries) ?? [];
    assert.equal(words.at(0), '[CLS]');
    assert.equal(places.at(0), null);
    assert.equal(places.at(-1), null);
    const found = places.flatMap((place) => (place === null ? [] : [text.slice(place.start, place.end)]));
    assert.equal(found.join(''), text.replaceAll(/\s/g, ''));
  });

  it('says how much of a long text was used', async () => {
    const { summary } = await inspect('word '.repeat(600));
    assert.equal(summary.queries.count, 512);
    assert.deepEqual(summary.notices, ['Truncated to the model’s limit: 512 of 602 tokens.']);
  });

  it('does not cut all of ten megabytes, and says that there is more', async () => {
    const { summary } = await inspect('word '.repeat(2_000_000));
    assert.equal(summary.queries.count, 512);
    const [notice = ''] = summary.notices;
    const [, counted = ''] =
      /^Truncated to the model’s limit: 512 of more than (\d+) tokens\.$/.exec(notice) ?? [];
    assert.ok(Number(counted) > 512 && Number(counted) < 5000, notice);
  });

  it('a causal mask never looks ahead, in any layer, and is undone', async () => {
    const inspection = await inspect('One two three four.');
    const before = await inspection.slice('weights', { layer: 5, head: 11 });
    await inspection.change({ mask: 'causal' });
    for (const layer of [0, 5]) {
      const { data, shape } = await inspection.slice('weights', { layer, head: 11 });
      const [, width = 0] = shape;
      data.forEach((weight, at) => {
        assert.equal(Number.isNaN(weight), at % width > Math.floor(at / width));
      });
    }
    await inspection.change({ mask: 'none' });
    assert.deepEqual((await inspection.slice('weights', { layer: 5, head: 11 })).data, before.data);
  });

  it('a causal model that is larger than what may be held runs layer by layer, to the same numbers', async () => {
    const [free, narrow] = [new Engine(platform, media), new Engine(platform, media, 5e6)];
    try {
      const text = 'This package contains the development files and the documentation of a small library.';
      const [whole, streamed] = await Promise.all(
        [free, narrow].map((engine) => openText(engine, { text, model: { kind: 'gpt' } })),
      );
      assert.ok(whole !== undefined && streamed !== undefined);
      assert.deepEqual(whole.summary.notices, []);
      assert.match(
        streamed.summary.notices[0] ?? '',
        /^The weights of gpt-packages come to 19 MB as float32, and 5 MB may be held: they are read anew for each layer/,
      );
      for (const layer of [0, 2, 4]) {
        const place = { step: 'weights', layer, head: 5 };
        const [a, b] = await Promise.all(
          [whole, streamed].map((each) => each.slice({ inspection: each.id, ...place })),
        );
        a?.data.forEach((weight, at) => {
          const other = b?.data[at] ?? 0;
          assert.ok(Object.is(weight, other) || Math.abs(weight - other) < 1e-5);
        });
      }
    } finally {
      await free.dispose();
      await narrow.dispose();
    }
  });

  it('thumbnails are each head’s weights, pooled by the largest', async () => {
    const engine = new Engine(platform, media);
    try {
      const inspection = await openText(engine, {
        text: 'Twelve heads, six layers.',
        model: { kind: 'embedded' },
      });
      const { rows, columns, data } = await inspection.thumbnails(4);
      assert.deepEqual([rows, columns, data.length], [4, 4, 6 * 12 * 16]);
      const pool = { rows: 4, columns: 4, by: 'max' } as const;
      const place = { inspection: inspection.id, step: 'weights', layer: 2, head: 3 };
      const one = await inspection.slice({ ...place, pool });
      const offset = (2 * 12 + 3) * 16;
      one.data.forEach((weight, at) => {
        assert.ok(Math.abs(weight - (data[offset + at] ?? 0)) < 1e-6);
      });
      // Some layers are a part of all.
      const some = await inspection.thumbnails(4, {}, { start: 2, end: 4 });
      assert.deepEqual(some.data, data.subarray(2 * 12 * 16, 4 * 12 * 16));
      await assert.rejects(inspection.thumbnails(4, {}, { start: 5, end: 7 }), /There is no layer 6/);
    } finally {
      await engine.dispose();
    }
  });

  it('layers feed each other: a layer’s X is what the step before it gave', async () => {
    const inspection = await inspect('Short.');
    const first = await inspection.slice('X', { layer: 0 });
    const second = await inspection.slice('X', { layer: 1 });
    assert.equal(first.shape[1], 384);
    assert.notDeepEqual(first.data, second.data);
    const shared = await inspection.slice('X', { layer: 1, head: 7 });
    assert.deepEqual(shared.data, second.data, 'X is the same for all heads');
  });

  it('empty text, and a folder that is no checkpoint, are said in a sentence', async () => {
    await assert.rejects(inspect(' \n\t'), /no text to inspect/);
    await assert.rejects(
      inspect('text', { model: join(process.cwd(), 'src') }),
      /src is no checkpoint.*config\.json/,
    );
    await assert.rejects(inspect('text', { model: join(process.cwd(), 'nowhere') }), /nowhere/);
  });
});
