import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeNpy } from '../../../../src/formats/npy.js';
import {
  inspectFiles,
  inspectTensors,
  RolesNeeded,
  type OpenInspection,
  type ParameterValues,
} from '../../../../src/inspection/index.js';
import { seeded, tensor, type TestTensor } from '../../../support/inspection/numbers.js';

/** Rows of shares over the last axis, of any shape; `sees` tells of an entry of the first axis how many keys it has. */
function shares(shape: readonly number[], keysOf: (first: number) => number = () => Infinity): TestTensor {
  const keys = shape.at(-1) ?? 1;
  const rows = shape.reduce((size, extent) => size * extent, 1) / keys;
  const perFirst = rows / (shape[0] ?? 1);
  return tensor(shape, (at) => {
    const count = Math.min(keys, keysOf(Math.floor(at / keys / perFirst)));
    return at % keys < count ? 1 / count : 0;
  });
}

describe('axes of given tensors', () => {
  let folder = '';
  let made = 0;
  const open: OpenInspection[] = [];

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'axes-'));
  });
  afterEach(async () => {
    await Promise.all(open.splice(0).map((inspection) => inspection.dispose()));
  });
  after(async () => {
    await rm(folder, { recursive: true });
  });

  /** Files of a folder of their own. */
  async function files(tensors: Readonly<Record<string, TestTensor>>): Promise<string[]> {
    const own = join(folder, String(made++));
    await mkdir(own);
    return Promise.all(
      Object.entries(tensors).map(async ([name, value]) => {
        const path = join(own, `${name}.npy`);
        await writeFile(path, encodeNpy(value));
        return path;
      }),
    );
  }
  async function inspect(tensors: Readonly<Record<string, TestTensor>>, params: ParameterValues = {}) {
    const inspection = await inspectFiles(await files(tensors), { params });
    open.push(inspection);
    return inspection;
  }
  const axesOf = ({ summary }: OpenInspection): Record<string, string> =>
    Object.fromEntries((summary.axes ?? []).map((each) => [each.role, each.axes.join(' ')]));
  async function asked(tensors: Readonly<Record<string, TestTensor>>): Promise<RolesNeeded> {
    const needed = await inspectFiles(await files(tensors)).catch((error: unknown) => error);
    assert.ok(needed instanceof RolesNeeded, String(needed));
    return needed;
  }

  const choicesOf = ({ question }: RolesNeeded): string[] =>
    question.settings?.[0]?.choices.map(({ value }) => value) ?? [];

  it('a batch is told by keys that its entries do not attend to', async () => {
    const padded = await inspect({ attn: shares([2, 3, 4, 4], (entry) => (entry === 0 ? 4 : 2)) });
    assert.deepEqual(axesOf(padded), { weights: 'batch head query key' });
    assert.deepEqual([padded.summary.layers, padded.summary.heads], [1, 3]);
    const averaged = await inspect({ attn: shares([2, 4, 4], (entry) => (entry === 0 ? 4 : 2)) });
    assert.deepEqual(axesOf(averaged), { weights: 'batch query key' });
  });

  it('weights that are too small for float16 are no padding', async () => {
    // One head attends so sharply that its other weights are 0 in float16.
    const sharp = tensor([2, 4, 4], (at) => (at < 16 ? (at % 4 === 0 ? 1 : 0) : 0.25));
    assert.deepEqual(choicesOf(await asked({ attn: sharp })), [
      'head query key',
      'batch query key',
      'layer query key',
    ]);
  });

  it('layers, a batch and heads that nothing tells apart are asked about, and each answer is taken', async () => {
    const needed = await asked({ attn: shares([2, 3, 4, 4]) });
    assert.match(needed.message, /^Choose what the axes of attn \(2, 3, 4, 4\) count/);
    assert.deepEqual(
      needed.question.settings?.map(({ parameter, choices }) => [
        parameter,
        choices.map(({ title }) => title),
      ]),
      [
        [
          'matrixAxes',
          [
            'layer 2 × head 3 × query 4 × key 4',
            'batch 2 × head 3 × query 4 × key 4',
            'layer 2 × batch 3 × query 4 × key 4',
            'batch 2 × layer 3 × query 4 × key 4',
          ],
        ],
      ],
    );
    const sizes = {
      'layer head': [2, 3],
      'batch head': [1, 3],
      'layer batch': [2, 1],
      'batch layer': [3, 1],
    };
    for (const [front, expected] of Object.entries(sizes)) {
      const matrixAxes = `${front} query key`;
      const { summary } = await inspect({ attn: shares([2, 3, 4, 4]) }, { matrixAxes });
      assert.deepEqual([summary.layers, summary.heads], expected, front);
      assert.equal(summary.axes?.[0]?.reason, 'as you said');
    }
    // Heads first: it is what one answers with Enter.
    const ofThree = ['head query key', 'batch query key', 'layer query key'];
    assert.deepEqual(choicesOf(await asked({ attn: shares([3, 4, 4]) })), ofThree);
    // Scores sum to nothing that tells which axis holds the keys.
    assert.deepEqual(choicesOf(await asked({ scores: shares([3, 4, 4]) })), [...ofThree, 'query key head']);
    for (const [matrixAxes, layers, heads] of [
      ['head query key', 1, 3],
      ['batch query key', 1, 1],
      ['layer query key', 3, 1],
    ] as const) {
      const { summary } = await inspect({ attn: shares([3, 4, 4]) }, { matrixAxes });
      assert.deepEqual([summary.layers, summary.heads], [layers, heads], matrixAxes);
    }
  });

  it('an axis of 1 is asked about as little as what differs in its place', async () => {
    assert.deepEqual(axesOf(await inspect({ attn: shares([1, 3, 4, 4]) })), {
      weights: 'batch head query key',
    });
    assert.deepEqual(axesOf(await inspect({ attn: shares([1, 4, 4]) })), { weights: 'batch query key' });
    assert.deepEqual(choicesOf(await asked({ attn: shares([3, 1, 4, 4]) })), [
      'layer head query key',
      'batch head query key',
    ]);
  });

  it('what one answers of weights is not asked again of the values beside them', async () => {
    const given = { weights: shares([2, 3, 4, 5]), V: tensor([2, 3, 5, 6], seeded(3)) };
    const needed = await asked(given);
    assert.deepEqual(
      needed.question.settings?.map(({ parameter }) => parameter),
      ['matrixAxes'],
    );
    const inspection = await inspect(given, { matrixAxes: 'batch head query key' });
    assert.deepEqual(axesOf(inspection), { weights: 'batch head query key', V: 'batch head key feature' });
    // Nor has it to be set twice.
    await inspection.change({ matrixAxes: 'layer head query key' });
    assert.deepEqual(axesOf(inspection), { weights: 'layer head query key', V: 'layer head key feature' });
  });

  it('names, siblings and a number of heads tell', async () => {
    const told: [Record<string, TestTensor>, string][] = [
      [{ 'attn.per_head': shares([3, 4, 4]) }, 'head query key'],
      [{ 'all_layers.attn': shares([2, 4, 4]) }, 'layer query key'],
      [{ attn: shares([2, 3, 4, 4]), input_ids: tensor([2, 4], (at) => at) }, 'batch head query key'],
      [{ attn: shares([3, 2, 4, 4]), input_ids: tensor([2, 4], (at) => at) }, 'layer batch query key'],
      [{ attn: shares([3, 4, 4]), n_heads: tensor([1], () => 3) }, 'head query key'],
      [{ 'blocks.0.attn.hook_pattern': shares([2, 3, 4, 4]) }, 'batch head query key'],
      [{ 'blocks.0.attn.hook_pattern': shares([3, 4, 4]) }, 'head query key'],
    ];
    for (const [given, axes] of told) {
      assert.equal(axesOf(await inspect(given))['weights'], axes, Object.keys(given).join(', '));
    }
    const named = await inspect({ 'layer_3.attn': shares([2, 3, 4, 4]) });
    assert.deepEqual(axesOf(named), { weights: 'batch head query key' });
    // Of one layer, averaged over its heads, or not.
    assert.deepEqual(choicesOf(await asked({ 'layer_3.attn': shares([3, 4, 4]) })), [
      'head query key',
      'batch query key',
    ]);
  });

  it('five axes and more open, with an entry to pick for each that is too many', async () => {
    const inspection = await inspect({ attention: shares([2, 3, 2, 2, 4, 4]) });
    assert.equal(axesOf(inspection)['weights'], 'batch layer batch head query key');
    assert.deepEqual([inspection.summary.layers, inspection.summary.heads], [3, 2]);
    const entries = inspection.summary.parameters.filter(({ name }) => name.startsWith('entry'));
    assert.deepEqual(
      entries.map(({ name }) => name),
      ['entry', 'entry2'],
    );
    await inspection.change({ entry: 1, entry2: 1 });
  });

  it('heads behind queries and keys are asked about, where the numbers sum to 1 there', async () => {
    // (query, key, head)
    const behind = tensor([4, 5, 2], () => 1 / 5);
    const { question } = await asked({ attention_weights: behind });
    const values = question.settings?.[0]?.choices.map(({ value }) => value) ?? [];
    assert.ok(values.includes('query key head') && values.includes('head query key'));
    const inspection = await inspect({ attention_weights: behind }, { matrixAxes: 'query key head' });
    assert.deepEqual((await inspection.slice('weights', { head: 1 })).shape, [4, 5]);
  });

  it('an input of three axes is layers where its projections are, else a batch or asked', async () => {
    const next = seeded(4);
    const projections = (...shape: number[]): Record<string, TestTensor> => ({
      W_Q: tensor(shape, next),
      W_K: tensor(shape, next),
      W_V: tensor(shape, next),
    });
    const layers = await inspectTensors({ X: tensor([3, 5, 4], next), ...projections(3, 4, 4) });
    open.push(layers);
    assert.equal(layers.summary.layers, 3);
    const batch = await inspect({ X: tensor([1, 5, 4], next), ...projections(4, 4) });
    assert.deepEqual(axesOf(batch), { X: 'batch query feature' });
    assert.equal(batch.summary.queries.count, 5);
    const needed = await asked({ X: tensor([3, 5, 4], next), ...projections(4, 4) });
    assert.deepEqual(
      needed.question.settings?.[0]?.choices.map(({ value }) => value),
      ['batch row feature', 'row batch feature'],
    );
  });

  it('labels tell how many rows there are', async () => {
    const next = seeded(5);
    const [Q, K] = [tensor([2, 5, 3, 4], next), tensor([2, 5, 3, 4], next)];
    await asked({ Q, K });
    const paths = await files({ Q, K });
    const [first = ''] = paths;
    await writeFile(first.replace('.npy', '.tokens.txt'), 'a\nb\nc\nd\ne\n');
    const needed = await inspectFiles(paths).catch((error: unknown) => error);
    assert.ok(needed instanceof RolesNeeded);
    assert.deepEqual(choicesOf(needed), [
      'batch row head feature',
      'layer row head feature',
      'layer row batch feature',
    ]);
    const inspection = await inspectFiles(paths, { params: { vectorAxes: 'batch row head feature' } });
    open.push(inspection);
    assert.equal(inspection.summary.queries.count, 5);
    assert.equal(inspection.summary.heads, 3);
  });

  it('fewer heads of keys, or none, are shared by those of queries in any order', async () => {
    const next = seeded(6);
    const Q = tensor([1, 5, 6, 4], next); // (batch, n, head, d)
    const K = tensor([1, 7, 2, 4], next);
    const inspection = await inspect({ Q, K });
    assert.deepEqual([inspection.summary.heads, inspection.summary.queries.count], [6, 5]);
    const vectorAxes = 'batch head row feature';
    const shared = await inspect(
      { Q: tensor([1, 6, 5, 4], next), K: tensor([1, 7, 4], next) },
      { vectorAxes },
    );
    assert.deepEqual([shared.summary.heads, shared.summary.keys.count], [6, 7]);
  });

  it('masks go with the entry that is picked', async () => {
    const next = seeded(8);
    const padding = tensor([2, 4], (at) => (at < 4 || at < 6 ? 1 : 0));
    const vectors = { Q: tensor([2, 3, 3, 8], next), K: tensor([2, 3, 4, 8], next) };
    const inspection = await inspect({ ...vectors, padding }, { vectorAxes: 'batch head row feature' });
    assert.ok((await inspection.slice('weights')).data.every((value) => value > 0));
    await inspection.change({ entry: 1 });
    const { data } = await inspection.slice('weights');
    assert.ok(data.every((value, at) => Number.isNaN(value) === at % 4 > 1));
  });

  it('a tokenizer’s attention_mask has a row for each entry, also where there are as many entries as queries', async () => {
    for (const batch of [2, 3]) {
      const next = seeded(20 + batch);
      // Of the entry that is counted from 0 so many last keys are padding.
      const attention_mask = tensor([batch, 4], (at) => (at % 4 >= 4 - Math.floor(at / 4) ? 0 : 1));
      const vectors = { Q: tensor([batch, 2, 3, 8], next), K: tensor([batch, 2, 4, 8], next) };
      const paths = await files({ ...vectors, attention_mask });
      const inspection = await inspectFiles(paths, { params: { vectorAxes: 'batch head row feature' } });
      for (let entry = 0; entry < batch; entry++) {
        await inspection.change({ entry });
        const { data } = await inspection.slice('weights');
        assert.ok(data.every((value, at) => Number.isNaN(value) === at % 4 >= 4 - entry));
      }
      await inspection.dispose();
    }
  });

  it('a mask of as many matrices as heads and entries is of heads, as PyTorch broadcasts it, and said', async () => {
    const next = seeded(12);
    // The second matrix takes the last key away.
    const mask = tensor([2, 3, 4], (at) => (at >= 12 && at % 4 === 3 ? 0 : 1));
    const vectors = { Q: tensor([2, 2, 3, 8], next), K: tensor([2, 2, 4, 8], next) };
    const params = { vectorAxes: 'batch head row feature', givenMask: 'keep' };
    const inspection = await inspect({ ...vectors, mask }, params);
    assert.match(
      inspection.summary.notices.join(),
      /mask \(2, 3, 4\) .* one a head, .* \(2, 1, 3, 4\) for one an entry/,
    );
    for (const entry of [0, 1]) {
      await inspection.change({ entry });
      const [first, second] = [
        await inspection.slice('weights', { head: 0 }),
        await inspection.slice('weights', { head: 1 }),
      ];
      assert.ok(!first.data.some(Number.isNaN));
      assert.ok(second.data.every((value, at) => Number.isNaN(value) === (at % 4 === 3)));
    }
  });

  it('a lone vector is a row of weights, or is asked about with answers to give', async () => {
    const row = await inspect({ mystery: tensor([4], () => 0.25) });
    assert.deepEqual((await row.slice('weights')).shape, [1, 4]);
    const paths = await files({ numbers: tensor([4], (at) => at) });
    const needed = await inspectFiles(paths).catch((error: unknown) => error);
    assert.ok(needed instanceof RolesNeeded);
    assert.deepEqual(
      needed.question.roles.map(({ role }) => role),
      ['scores', 'weights'],
    );
    const key = needed.question.tensors[0]?.key ?? '';
    const scores = await inspectFiles(paths, { roles: { [key]: 'scores' } });
    open.push(scores);
    assert.deepEqual((await scores.slice('weights')).shape, [1, 4]);
  });

  it('one file a layer, and one a head, are put together', async () => {
    const layers = await inspect({
      attn_layer0: shares([1, 2, 4, 4]),
      attn_layer1: shares([1, 2, 4, 4]),
      attn_layer10: shares([1, 2, 4, 4]),
    });
    assert.deepEqual([layers.summary.layers, layers.summary.heads], [3, 2]);
    assert.match(layers.summary.notices.join(' '), /3 tensors, 0, 1, 10, were read as one a layer/);
    const heads = await inspect({ attn_head_0: shares([4, 4]), attn_head_1: shares([4, 4]) });
    assert.deepEqual([heads.summary.layers, heads.summary.heads], [1, 2]);
  });

  it('three arrays without names are no layers: what they are is asked', async () => {
    const next = seeded(9);
    const needed = await asked({
      arr_0: tensor([5, 8], next),
      arr_1: tensor([5, 8], next),
      arr_2: tensor([5, 8], next),
    });
    assert.equal(needed.question.tensors.length, 3);
  });

  it('wide vectors are those of one head only where somebody says so; a number of heads in the file does', async () => {
    const next = seeded(10);
    const vectors = { Q: tensor([3, 384], next), K: tensor([3, 384], next) };
    const needed = await asked(vectors);
    assert.equal(needed.question.settings?.[0]?.parameter, 'heads');
    const told = await inspect({ ...vectors, num_heads: tensor([1], () => 6) });
    assert.equal(told.summary.heads, 6);
    const chosen = await inspect(vectors, { heads: '12' });
    assert.equal(chosen.summary.heads, 12);
  });

  it('what holds nothing to ask about is refused in a sentence', async () => {
    const [path = ''] = await files({ loss: tensor([], () => 0.5) });
    await assert.rejects(
      inspectFiles(path),
      /loss\.npy holds nothing that attention could be computed with: loss \(\)/,
    );
    const [fused = ''] = await files({ 'attention.query_key_value.weight': tensor([24, 8], () => 0.5) });
    await assert.rejects(inspectFiles(fused), /query_key_value\.weight was left out: .* Save them apart/);
  });
});
