import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspectText, type OpenInspection } from '../../../../src/inspection/index.js';
import { spansIn } from '../../../support/spans.js';

const media = join(process.cwd(), 'media');
const folder = join(media, 'models/all-MiniLM-L6-v2');

/** A half-precision number as IEEE 754 defines it. */
function half(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** The vector of a word, read from the checkpoint's bytes: the table is one of float16, a row for each entry of vocab. */
function vectorOf(word: string): Float64Array {
  const bytes = readFileSync(join(folder, 'model.safetensors'));
  const length = Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.subarray(8, 8 + length).toString()) as Record<
    string,
    { dtype: string; shape: number[]; data_offsets: [number, number] }
  >;
  const [, table] = Object.entries(header).find(([name]) => name.endsWith('word_embeddings.weight')) ?? [];
  const vocabulary = (
    JSON.parse(readFileSync(join(folder, 'tokenizer.json'), 'utf8')) as {
      model: { vocab: Record<string, number> };
    }
  ).model.vocab;
  assert.ok(table?.dtype === 'F16');
  const width = table.shape[1] ?? 0;
  const start = 8 + length + table.data_offsets[0] + (vocabulary[word] ?? 0) * width * 2;
  return Float64Array.from({ length: width }, (_, at) => half(bytes.readUInt16LE(start + at * 2)));
}

const dot = (a: Float64Array, b: Float64Array): number =>
  a.reduce((sum, value, at) => sum + value * (b[at] ?? 0), 0);

function softmax(row: readonly number[]): number[] {
  const most = Math.max(...row);
  const shares = row.map((value) => Math.exp(value - most));
  const sum = shares.reduce((a, b) => a + b, 0);
  return shares.map((share) => share / sum);
}

function assertRows(data: Float32Array, expected: readonly (readonly number[])[]): void {
  assert.equal(data.length, expected.flat().length);
  expected.flat().forEach((value, at) => {
    assert.ok(Math.abs((data[at] ?? Number.NaN) - value) < 1e-5, `cell ${at} is ${data[at]}, not ${value}`);
  });
}

