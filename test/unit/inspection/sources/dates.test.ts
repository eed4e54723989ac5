import assert from 'node:assert/strict';
import { join } from 'node:path';
import { Engine } from '../../../../src/inspection/core/engine.js';
import { inspectText, type OpenInspection } from '../../../../src/inspection/index.js';
import { dateScores } from '../../../../src/common/embedded-models.js';
import { openText } from '../../../support/inspections.js';
import { spansIn } from '../../../support/spans.js';
import { platform } from '../../../support/platform.js';

const media = join(process.cwd(), 'media');

describe('an inspection of a written date', function () {
  this.timeout(60_000);
  const open: OpenInspection[] = [];
  async function inspect(
    text: string,
    score: (typeof dateScores)[number] = 'bahdanau',
    params: Readonly<Record<string, string | number>> = {},
  ): Promise<OpenInspection> {
    const inspection = await inspectText(text, { media, model: { kind: 'dates', score }, params });
    open.push(inspection);
    return inspection;
  }

  afterEach(async () => {
    await Promise.all(open.splice(0).map((inspection) => inspection.dispose()));
  });

  it('has output characters as queries, and source characters with their places as keys', async () => {
    for (const score of dateScores) {
      const { summary } = await inspect('3 mai 1979', score);
      assert.equal(summary.title, '“3 mai 1979” → 1979-05-03');
      assert.deepEqual(summary.queries, { count: 10, words: [...'1979-05-03'] });
      assert.deepEqual(summary.keys.words, [...'3 mai 1979']);
      assert.deepEqual(
        spansIn(summary.keys),
        [...'3 mai 1979'].map((_, start) => ({ start, end: start + 1 })),
      );
      assert.equal(summary.mechanism.id, score === 'transformer' ? 'multi-head' : score);
    }
  });

  it('knows where each character stands: behind an emoji, with marks, full-width, Arabic', async () => {
    const text = '📅 le 5 aou\u0302t ２０２１';
    const { keys } = (await inspect(text)).summary;
    const found = spansIn(keys)?.map((place) => place && text.slice(place.start, place.end));
    assert.deepEqual(keys.words?.slice(-10), [...'août 2021'.normalize('NFC')].toSpliced(0, 0, ' '));
    assert.deepEqual(found?.slice(-8), ['o', 'u\u0302', 't', ' ', '２', '０', '２', '１']);
    assert.equal(found?.[0], '📅');
    const arabic = await inspect('١٧ سبتمبر ١٩٦٢');
    assert.deepEqual(arabic.summary.keys.words?.slice(-4), [...'1962']);
    assert.deepEqual(spansIn(arabic.summary.keys)?.at(-1), { start: 13, end: 14 });
  });

  it('rows of weights sum to 1, in every layer and head', async () => {
    for (const score of dateScores) {
      const inspection = await inspect('2021年3月9日', score);
      const { layers, heads } = inspection.summary;
      assert.equal(layers * heads, score === 'transformer' ? 8 : 1);
      for (let at = 0; at < layers * heads; at++) {
        const place = { layer: Math.floor(at / heads), head: at % heads };
        const { data, shape } = await inspection.slice('weights', place);
        assert.deepEqual(shape, [10, 9]);
        for (let row = 0; row < 10; row++) {
          const sum = data.subarray(row * 9, row * 9 + 9).reduce((a, b) => a + b, 0);
          assert.ok(Math.abs(sum - 1) < 1e-5, `${score}, row ${row}: ${sum}`);
        }
      }
    }
  });

  it('a digit of the year looks at its own digit in the text', async () => {
    for (const score of ['bahdanau', 'luong'] as const) {
      const { data } = await (await inspect('5 august 1987', score)).slice('weights');
      const looked = [0, 1, 2, 3].map((row) => {
        const own = data.subarray(row * 13, row * 13 + 13);
        return own.indexOf(Math.max(...own));
      });
      // What a recurrent encoder knows of a character is in its neighbours’ states too.
      looked.forEach((key, row) => assert.ok(Math.abs(key - (9 + row)) <= 1, `${score}, row ${row}: ${key}`));
    }
  });

  it('a Transformer is seen from three sides; its decoder does not look ahead', async () => {
    const inspection = await inspect('3 mai 1979', 'transformer', { attention: 'decoder' });
    const { queries, keys } = inspection.summary;
    assert.deepEqual(queries.words, [...'1979-05-03']);
    assert.deepEqual(keys, { count: 10, words: ['[START]', ...'1979-05-0'] });
    const { data } = await inspection.slice('weights', { layer: 1, head: 3 });
    data.forEach((weight, at) => assert.equal(Number.isNaN(weight), at % 10 > Math.floor(at / 10)));
    const { queries: own, title } = await inspection.change({ attention: 'encoder' });
    assert.equal(title, '“3 mai 1979” → 1979-05-03');
    assert.deepEqual(own.words, [...'3 mai 1979']);
    assert.deepEqual((await inspection.slice('weights', { layer: 1 })).shape, [10, 10]);
  });

  it('has the arithmetic of a cell, which comes to what ran', async () => {
    for (const score of dateScores) {
      const inspection = await inspect('3 mai 1979', score);
      for (const { name } of inspection.steps) {
        const { value } = await inspection.arithmetic(name, { row: 1, column: 2 });
        const { data } = await inspection.slice(name, { rows: [1, 2], columns: [2, 3] });
        assert.ok(Math.abs(value - (data[0] ?? Number.NaN)) < 1e-6, `${score}: ${name}`);
      }
    }
  });

  it('has gradients of its attention, which end at the states', async () => {
    const inspection = await inspect('3 mai 1979', 'luong', { gradient: 'norm' });
    const names = inspection.steps.map(({ name }) => name);
    for (const name of ['gradient_weights', 'gradient_scores', 'gradient_S', 'gradient_H'])
      assert.ok(names.includes(name), name);
    const { data } = await inspection.slice('gradient_H');
    assert.ok(data.every(Number.isFinite) && data.some((each) => each !== 0));
  });

  it('the program of its steps starts from the states', async () => {
    const code = await (await inspect('3 mai 1979')).code('numpy');
    assert.match(code, /^S = np\.load\("S\.npy"\)/m);
    assert.doesNotMatch(code, /gru/);
  });

  it('a temperature is that of the decoder too', async () => {
    const inspection = await inspect('3 mai 1979');
    const before = await inspection.slice('S');
    const { title } = await inspection.change({ temperature: 100 });
    const after = await inspection.slice('S');
    // The first state is asked before anything was looked at; the next comes from a flat context.
    assert.deepEqual(after.data.subarray(0, 128), before.data.subarray(0, 128));
    assert.notDeepEqual(after.data.subarray(128, 256), before.data.subarray(128, 256));
    assert.match(title, /→/);
  });

  it('says what it is, and how often it is right', async () => {
    const [notice] = (await inspect('3 mai 1979')).summary.notices;
    assert.match(
      notice ?? '',
      /^dates-bahdanau knows only dates\. \d\d\.\d % of held-out dates .* never seen\.$/,
    );
  });

  it('says that a text is no date, and how much of a long one was used', async () => {
    const plain = (await inspect('hello world')).summary;
    assert.ok(plain.notices.some((each) => each.includes('there is no digit in it')));
    const long = (await inspect(`3 mai 1979 ${'7 '.repeat(40)}`)).summary;
    assert.equal(long.keys.count, 64);
    assert.ok(long.notices.some((each) => /^This does not look like one date: \d+ digits/.test(each)));
    assert.ok(long.notices.includes('Truncated to the model’s limit: 64 of 90 characters.'));
    const endless = (await inspect(`3 mai 1979 ${'7 '.repeat(5_000_000)}`)).summary;
    assert.ok(
      endless.notices.some((each) =>
        /^Truncated to the model’s limit: 64 of more than 16\d{3} characters\.$/.test(each),
      ),
    );
    const strange = (await inspect('☃ 3 mai 1979')).summary;
    assert.ok(strange.notices.some((each) => each.startsWith('It cannot tell ☃ from other characters')));
    await assert.rejects(inspect(' \n\u200e'), {
      message: 'There is no date to inspect: the text is empty.',
    });
  });

  it('refuses a parameter that the decoder could not keep to', async () => {
    await assert.rejects(inspect('3 mai 1979', 'luong', { mask: 'causal' }), /no parameter “mask” here/);
    await assert.rejects(
      inspect('3 mai 1979', 'transformer', { attention: 'self' }),
      /Attention can be cross, encoder, decoder, not self/,
    );
  });

  it('stands side by side with the other models, and with variants of itself', async () => {
    const engine = new Engine(platform, media);
    try {
      const base = await openText(engine, {
        text: '3 mai 1979',
        model: { kind: 'dates', score: 'transformer' },
        parameters: { attention: 'cross' },
      });
      const variants = await engine.compare({
        inspection: base.id,
        variants: [
          { mechanism: 'bahdanau' },
          { mechanism: 'luong' },
          { temperature: 2 },
          { attention: 'encoder' },
          { mechanism: 'linear' },
          { mask: 'causal' },
        ],
      });
      assert.deepEqual(
        variants.map((each) => each.kind === 'variant' && [each.summary.mechanism.id, each.summary.heads]),
        [['bahdanau', 1], ['luong', 1], ['multi-head', 4], ['multi-head', 4], false, false],
      );
      for (const each of variants.slice(0, 2))
        assert.ok(each.kind === 'variant' && each.summary.title === base.summary.title);
    } finally {
      await engine.dispose();
    }
  });

  it('a mechanism without a model runs on the embedded model’s words', async () => {
    const inspection = await inspectText('One two three.', {
      media,
      model: { kind: 'dates', score: 'luong' },
      mechanism: 'luong',
    });
    open.push(inspection);
    assert.equal(inspection.summary.title, 'Embeddings of all-MiniLM-L6-v2');
  });
});
