import assert from 'node:assert/strict';
import { Engine } from '../../../../src/inspection/core/engine.js';
import { Inspection } from '../../../../src/inspection/core/inspection.js';
import { inspectTensors } from '../../../../src/inspection/index.js';
import type { WireTensor } from '../../../../src/protocol.js';
import { media } from '../../../support/models/expected.js';
import { seeded, tensor } from '../../../support/inspection/numbers.js';
import { platform } from '../../../support/platform.js';

/** Rows of a square matrix, softened to shares of what `sees` lets through. */
function shares(
  count: number,
  sees: (row: number, column: number) => boolean = () => true,
  scale = 1,
): WireTensor {
  const next = seeded(3);
  const data = new Float32Array(count * count);
  for (let row = 0; row < count; row++) {
    const raw = Array.from({ length: count }, (_, column) => {
      const value = Math.exp(2 * next());
      return sees(row, column) ? value : 0;
    });
    const total = raw.reduce((sum, value) => sum + value, 0);
    raw.forEach((value, column) => {
      data[row * count + column] = total === 0 ? 0 : (scale * value) / total;
    });
  }
  return { shape: [count, count], data };
}

const edited = ({ shape, data }: WireTensor, edit: (value: number, at: number) => number): WireTensor => ({
  shape,
  data: data.map(edit),
});

const turned = ({ shape, data }: WireTensor): WireTensor => {
  const [, columns = 1] = shape;
  return { shape, data: data.map((_, at) => data[(at % columns) * columns + Math.floor(at / columns)] ?? 0) };
};

