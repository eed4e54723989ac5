import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspectTensors, type OpenInspection } from '../../../../src/inspection/index.js';
import { seeded, tensor, type TestTensor } from '../../../support/inspection/numbers.js';

interface Listed {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

/** PyTorch's own attention, in float64: see make.py beside it. */
interface Case {
  readonly name: string;
  readonly tensors: Readonly<Record<string, Listed>>;
  readonly params: Readonly<Record<string, string | number>>;
  readonly weights: Listed;
  readonly output: Listed;
}

const cases = JSON.parse(
  readFileSync(join(process.cwd(), 'test/fixtures/inspection/cases.json'), 'utf8'),
) as readonly Case[];

function inputsOf({ tensors }: Case): Record<string, TestTensor> {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, { shape, data }]) => [
      name,
      { shape, data: Float32Array.from(data) },
    ]),
  );
}

function vectors(n: number, m: number, size: number): Record<string, TestTensor> {
  const next = seeded(n * 1000 + m * 10 + size);
  return { Q: tensor([n, size], next), K: tensor([m, size], next), V: tensor([m, size], next) };
}

describe('an inspection of tensors', () => {
  const open: OpenInspection[] = [];
  async function inspect(...args: Parameters<typeof inspectTensors>): Promise<OpenInspection> {
    const inspection = await inspectTensors(...args);
    open.push(inspection);
    return inspection;
  }

  afterEach(async () => {
    await Promise.all(open.splice(0).map((inspection) => inspection.dispose()));
  });

  for (const each of cases) {
    it(`gives PyTorch's weights and output: ${each.name}`, async () => {
      const inspection = await inspect(inputsOf(each), { params: each.params });
      const { layers, heads, queries, keys } = inspection.summary;
      const area = queries.count * keys.count;
      for (let at = 0; at < layers * heads; at++) {
        const slice = await inspection.slice('weights', { layer: Math.floor(at / heads), head: at % heads });
        assert.deepEqual(slice.shape, [queries.count, keys.count]);
        slice.data.forEach((value, cell) => {
          const reference = each.weights.data[at * area + cell] ?? Number.NaN;
          if (Number.isNaN(value)) assert.equal(reference, 0, 'a masked key has no weight');
          else assert.ok(Math.abs(value - reference) < 1e-5, `${value} is not ${reference}`);
        });
      }
      const last = await inspection.slice('output', { layer: layers - 1, head: heads - 1 });
      const expected = each.output.data.slice(-last.data.length);
      last.data.forEach((value, cell) => {
        const reference = expected[cell] ?? Number.NaN;
        assert.ok(
          Math.abs(value - reference) <= 1e-5 * Math.max(1, Math.abs(reference)),
          `${value} is not ${reference}`,
        );
      });
    });

    it(`explains cells of every step by the numbers that ran: ${each.name}`, async () => {
      const inspection = await inspect(inputsOf(each), { params: each.params });
      const head = inspection.summary.heads - 1;
      for (const step of inspection.steps) {
        const whole = await inspection.slice(step.name, { head });
        const [row, column] = [step.rows.size - 1, Math.floor(step.columns.size / 2)];
        const explained = await inspection.arithmetic(step.name, { head, row, column });
        const shown = whole.data[row * step.columns.size + column] ?? Number.NaN;
        if (Number.isNaN(shown)) assert.ok(Number.isNaN(explained.value));
        else
          assert.ok(
            Math.abs(explained.value - shown) < 1e-5,
            `${step.name}: ${explained.value} is not ${shown}`,
          );
        for (const { values, total } of explained.sums.flatMap(({ columns }) => columns)) {
          if (total === undefined) continue;
          const added = values.reduce((a, b) => a + b, 0);
          assert.ok(
            Math.abs(added - total) < 1e-4 * Math.max(1, Math.abs(total)),
            `${added} is not ${total}`,
          );
        }
      }
    });
  }

  it('a part of a matrix is that part of the whole', async () => {
    const inspection = await inspect(vectors(40, 30, 16), { params: { mask: 'causal' } });
    for (const { name } of inspection.steps.slice(3)) {
      const whole = await inspection.slice(name);
      const [, width = 0] = whole.shape;
      const part = await inspection.slice(name, { rows: [7, 19], columns: [1, 4] });
      assert.deepEqual(part.shape, [12, 3]);
      part.data.forEach((value, at) => {
        const expected = whole.data[(7 + Math.floor(at / 3)) * width + 1 + (at % 3)] ?? 0;
        assert.ok(
          Object.is(value, expected) || Math.abs(value - expected) < 1e-6,
          `${name}: ${value}, ${expected}`,
        );
      });
    }
  });

  it('pools by the largest or the mean, and masked cells do not count', async () => {
    const inspection = await inspect(vectors(9, 9, 4), { params: { mask: 'causal' } });
    const whole = await inspection.slice('weights');
    const most = await inspection.slice('weights', { pool: { rows: 3, columns: 3, by: 'max' } });
    const mean = await inspection.slice('weights', { pool: { rows: 3, columns: 3, by: 'mean' } });
    for (let block = 0; block < 9; block++) {
      const [row, column] = [Math.floor(block / 3) * 3, (block % 3) * 3];
      const values = Array.from(
        { length: 9 },
        (_, k) => whole.data[(row + Math.floor(k / 3)) * 9 + column + (k % 3)] ?? Number.NaN,
      ).filter((value) => !Number.isNaN(value));
      if (values.length === 0) {
        assert.ok(Number.isNaN(most.data[block]) && Number.isNaN(mean.data[block]));
        continue;
      }
      assert.equal(most.data[block], Math.max(...values));
      const average = values.reduce((a, b) => a + b, 0) / values.length;
      assert.ok(Math.abs((mean.data[block] ?? 0) - average) < 1e-6);
    }
    assert.equal(most.maximum, 1, 'extremes are those of the matrix, not of the picture');
  });

  it('a row whose keys are all masked is listed as empty, and is neither zeros nor an error', async () => {
    const mask = tensor([5, 6], (at) => (Math.floor(at / 6) === 2 ? 0 : 1));
    const inspection = await inspect({ ...vectors(5, 6, 4), mask });
    for (const step of ['masked', 'weights', 'output']) {
      const { emptyRows, data, shape } = await inspection.slice(step);
      assert.deepEqual([...emptyRows], [2], step);
      const [, width = 0] = shape;
      data.forEach((value, at) => {
        assert.equal(Number.isNaN(value), Math.floor(at / width) === 2);
      });
    }
    const { remark, value } = await inspection.arithmetic('weights', [2, 1]);
    assert.match(remark ?? '', /Nothing to attend to/);
    assert.ok(Number.isNaN(value));
  });

  it('a mask of ones and zeros is printed as such, and each layer has its own', async () => {
    const mask = tensor([2, 1, 3, 3], (at) => (at < 9 || at % 3 === 0 ? 1 : 0));
    const inspection = await inspect({ ...vectors(3, 3, 4), mask });
    assert.match(await inspection.code('numpy'), /^mask = np\.load\("mask\.npy"\).*\n/m);
    assert.match(await inspection.code('numpy'), /^masked = np\.where\(mask != 0, scaled, -np\.inf\)/m);
    const [first, second] = await Promise.all([0, 1].map((layer) => inspection.slice('weights', { layer })));
    assert.ok(first?.data.every((weight) => weight > 0));
    assert.deepEqual(
      [...(second?.data ?? [])].map(Number.isNaN),
      Array.from({ length: 9 }, (_, at) => at % 3 > 0),
    );
    const added = await inspect({ ...vectors(3, 3, 4), mask: tensor([3, 3], (at) => at) });
    assert.match(
      await added.code('numpy'),
      /^masked = np\.where\(mask == -np\.inf, -np\.inf, scaled \+ mask\) /m,
    );
  });

  it('logits of ±10,000 neither overflow nor lose the row’s sum', async () => {
    const Q = tensor([2, 1], (at) => (at === 0 ? 1e4 : -1e4));
    const K = tensor([3, 1], (at) => [1, -1, 1][at] ?? 0);
    const inspection = await inspect({ Q, K });
    assert.deepEqual([...(await inspection.slice('weights')).data], [0.5, 0, 0.5, 0, 1, 0]);
  });

  it('one query and one key', async () => {
    const inspection = await inspect({
      Q: tensor([1, 3], () => 2),
      K: tensor([1, 3], () => -7),
      V: tensor([1, 2], (at) => at),
    });
    assert.deepEqual([...(await inspection.slice('weights')).data], [1]);
    assert.deepEqual([...(await inspection.slice('output')).data], [0, 1]);
  });

  it('splits a model dimension into heads, and follows a change of parameters', async () => {
    const inspection = await inspect(vectors(6, 6, 12), { params: { heads: 1 } });
    const before = await inspection.slice('weights');
    const summary = await inspection.change({ heads: 4, mask: 'sliding-window', window: 1 });
    assert.equal(summary.heads, 4);
    assert.equal(summary.revision, 2);
    const after = await inspection.slice('weights', { head: 3 });
    assert.notDeepEqual(after.data, before.data);
    assert.equal([...after.data].filter(Number.isNaN).length, 36 - 16);
    await assert.rejects(inspection.change({ heads: 5 }), /Heads can be 1, 2, 3, 4, 6, 12, not 5/);
    assert.equal(inspection.summary.heads, 4, 'a change that fails changes nothing');
  });

  it('ready scores and ready weights need no Q and K', async () => {
    const fromScores = await inspect({ scores: tensor([3, 2, 4, 4], seeded(3)) });
    assert.deepEqual(
      fromScores.steps.map(({ name }) => name),
      ['scores', 'weights'],
    );
    const weights = await fromScores.slice('weights', { layer: 2, head: 1 });
    const fromWeights = await inspect({ weights: { shape: [4, 4], data: weights.data } });
    assert.deepEqual((await fromWeights.slice('weights')).data, weights.data);
    assert.equal(fromWeights.summary.parameters.length, 0);
  });

  it('metrics of uniform weights are known by hand', async () => {
    const inspection = await inspect({ weights: tensor([4, 4], () => 0.25) });
    const metrics = new Map((await inspection.metrics()).map(({ name, value }) => [name, value]));
    assert.ok(Math.abs((metrics.get('entropy') ?? 0) - Math.log(4)) < 1e-6);
    assert.equal(metrics.get('confidence'), 0.25);
    assert.equal(metrics.get('distance'), 1.25);
  });

  it('an aborted signal ends a long slice', async () => {
    const inspection = await inspect(vectors(3000, 3000, 8));
    const controller = new AbortController();
    const slice = inspection.slice('weights', {
      pool: { rows: 64, columns: 64 },
      signal: controller.signal,
    });
    setImmediate(() => {
      controller.abort();
    });
    await assert.rejects(slice, { name: 'AbortError' });
  });

  it('what does not fit gives a sentence that says which and why', async () => {
    const zero = (...shape: number[]): TestTensor => tensor(shape, () => 0);
    const refused: readonly (readonly [Record<string, TestTensor>, RegExp])[] = [
      [{ Q: zero(5, 8), K: zero(5, 6) }, /d_k, is 8 in Q and 6 in K/],
      [{ ...vectors(5, 5, 4), V: zero(6, 2) }, /V \(6, 2\) has 6 rows, but there are 5 keys/],
      [{ Q: zero(5, 8) }, /K is missing/],
      [{ Z: zero(5, 8) }, /no input “Z”/],
      [{ Q: { shape: [2, 2], data: new Float32Array(3) }, K: zero(2, 2) }, /4 numbers, but 3/],
      [{ Q: { shape: [-2, -2], data: new Float32Array(4) }, K: zero(2, 2) }, /no shape of whole numbers/],
      [{ Q: zero(0, 8), K: zero(5, 8) }, /is empty/],
      [{ X: zero(5, 8), W_Q: zero(2, 1, 1, 1, 8, 8), W_K: zero(8, 8), W_V: zero(8, 8) }, /6 axes/],
      [{ ...vectors(5, 5, 4), mask: tensor([5, 4], () => 1) }, /mask is \(query 5, key 5\)/],
      [{ Q: zero(2, 1, 3, 4), K: zero(3, 1, 3, 4) }, /same number of layers: Q has 2, K has 3/],
    ];
    for (const [tensors, sentence] of refused) await assert.rejects(inspect(tensors), sentence);
  });

  it('a layer, head, step or row that does not exist is said to be so', async () => {
    const inspection = await inspect(vectors(3, 3, 4));
    await assert.rejects(inspection.slice('weights', { layer: 1 }), /no layer 1/);
    await assert.rejects(inspection.slice('weights', { head: -1 }), /no head -1/);
    await assert.rejects(inspection.slice('attention'), /no step “attention”.*weights/);
    await assert.rejects(inspection.slice('weights', { rows: [2, 4] }), /Rows 2–4/);
    await assert.rejects(inspection.arithmetic('weights', [3, 0]), /no row 3/);
  });
});
