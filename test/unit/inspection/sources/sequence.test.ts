import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Engine } from '../../../../src/inspection/core/engine.js';
import { inspectText, type OpenInspection } from '../../../../src/inspection/index.js';
import { generate } from '../../../../src/inspection/run/generation.js';
import { SequenceRun, tokenInput } from '../../../../src/inspection/run/sequence-run.js';
import { Model } from '../../../../src/models/model.js';
import { Runtime } from '../../../../src/runtime/session.js';
import { fixtures, media, readJson, tensorNamed, tensorsIn } from '../../../support/models/expected.js';
import { openText } from '../../../support/inspections.js';
import { spansIn } from '../../../support/spans.js';
import { platform } from '../../../support/platform.js';

/** Of make_sequences.py: what generate makes of a text, and the weights of the decoder's attention to it. */
interface Written {
  readonly text: string;
  readonly ids: readonly number[];
  readonly said: readonly number[];
  readonly decoded: string;
  /** (layer, head, query, key) */
  readonly cross: readonly number[];
  readonly shape: readonly number[];
}

const folder = join(fixtures, 't5-text');
const written = readJson<readonly Written[]>(readFileSync(join(folder, 'written.json'), 'utf8'));
const [plain, summary, translated] = written;
assert.ok(plain !== undefined && summary !== undefined && translated !== undefined);