describe('findings in words', () => {
  let engine: Engine;
  beforeEach(() => {
    engine = new Engine(platform, media);
  });
  afterEach(() => engine.dispose());

  async function found(
    tensors: Readonly<Record<string, WireTensor>>,
    parameters = {},
    head = 0,
  ): Promise<readonly { text: string; rows: readonly (readonly number[])[]; step: string }[]> {
    const inspection = await engine.open({ material: { kind: 'tensors', tensors }, parameters });
    assert.ok(inspection instanceof Inspection);
    const list = await inspection.findings({ layer: 0, head });
    return list.map(({ text, rows, step }) => ({
      text,
      step,
      rows: rows.map(({ start, end }) => [start, end]),
    }));
  }
  const texts = async (...given: Parameters<typeof found>): Promise<string[]> =>
    (await found(...given)).map(({ text }) => text);

  it('are what the library’s call gives', async () => {
    const inspection = await inspectTensors({ weights: shares(6) });
    try {
      const [found] = await inspection.findings();
      const rows = [{ start: 0, end: 6 }];
      assert.deepEqual([found?.step, found?.text, found?.rows], ['weights', 'Rows sum to 1.', rows]);
      await assert.rejects(inspection.findings({ head: 1 }), /head/);
    } finally {
      await inspection.dispose();
    }
  });

  it('what rows and columns sum to', async () => {
    const plain = shares(6);
    assert.deepEqual(await texts({ weights: plain }), ['Rows sum to 1.']);
    assert.deepEqual(await texts({ weights: shares(6, () => true, 100) }), [
      'Rows sum to 100: percentages, not shares.',
    ]);
    assert.deepEqual(await texts({ weights: edited(plain, Math.log) }), [
      'Rows are log-probabilities: their exponentials sum to 1.',
    ]);
    assert.deepEqual(await texts({ weights: turned(plain) }), [
      'Columns sum to 1, rows do not: was the softmax taken over the queries?',
    ]);
    const dropped = edited(plain, (value, at) => (at % 7 === 3 ? 0 : value / 0.9));
    const [dropout] = await found({ weights: dropped });
    assert.match(dropout?.text ?? '', /rows do not sum to 1 but to .*dropout\?/i);
    assert.ok((dropout?.rows.length ?? 0) > 0);
  });

  it('causal, off by one, and aligned to either end of the keys', async () => {
    const causal = 'Upper triangle empty: causal.';
    assert.ok((await texts({ weights: shares(6, (row, column) => column <= row) })).includes(causal));
    const late = await texts({ weights: shares(6, (row, column) => column <= row + 1) });
    assert.ok(late.includes('Causal, off by one: each query sees the key after its own.'));
    const early = await found({ weights: shares(6, (row, column) => column < row) });
    assert.ok(early.some(({ text }) => text === 'Causal, off by one: no query sees its own key.'));
    const empty = early.find(({ text }) => text.startsWith('One row attends'));
    assert.deepEqual(empty?.rows, [[0, 1]]);
    assert.ok(!(await texts({ weights: shares(6) })).some((text) => /causal/i.test(text)));
    const Q = tensor([4, 8], seeded(1));
    const K = tensor([6, 8], seeded(2));
    assert.ok((await texts({ Q: tensor([6, 8], seeded(1)), K }, { mask: 'causal' })).includes(causal));
    assert.ok(!(await texts({ Q, K })).some((text) => /causal/i.test(text)));
  });

  it('keys that are never attended to, and rows without any', async () => {
    const padded = await found({ weights: shares(6, (_, column) => column < 4) });
    assert.ok(padded.some(({ text }) => text === 'Keys 4–5 are never attended to: padding?'));
    const scores = edited(tensor([3, 4], seeded(4)), (value, at) => (at >= 4 && at < 8 ? -Infinity : value));
    const masked = (await found({ scores })).find(({ step }) => step === 'scores');
    assert.deepEqual([masked?.text, masked?.rows], ['One row is fully masked.', [[1, 2]]]);
  });

  it('NaN and infinities with their places, and scores beyond float16', async () => {
    const broken = edited(shares(6), (value, at) => (at === 8 || at === 20 ? NaN : value));
    const [nan] = await found({ weights: broken });
    assert.deepEqual(
      [nan?.text, nan?.rows],
      [
        '2 cells are NaN.',
        [
          [1, 2],
          [3, 4],
        ],
      ],
    );
    const Q = edited(tensor([4, 8], seeded(1)), (value, at) => (at === 9 ? Infinity : value));
    const [vector] = await found({ Q, K: tensor([4, 8], seeded(2)) });
    assert.deepEqual(
      [vector?.step, vector?.text, vector?.rows],
      ['Q', 'One number is NaN or infinite.', [[1, 2]]],
    );
    const scores = edited(tensor([3, 4], seeded(4)), (value, at) => (at === 6 ? 70000 : value));
    const [large] = await found({ scores });
    assert.match(large?.text ?? '', /Scores reach 70000, beyond float16/);
    assert.deepEqual(large?.rows, [[1, 2]]);
  });

  it('rows whose softmax is no number are not called masked, causal or uniform', async () => {
    const next = seeded(5);
    const scores = edited(tensor([4, 4], next), (value, at) => (at === 6 ? Infinity : value));
    const lost = 'no weights: the softmax of scores with NaN or ∞ among them is NaN.';
    assert.deepEqual(
      (await found({ scores })).map(({ text, rows }) => [text, rows]),
      [
        ['One cell is ∞.', [[1, 2]]],
        [`One row has ${lost}`, [[1, 2]]],
      ],
    );
    const all = edited(scores, (value, at) => (at % 4 === 0 ? Infinity : value));
    assert.deepEqual(
      (await found({ scores: all })).map(({ text }) => text),
      ['5 cells are ∞.', `4 rows have ${lost}`],
    );
    // A masked infinity takes nothing from its row.
    const ahead = edited(tensor([4, 4], next), (value, at) => (at === 1 ? Infinity : value));
    const masked = await found({ scores: ahead }, { causal: 'on' });
    assert.deepEqual(
      masked.map(({ text }) => text),
      ['One cell is ∞.', 'Upper triangle empty: causal.'],
    );
    const [Q, K, V] = [0, 1, 2].map(() => tensor([4, 3], next));
    assert.ok(Q && K && V);
    const broken = edited(Q, (value, at) => (at === 3 ? Number.NaN : value));
    assert.deepEqual(
      (await found({ Q: broken, K, V })).map(({ text }) => text),
      ['One number is NaN or infinite.', '4 cells are NaN.', `One row has ${lost}`],
    );
  });

  it('one row or head copied, symmetric, uniform', async () => {
    const row = shares(6).data.slice(0, 6);
    const rows = { shape: [6, 6], data: Float32Array.from({ length: 36 }, (_, at) => row[at % 6] ?? 0) };
    assert.ok((await texts({ weights: rows })).includes('All rows are the same: one row copied?'));
    const one = shares(6).data;
    const heads = { shape: [3, 6, 6], data: Float32Array.from([...one, ...one, ...one]) };
    assert.ok(
      (await texts({ weights: heads })).includes('All heads of this layer are the same: one head copied?'),
    );
    const two = { shape: [3, 6, 6], data: Float32Array.from([...one, ...turned(shares(6)).data, ...one]) };
    assert.ok((await texts({ weights: two })).includes('The same as head 2.'));
    const X = tensor([5, 4], seeded(6));
    const scores = { shape: [5, 5], data: new Float32Array(25) };
    for (let a = 0; a < 5; a++)
      for (let b = 0; b < 5; b++)
        for (let d = 0; d < 4; d++)
          scores.data[a * 5 + b] =
            (scores.data[a * 5 + b] ?? 0) + (X.data[a * 4 + d] ?? 0) * (X.data[b * 4 + d] ?? 0);
    assert.ok(
      (await texts({ scores })).includes('Symmetric: the same from query to key as from key to query.'),
    );
    const flat = { shape: [4, 4], data: new Float32Array(16).fill(0.25) };
    assert.ok((await texts({ weights: flat })).some((text) => text.startsWith('Weights are uniform')));
  });
});