describe('text without a model', () => {
  const open: OpenInspection[] = [];
  async function inspect(text: string, options: Parameters<typeof inspectText>[1]): Promise<OpenInspection> {
    const inspection = await inspectText(text, { media, ...options });
    open.push(inspection);
    return inspection;
  }
  afterEach(async () => {
    await Promise.all(open.splice(0).map((inspection) => inspection.dispose()));
  });

  const words = ['the', 'cat', 'sat'];
  const vectors = words.map(vectorOf);

  it('runs scaled dot-product attention on the checkpoint’s own word vectors', async () => {
    const inspection = await inspect('The cat sat', { mechanism: 'scaled-dot-product' });
    const expected = vectors.map((q) => softmax(vectors.map((k) => dot(q, k) / Math.sqrt(384))));
    assertRows((await inspection.slice('weights')).data, expected);
    assert.deepEqual(inspection.summary.queries.words, words);
    assert.deepEqual(spansIn(inspection.summary.keys), [
      { start: 0, end: 3 },
      { start: 4, end: 7 },
      { start: 8, end: 11 },
    ]);
    assert.match(
      inspection.summary.notices[0] ?? '',
      /^No model has run: Scaled dot-product attention reads/,
    );
  });

  it('compares by Luong’s dot and by Bahdanau’s identity weights as their formulas say', async () => {
    const luong = await inspect('The cat sat', { mechanism: 'luong' });
    assertRows(
      (await luong.slice('weights')).data,
      vectors.map((s) => softmax(vectors.map((h) => dot(s, h)))),
    );
    const bahdanau = await inspect('The cat sat', { mechanism: 'bahdanau' });
    const scores = vectors.map((s) =>
      vectors.map((h) => s.reduce((sum, value, at) => sum + Math.tanh(value + (h[at] ?? 0)), 0)),
    );
    assertRows((await bahdanau.slice('weights')).data, scores.map(softmax));
  });

  it('lets the words of a second text ask', async () => {
    const inspection = await inspect('The cat sat', { mechanism: 'luong', second: 'cat' });
    assertRows((await inspection.slice('weights')).data, [
      softmax(vectors.map((h) => dot(vectorOf('cat'), h))),
    ]);
    const { count, words } = inspection.summary.queries;
    assert.deepEqual([count, words], [1, ['cat']]);
    assert.deepEqual(spansIn(inspection.summary.queries, 1), [{ start: 0, end: 3 }]);
  });

  it('says of which numbers stand-in weights are, and gives the same for the same seed', async () => {
    const params = { weightValues: 'seeded', weightSeed: 3 };
    const [first, again, other] = await Promise.all([
      inspect('The cat sat', { mechanism: 'bahdanau', params }),
      inspect('The cat sat', { mechanism: 'bahdanau', params }),
      inspect('The cat sat', { mechanism: 'bahdanau', params: { ...params, weightSeed: 4 } }),
    ]);
    const [a, b, c] = await Promise.all([first, again, other].map((each) => each.slice('weights')));
    assert.deepEqual(a?.data, b?.data);
    assert.notDeepEqual(a?.data, c?.data);
    assert.match(
      first.summary.notices[0] ?? '',
      /W_a, U_a, v_a are normal numbers from seed 3, not trained\.$/,
    );
  });

  it('standardised vectors have mean 0 and variance 1', async () => {
    const inspection = await inspect('The cat sat', {
      mechanism: 'luong',
      params: { vectors: 'standardised' },
    });
    const { data, shape } = await inspection.slice('H');
    const width = shape[1] ?? 1;
    for (let row = 0; row < 3; row++) {
      const line = data.subarray(row * width, (row + 1) * width);
      const mean = line.reduce((sum, value) => sum + value, 0) / width;
      const variance = line.reduce((sum, value) => sum + (value - mean) ** 2, 0) / width;
      assert.ok(Math.abs(mean) < 1e-5 && Math.abs(variance - 1) < 1e-4, `row ${row}: ${mean}, ${variance}`);
    }
  });

  it('goes from any mechanism to any other, each with its own controls', async function () {
    this.timeout(60_000);
    const inspection = await inspect('The cat sat on the mat', { mechanism: 'hard' });
    const offered = inspection.summary.parameters.find(({ name }) => name === 'mechanism');
    assert.ok(offered?.kind === 'choice');
    for (const { value, title } of offered.choices) {
      const summary = await inspection.change({ mechanism: value });
      assert.equal(summary.mechanism.title, title);
      const weights = await inspection.slice('weights');
      assert.deepEqual(weights.shape, [6, 6]);
      await inspection.change({ gradient: 'norm' });
      for (const { name } of inspection.steps) {
        await inspection.slice(name);
        await inspection.arithmetic(name, [0, 0]);
      }
      await inspection.change({ gradient: 'none' });
    }
    // What was set for one mechanism waits while another is looked at; what none of them has is refused.
    await inspection.change({ mechanism: 'luong-local', reach: 3 });
    await inspection.change({ mechanism: 'linear' });
    const back = await inspection.change({ mechanism: 'luong-local' });
    assert.equal(back.parameters.find(({ name }) => name === 'reach')?.value, 3);
    await assert.rejects(inspection.change({ nonsense: 1 }), /There is no parameter “nonsense” here/);
  });

  it('every score of Luong’s is offered, its weights made to fit', async () => {
    const inspection = await inspect('The cat sat', { mechanism: 'luong' });
    const names = async (score: string): Promise<string[]> =>
      (await inspection.change({ score })).steps.map(({ name }) => name);
    assert.ok(!(await names('dot')).includes('queries'));
    assert.ok((await names('general')).includes('queries'));
    assert.ok((await names('concat')).includes('tanh'));
  });

  it('says in a sentence what cannot be', async () => {
    await assert.rejects(inspect(' ', { mechanism: 'hard' }), /There is no text to inspect/);
    await assert.rejects(
      inspect('Hi', { mechanism: 'soft' }),
      /There is no mechanism “soft”; there are scaled-dot/,
    );
    await assert.rejects(
      inspect('Hi', { mechanism: 'luong', params: { score: 'cosine' } }),
      /Score can be dot, general, concat, not cosine/,
    );
  });
});