describe('Text through an encoder–decoder model', () => {
  const open: OpenInspection[] = [];
  async function inspect(
    text: string,
    params: Readonly<Record<string, string | number>> = {},
    second?: string,
  ): Promise<OpenInspection> {
    const more = second === undefined ? {} : { second };
    const inspection = await inspectText(text, { media, model: folder, params, ...more });
    open.push(inspection);
    return inspection;
  }
  afterEach(async () => {
    await Promise.all(open.splice(0).map((each) => each.dispose()));
  });

  async function weightsOf(inspection: OpenInspection): Promise<readonly number[]> {
    const { layers, heads } = inspection.summary;
    const all: number[] = [];
    for (let layer = 0; layer < layers; layer++) {
      for (let head = 0; head < heads; head++) {
        all.push(...(await inspection.slice('weights', { layer, head })).data);
      }
    }
    return all;
  }
  function assertNear(found: readonly number[], expected: readonly number[], tolerance: number): void {
    assert.equal(found.length, expected.length);
    const worst = found.reduce(
      (most, value, at) => Math.max(most, Math.abs(value - (expected[at] ?? NaN))),
      0,
    );
    assert.ok(worst < tolerance, `differs by ${worst}`);
  }

  it('is written as transformers’ greedy decoding writes it, and first shows target × source', async () => {
    const inspection = await inspect(plain.text, { length: plain.said.length });
    const { queries, keys, layers, heads, title, notices } = inspection.summary;
    assert.deepEqual([layers, heads, queries.count, keys.count], plain.shape);
    assert.equal(title.startsWith('“The weight assigned to each…” → “'), true);
    assert.ok(notices[0]?.includes(`“${plain.decoded}” – and it was not over.`), notices[0]);
    assertNear(await weightsOf(inspection), plain.cross, 1e-5);
  });

  it('says where the source’s tokens stand in the text, and nothing of what was written', async () => {
    const { queries, keys } = (await inspect(plain.text)).summary;
    assert.equal(queries.marks, undefined);
    const places = spansIn(keys)?.slice(0, -1) ?? [];
    assert.ok(places.every((place) => place !== null));
    const words = places.map((place) => plain.text.slice(place?.start, place?.end).trim());
    const spelled = keys.words?.slice(0, -1).map((word) => word.trim());
    // The sign for a space that stands before the text is placed at the text’s first letter.
    assert.deepEqual(words.slice(1), spelled?.slice(1));
    assert.equal(keys.marks?.at(-1), null);
  });

  it('puts the words of a task before the text, which have no place in it', async () => {
    const inspection = await inspect(plain.text, {
      task: 'summarization',
      length: summary.said.length,
    });
    assertNear(await weightsOf(inspection), summary.cross, 1e-5);
    const places = spansIn(inspection.summary.keys) ?? [];
    const [before] = places.flatMap((place) => place ?? []);
    assert.deepEqual(before?.start, 0);
    assert.ok(places.slice(0, 3).every((place) => place === null));
  });

  it('shows the other two attentions of the same run', async () => {
    const inspection = await inspect(translated.text, { length: translated.said.length });
    const [n, m] = [translated.said.length, translated.ids.length];
    const encoder = await inspection.change({ attention: 'encoder' });
    assert.deepEqual([encoder.layers, encoder.queries.count, encoder.keys.count], [2, m, m]);
    assert.equal(encoder.continues, false);
    const decoder = await inspection.change({ attention: 'decoder' });
    assert.deepEqual([decoder.layers, decoder.queries.count, decoder.keys.count], [3, n, n]);
    assert.deepEqual(decoder.queries.words?.slice(0, -1), decoder.keys.words?.slice(1));
    assert.ok(decoder.parameters.every(({ name }) => name !== 'mask'));
    const rows = await inspection.slice('weights', { layer: 2, head: 1 });
    for (let row = 0; row < n; row++) {
      const own = [...rows.data.subarray(row * n, (row + 1) * n)];
      const sum = own.reduce((total, weight) => total + (Number.isNaN(weight) ? 0 : weight), 0);
      assert.ok(Math.abs(sum - 1) < 1e-5);
      assert.ok(own.every((weight, at) => at <= row || !(weight > 0)));
    }
    const cross = await inspection.change({ attention: 'cross' });
    assert.deepEqual([cross.queries.count, cross.keys.count], [n, m]);
    assertNear(await weightsOf(inspection), translated.cross, 1e-5);
  });

  it('says what was expected where a token was written', async () => {
    const inspection = await inspect(plain.text, { length: 6 });
    assert.equal(inspection.summary.rows, 'written');
    for (const [row, id] of plain.said.slice(0, 6).entries()) {
      const { candidates, actual } = await inspection.candidates(row, 3);
      assert.equal(candidates[0]?.id, id);
      assert.deepEqual([actual?.id, actual?.rank], [id, 0]);
    }
  });

  it('goes on where it ended too early, to what is written at once', async () => {
    const inspection = await inspect(plain.text, { length: 6 });
    const { summary: longer, ending } = await inspection.continue({ tokens: plain.said.length - 6 });
    assert.deepEqual([longer.queries.count, ending], [plain.said.length, 'length']);
    assertNear(await weightsOf(inspection), plain.cross, 1e-5);
  });

  it('says so where tokens were drawn, and is the same in another process', async () => {
    const model = { kind: 'folder', path: folder } as const;
    const parameters = { length: 6, attention: 'decoder' };
    const [first, second] = [new Engine(platform, media), new Engine(platform, media)];
    try {
      const inspection = await openText(first, { text: plain.text, model, parameters });
      assert.match(inspection.summary.notices[0] ?? '', /^Written, always with the likeliest token next: /);
      const sampling = { method: 'sample', temperature: 3, seed: 5 } as const;
      await inspection.continue({ inspection: inspection.id, tokens: 9, sampling });
      const { queries, notices, continuation } = inspection.summary;
      assert.match(notices[0] ?? '', /^Written, with tokens that were drawn: /);
      assert.equal(continuation?.ids.length, 15);
      const again = await openText(second, { text: plain.text, model, parameters, continuation });
      assert.deepEqual(again.summary.queries, queries);
      assert.deepEqual(again.summary.notices, notices);
      assert.deepEqual(again.summary.continuation, continuation);
      // Other attention weights lead to another target.
      const { summary: anew } = await (
        await openText(second, { text: plain.text, model, continuation })
      ).variant('anew', { temperature: 3 });
      assert.match(anew.notices[0] ?? '', /^Written, always with the likeliest token next: /);
    } finally {
      await Promise.all([first.dispose(), second.dispose()]);
    }
  });

  it('stays what it is while variants of it are written beside it', async () => {
    const engine = new Engine(platform, media);
    try {
      const request = {
        text: plain.text,
        model: { kind: 'folder', path: folder },
        parameters: { length: 6 },
      } as const;
      const inspection = await openText(engine, request);
      const { id } = inspection;
      const sampling = { method: 'sample', temperature: 3, seed: 5 } as const;
      await inspection.continue({ inspection: id, tokens: 4, sampling });
      const { queries } = inspection.summary;
      const [variant] = await engine.compare({ inspection: id, variants: [{ temperature: 3 }] });
      assert.ok(variant?.kind === 'variant');
      await inspection.change({ attention: 'encoder' });
      assert.deepEqual((await inspection.change({ attention: 'cross' })).queries, queries);
    } finally {
      await engine.dispose();
    }
  });

  it('is not written anew where another of its attentions is looked at', async () => {
    const inspection = await inspect(plain.text, { length: 6 });
    await inspection.continue({ tokens: 4, sampling: { method: 'sample', temperature: 3, seed: 5 } });
    const { queries } = inspection.summary;
    for (const attention of ['encoder', 'decoder', 'cross']) await inspection.change({ attention });
    assert.deepEqual(inspection.summary.queries, queries);
  });

  it('says nothing of its own after a target that was given and is over', async () => {
    const engine = new Engine(platform, media);
    try {
      const request = {
        text: plain.text,
        model: { kind: 'folder', path: folder },
        second: 'query and key',
      } as const;
      const inspection = await openText(engine, request);
      const { id } = inspection;
      // Its last token says that it is over.
      const { ending, summary } = await inspection.continue({ inspection: id, tokens: 3 });
      assert.equal(ending, 'end');
      assert.deepEqual(summary.notices, []);
      assert.equal(summary.continuation, undefined);
    } finally {
      await engine.dispose();
    }
  });

  it('is given a target instead of writing one', async () => {
    const inspection = await inspect(plain.text, {}, 'query and key');
    const { queries, notices, parameters } = inspection.summary;
    assert.equal(queries.words?.join('').trim(), 'query and key</s>');
    assert.deepEqual(notices, []);
    assert.ok(parameters.every(({ name }) => name !== 'length'));
  });

  it('is written anew under another temperature of the attention that is shown', async () => {
    const inspection = await inspect(plain.text, { length: 12 });
    const before = await weightsOf(inspection);
    const changed = await inspection.change({ temperature: 3 });
    const flat = (await inspection.slice('weights')).data;
    assert.ok(Math.max(...flat) < Math.max(...before));
    await inspection.change({ temperature: 1 });
    assertNear(await weightsOf(inspection), before, 1e-6);
    assert.equal(changed.revision, 2);
  });

  it('is refused where there is nothing', async () => {
    await assert.rejects(inspect('  '), /There is no text to inspect: it is empty\./);
    await assert.rejects(inspect(plain.text, {}, ' '), /There is no text to inspect: it is empty\./);
  });
});

