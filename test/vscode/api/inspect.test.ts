import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Uri } from 'vscode';
import type { AttentionInspectorApi } from '../../../src/host/api.js';
import type { OpenInspection } from '../../../src/library/index.js';
import type { WireTensor } from '../../../src/protocol.js';
import { api, assertClose, extension, matrix, pytorch, sample } from '../../support/vscode/extension.js';
import { spansIn } from '../../support/spans.js';

const sentence = "The animal didn't cross the street because it was too tired.";

describe('the extension’s API', () => {
  let attention: AttentionInspectorApi;
  const opened: OpenInspection[] = [];

  async function open(inspecting: Promise<OpenInspection>): Promise<OpenInspection> {
    const inspection = await inspecting;
    opened.push(inspection);
    return inspection;
  }

  before(async () => {
    attention = await api();
  });

  afterEach(async () => {
    for (const inspection of opened.splice(0)) await inspection.dispose();
  });

  it('is what activate() returns', () => {
    assert.equal(extension().isActive, true);
    assert.deepEqual(Object.keys(attention), [
      'inspectText',
      'inspectImage',
      'inspectAudio',
      'inspectTensors',
      'inspectFiles',
      'explainMismatch',
      'engine',
    ]);
  });

  describe('inspectText', () => {
    it('reads a sentence with the embedded model: 6 layers of 12 heads, whose rows of weights sum to 1', async () => {
      const inspection = await open(attention.inspectText(sentence));
      const { layers, heads, queries, keys } = inspection.summary;
      assert.deepEqual([layers, heads], [6, 12]);
      assert.deepEqual(queries.words?.slice(0, 4), ['[CLS]', 'the', 'animal', 'didn']);
      assert.equal(queries.words?.at(-1), '[SEP]');
      for (const [layer, head] of [
        [0, 0],
        [3, 7],
        [5, 11],
      ] as const) {
        const weights = await matrix(inspection, 'weights', { layer, head });
        assert.equal(weights.length, queries.count);
        for (const row of weights) {
          assert.equal(row.length, keys.count);
          const sum = row.reduce((total, weight) => total + weight, 0);
          assert.ok(Math.abs(sum - 1) < 1e-5, `a row of layer ${layer}, head ${head} sums to ${sum}`);
        }
      }
    });

    it('names the steps from the queries to the output, in the order of the formula', async () => {
      const inspection = await open(attention.inspectText(sentence));
      const names = inspection.steps.map(({ name }) => name);
      const expected = ['X', 'Q', 'K', 'V', 'scores', 'scaled', 'weights', 'output'];
      assert.deepEqual(
        names.filter((name) => expected.includes(name)),
        expected,
      );
      assert.ok(inspection.steps.every(({ tex, title, note }) => tex !== '' && title !== '' && note !== ''));
    });

    it('says where each token stands in the text', async () => {
      const text = 'A 🦜 says: 你好!';
      const { queries } = (await open(attention.inspectText(text))).summary;
      const found = spansIn(queries)?.map((place) =>
        place === null ? null : text.slice(place.start, place.end),
      );
      assert.deepEqual(found, [null, 'A', '🦜', 'says', ':', '你', '好', '!', null]);
    });

    it('does the arithmetic of a weight with the numbers of its row', async () => {
      const inspection = await open(attention.inspectText(sentence));
      const cell = { layer: 3, head: 7, row: 9, column: 2 };
      const weights = await matrix(inspection, 'weights', cell);
      const { value, tex, sums } = await inspection.arithmetic('weights', cell);
      assert.equal(value, weights[cell.row]?.[cell.column]);
      assert.notEqual(tex, '');
      const terms = sums[0]?.columns.at(-1)?.values ?? [];
      assert.equal(terms.length, weights.length);
    });

    it('measures a head', async () => {
      const inspection = await open(attention.inspectText(sentence));
      const metrics = await inspection.metrics({ layer: 2, head: 4 });
      const entropy = metrics.find(({ name }) => name === 'entropy');
      const weights = await matrix(inspection, 'weights', { layer: 2, head: 4 });
      const rows = weights.map((row) => row.reduce((sum, a) => sum - (a > 0 ? a * Math.log(a) : 0), 0));
      const mean = rows.reduce((sum, row) => sum + row, 0) / rows.length;
      assert.ok(Math.abs((entropy?.value ?? NaN) - mean) < 1e-4, `${entropy?.value} is not ${mean}`);
    });

    it('follows a change of the mask', async () => {
      const inspection = await open(attention.inspectText(sentence));
      await inspection.change({ mask: 'causal' });
      assert.equal(inspection.summary.revision, 2);
      const weights = await matrix(inspection, 'weights');
      for (const [row, line] of weights.entries()) {
        for (const weight of line.slice(row + 1)) assert.ok(Number.isNaN(weight) || weight === 0);
      }
    });

    it('says how much of a long text was used', async () => {
      const inspection = await open(attention.inspectText('word '.repeat(830)));
      const { notices, queries } = inspection.summary;
      assert.equal(queries.count, 512);
      assert.match(notices.join(' '), /512/);
    });

    for (const [what, text] of [
      ['nothing', ''],
      ['white space', ' \n\t '],
    ] as const) {
      it(`refuses ${what} with a sentence`, async () => {
        await assert.rejects(attention.inspectText(text), (error) => {
          assert.ok(error instanceof Error);
          assert.match(error.message, /^[A-Z].{20,}\.$/);
          return true;
        });
      });
    }

    it('refuses a folder that is no checkpoint with a sentence that names it', async () => {
      await assert.rejects(attention.inspectText(sentence, { model: sample('.') }), /sample.*config\.json/);
    });
  });

  describe('inspectTensors', () => {
    it('agrees with a softmax worked out here, in float64', async () => {
      const [n, m, width, depth] = [5, 7, 8, 3];
      const Q = wave(n, width, 1);
      const K = wave(m, width, 2);
      const V = wave(m, depth, 3);
      const inspection = await open(attention.inspectTensors({ Q, K, V }));
      const weights = rowsOf(Q).map((q) => softmax(rowsOf(K).map((k) => dot(q, k) / Math.sqrt(width))));
      const output = weights.map((row) =>
        Array.from({ length: depth }, (_, at) =>
          dot(
            row,
            rowsOf(V).map((v) => v[at] ?? NaN),
          ),
        ),
      );
      assertClose(await matrix(inspection, 'weights'), weights);
      assertClose(await matrix(inspection, 'output'), output);
    });

    it('takes temperature, and leaves the scaling out', async () => {
      const Q = wave(4, 6, 4);
      const inspection = await open(
        attention.inspectTensors({ Q, K: Q, V: Q }, { params: { scaling: 'none', temperature: 2 } }),
      );
      const weights = rowsOf(Q).map((q) => softmax(rowsOf(Q).map((k) => dot(q, k) / 2)));
      assertClose(await matrix(inspection, 'weights'), weights);
    });

    it('says which widths do not fit', async () => {
      const refused = attention.inspectTensors({ Q: wave(4, 6, 1), K: wave(4, 5, 2), V: wave(4, 5, 3) });
      await assert.rejects(refused, /6.*5/);
    });
  });

  describe('inspectFiles', () => {
    for (const files of [['qkv.npz'], ['Q.npy', 'K.npy', 'V.npy'], ['qkv.json']]) {
      it(`agrees with PyTorch on ${files.join(', ')}`, async () => {
        const { none, causal } = pytorch();
        // The .json file carries four decimals, at scores of up to 60.
        const tolerance = files[0] === 'qkv.json' ? 2e-3 : 1e-5;
        const inspection = await open(attention.inspectFiles(files.map(sample)));
        assert.deepEqual(inspection.summary.queries.words?.slice(0, 3), ['the', 'cat', 'slept']);
        assertClose(await matrix(inspection, 'weights'), none.weights, tolerance);
        assertClose(await matrix(inspection, 'output'), none.output, tolerance * 10);
        await inspection.change({ mask: 'causal' });
        assertClose(await matrix(inspection, 'weights'), causal.weights, tolerance);
        assertClose(await matrix(inspection, 'output'), causal.output, tolerance * 10);
      });
    }

    it('projects X of a .safetensors file to the same queries and keys', async () => {
      const inspection = await open(attention.inspectFiles([sample('projections.safetensors')]));
      assert.equal(inspection.summary.mechanism.id, 'multi-head');
      assertClose(await matrix(inspection, 'weights'), pytorch().none.weights);
    });

    it('shows ready weights of a .csv file as they are', async () => {
      const inspection = await open(attention.inspectFiles([Uri.file(sample('weights.csv'))]));
      assert.deepEqual(inspection.summary.keys.words?.slice(-2), ['was', 'tired']);
      assertClose(await matrix(inspection, 'weights'), pytorch().none.weights, 1e-6);
    });

    it('takes the roles that it is told, and says why it needs them', async () => {
      await assert.rejects(attention.inspectFiles([sample('mystery.npy')]), /mystery/);
      const inspection = await open(
        attention.inspectFiles([sample('mystery.npy')], { roles: { '0:mystery.npy/mystery': 'scores' } }),
      );
      assert.ok(inspection.steps.some(({ name }) => name === 'weights'));
    });

    it('names the file that does not exist', async () => {
      await assert.rejects(attention.inspectFiles([sample('nowhere.npy')]), /nowhere\.npy/);
    });

    it('refuses a folder', async () => {
      await assert.rejects(attention.inspectFiles([sample('.')]), /folder/);
    });

    it('never unpickles, and names the damaged file', async () => {
      const folder = await mkdtemp(join(tmpdir(), 'attention-damaged-'));
      try {
        const header = `{'descr': '|O', 'fortran_order': False, 'shape': (2, 2), }`.padEnd(117) + '\n';
        const start = Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, header.length, 0]);
        const objects = join(folder, 'objects.npy');
        writeFileSync(objects, Buffer.concat([start, Buffer.from(header), Buffer.alloc(64)]));
        await assert.rejects(attention.inspectFiles([objects]), /objects\.npy.*object/i);
        const short = join(folder, 'short.npy');
        writeFileSync(short, start.subarray(0, 7));
        await assert.rejects(attention.inspectFiles([short]), /short\.npy/);
        await open(attention.inspectFiles([sample('qkv.npz')]));
      } finally {
        await rm(folder, { recursive: true });
      }
    });
  });

  it('gives NumPy, PyTorch and LaTeX text of what ran', async () => {
    const inspection = await open(attention.inspectFiles([sample('qkv.npz')]));
    assert.match(await inspection.code('numpy'), /import numpy as np/);
    assert.match(await inspection.code('pytorch'), /import torch/);
    assert.match(await inspection.code('numpy', { head: 0 }), /^# Layer 0, its only head: /);
    assert.match(await inspection.code('latex'), /\\operatorname\{softmax\}|\\mathrm\{softmax\}|softmax/);
  });

  it('exports numbers in bands, and ends an export that nobody reads on', async () => {
    const inspection = await open(attention.inspectFiles([sample('qkv.npz')]));
    assert.ok((await inspection.exporters()).some(({ id }) => id === 'npy'));
    const pieces: Uint8Array[] = [];
    for await (const { file, bytes } of inspection.export('npy', { head: 0, name: 'one' })) {
      assert.equal(file, 'one.npy');
      pieces.push(bytes);
    }
    const bytes = Uint8Array.from(Buffer.concat(pieces));
    const { data } = await inspection.slice('weights', { head: 0 });
    assert.deepEqual([...new Float32Array(bytes.buffer.slice(-4 * data.length))], [...data]);
    const before = await attention.engine.memory();
    for await (const _ of inspection.export('csv', { layer: 'all' })) break;
    assert.ok(before.resident > 0);
    await assert.rejects(async () => {
      for await (const _ of inspection.export('xlsx'));
    }, /^RemoteError: There is no exporter “xlsx”/);
  });
});

/** Numbers without a pattern, the same in every run. */
function wave(rows: number, columns: number, seed: number): WireTensor {
  const data = Float32Array.from(
    { length: rows * columns },
    (_, at) => 2 * Math.sin(at * 12.9898 + seed * 78.233),
  );
  return { shape: [rows, columns], data };
}

function rowsOf({ shape, data }: WireTensor): number[][] {
  const [rows = 0, columns = 0] = shape;
  return Array.from({ length: rows }, (_, row) => [...data.subarray(row * columns, (row + 1) * columns)]);
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, at) => sum + value * (b[at] ?? NaN), 0);
}

function softmax(scores: readonly number[]): number[] {
  const most = Math.max(...scores);
  const exponentials = scores.map((score) => Math.exp(score - most));
  const sum = exponentials.reduce((total, value) => total + value, 0);
  return exponentials.map((value) => value / sum);
}