for (const [how, limits] of [
  ['', {}],
  [', also layer by layer where no weights may be held', { bytes: 1 }],
] as const)
  describe(`Encoder–decoder models write what transformers’ generate writes${how}`, () => {
    const runtime = new Runtime(platform, limits);
    after(() => runtime.dispose());

    for (const name of [
      't5',
      't5-gated',
      'mt5',
      'bart',
      'mbart',
      'marian',
      'marian-apart',
      'm2m-100',
      'pegasus',
    ]) {
      it(name, async () => {
        const model = await Model.open(platform, join(fixtures, name));
        // There is no tokenizer to tell what was said.
        const withoutText = Object.assign(Object.create(model) as Model, {
          decode: () => Promise.resolve(''),
        });
        const expected = await tensorsIn(join(fixtures, name, 'expected.safetensors'));
        const [start = 0, ...continuation] = tensorNamed(expected, 'greedy').data;
        const { decoder } = model;
        assert.ok(decoder !== undefined);
        const attention = { ...decoder.attention, encoder: model.attention };
        const ids = [...tensorNamed(expected, 'ids').data];
        const run = await SequenceRun.open(model, tokenInput(model, ids), attention, runtime, {});
        const generation = await model.generation();
        assert.equal(generation.start, start);
        await run.target.append([start]);
        const rules = {
          limit: decoder.limit,
          forced: (at: number) => (at === 1 ? generation.first : undefined),
        };
        await generate(withoutText, run.target, { tokens: continuation.length }, () => false, {}, rules);
        assert.deepEqual(run.target.ids.slice(1), continuation);
        await model.dispose();
      });
    }
  });

describe('A Marian checkpoint as it is published', () => {
  it('reads a text by its own SentencePiece models, and writes with them', async () => {
    const inspection = await inspectText('>>fra<< the weight of a value', {
      media,
      model: join(fixtures, 'marian-text'),
      params: { length: 5 },
    });
    const { keys, queries, title } = inspection.summary;
    assert.deepEqual([keys.words?.[0], keys.words?.at(-1)], ['>>fra<<', '</s>']);
    assert.equal(queries.count, 5);
    assert.ok(title.startsWith('“>>fra<< the weight of a val…” → “'));
    await inspection.dispose();
  });
});
