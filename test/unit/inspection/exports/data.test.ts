import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 as zlibCrc32 } from 'node:zlib';
import { parse } from 'csv-parse/sync';
import { wholeOf, type Tensor } from '../../../../src/engine/tensor.js';
import { openTensors } from '../../../../src/formats/index.js';
import { fromBytes } from '../../../../src/formats/source.js';
import { readZipDirectory } from '../../../../src/formats/zip.js';
import type { Inspection } from '../../../../src/inspection/core/inspection.js';
import { exporters } from '../../../../src/inspection/exports/index.js';
import { shortest } from '../../../../src/inspection/exports/text.js';
import { crc32 } from '../../../../src/inspection/exports/zip.js';
import type { ExportRequest } from '../../../../src/protocol.js';
import { readJson, tensorNamed, tensorsIn, type Tensors } from '../../models/expected.js';
import { seeded } from '../numbers.js';
import { dataCases, exported, openMaterial, openScores, wideArchive, type Opened } from './cases.js';
import { platform } from '../../../support/platform.js';

const kept = join(process.cwd(), 'test/fixtures/inspection/exports');
const results = join(process.cwd(), 'test/fixtures/inspection/exports.safetensors');

/** What the views are told, put together: the same layers and heads, in the same order. */
async function slices(
  inspection: Inspection,
  step: string,
  { layer, head }: ExportRequest['scope'],
): Promise<number[]> {
  const { layers, heads, id } = inspection.summary;
  const all = (which: number | 'all', count: number): number[] =>
    which === 'all' ? Array.from({ length: count }, (_, at) => at) : [which];
  const numbers: number[] = [];
  for (const one of all(layer, layers)) {
    for (const other of all(head, heads)) {
      const { data } = await inspection.slice({ inspection: id, step, layer: one, head: other });
      numbers.push(...data);
    }
  }
  return numbers;
}

/** Of tensors in an exported file, by our own readers. */
async function readBack(name: string, bytes: Uint8Array): Promise<Map<string, Tensor>> {
  const { tensors } = await openTensors(platform, fromBytes(name, bytes));
  return new Map(
    await Promise.all(
      tensors.map(async (each) => [each.name, await each.read(wholeOf(each.shape))] as const),
    ),
  );
}

describe('exported numbers', () => {
  let scores: Opened;
  let read: Tensors;
  before(async () => {
    scores = await openScores();
    read = await tensorsIn(results);
  });
  after(() => scores.dispose());

  for (const request of dataCases) {
    const { exporter, scope, name } = request;
    const file = `${name}.${exporter}`;
    it(`are what NumPy read: ${file}`, async () => {
      const files = await exported(scores.inspection, request);
      const bytes = files.get(file);
      assert.ok(bytes);
      assert.deepEqual(
        bytes,
        readFileSync(join(kept, file)),
        'run print_exports.ts and read_exports.py anew',
      );
      const ran = tensorNamed(read, exporter === 'npz' ? `${file}/scores` : file);
      const expected = await slices(scores.inspection, 'scores', scope);
      assert.ok(expected.some(Number.isNaN));
      // Text has no axes: a line of CSV is a row, whatever matrix it is of.
      const shape = [...(scope.layer === 'all' ? [2] : []), ...(scope.head === 'all' ? [3] : []), 4, 5];
      if (exporter !== 'csv') assert.deepEqual(ran.shape, shape);
      assert.deepEqual([...ran.data], expected);
    });
  }

  it('are read back by our own readers of .npy and .npz, with their tokens', async () => {
    const opened = await openMaterial({ kind: 'text', texts: ['The cat sat, “quoted”, 日本'] });
    try {
      const { inspection } = opened;
      const scope = { layer: 'all', head: 'all' } as const;
      const expected = await slices(inspection, 'weights', scope);
      const { layers, heads, queries, keys } = inspection.summary;
      const shape = [layers, heads, queries.count, keys.count];
      const npy = await exported(inspection, { exporter: 'npy', scope, name: 'a' });
      const [array] = [...(await readBack('a.npy', npy.get('a.npy') ?? assert.fail())).values()];
      assert.deepEqual(array?.shape, shape);
      assert.deepEqual([...array.data], expected);
      const npz = await exported(inspection, { exporter: 'npz', scope, name: 'a' });
      const contents = await openTensors(platform, fromBytes('a.npz', npz.get('a.npz') ?? assert.fail()));
      assert.deepEqual(
        contents.tensors.map(({ name, shape: own }) => [name, own]),
        [['weights', shape]],
      );
      assert.deepEqual(contents.tokens, { query: queries.words, key: keys.words });
    } finally {
      await opened.dispose();
    }
  });

  it('of a step with a matrix for each query have an axis of queries', async () => {
    const shapes = { S: [3, 4], H: [5, 6], W_a: [4, 7], U_a: [6, 7], v_a: [7] };
    const next = seeded(8);
    const tensors = Object.fromEntries(
      Object.entries(shapes).map(([name, shape]) => [
        name,
        { shape, data: Float32Array.from({ length: shape.reduce((a, b) => a * b) }, next) },
      ]),
    );
    const opened = await openMaterial({ kind: 'tensors', tensors });
    try {
      const { inspection } = opened;
      const request = { exporter: 'npy', step: 'tanh', scope: { layer: 0, head: 'all' }, name: 'a' } as const;
      const bytes = (await exported(inspection, request)).get('a.npy') ?? assert.fail();
      const [array] = [...(await readBack('a.npy', bytes)).values()];
      assert.deepEqual(array?.shape, [3, 5, 7]);
      const second = await inspection.slice({
        inspection: inspection.summary.id,
        step: 'tanh',
        layer: 0,
        head: 0,
        query: 1,
      });
      assert.deepEqual([...array.data.slice(35, 70)], [...second.data]);
    } finally {
      await opened.dispose();
    }
  });

  it('of heads that share keys have each of their matrices once', async () => {
    const next = seeded(9);
    const tensors = Object.fromEntries(
      (['Q', 'K', 'V'] as const).map((name) => {
        const shape = name === 'Q' ? [4, 3, 2] : [2, 3, 2];
        return [name, { shape, data: Float32Array.from({ length: 6 * (shape[0] ?? 0) }, next) }];
      }),
    );
    const opened = await openMaterial({ kind: 'tensors', tensors });
    try {
      const request = { exporter: 'npy', step: 'K', scope: { layer: 0, head: 'all' }, name: 'a' } as const;
      const bytes = (await exported(opened.inspection, request)).get('a.npy') ?? assert.fail();
      const [array] = [...(await readBack('a.npy', bytes)).values()];
      assert.deepEqual(array?.shape, [2, 3, 2]);
      assert.deepEqual([...array.data], [...(tensors['K']?.data ?? [])]);
    } finally {
      await opened.dispose();
    }
  });

  it('in CSV are read by csv-parse, with the tokens of rows and columns', async () => {
    const opened = await openMaterial({ kind: 'text', texts: ['He said “no, "never"”'] });
    try {
      const { inspection } = opened;
      const scope = { layer: 2, head: 'all' } as const;
      const bytes = (await exported(inspection, { exporter: 'csv', scope, name: 'a' })).get('a.csv');
      const [head = [], ...rows] = parse(bytes ?? assert.fail());
      const { queries, keys, heads } = inspection.summary;
      assert.deepEqual(head, ['head', 'query', ...(keys.words ?? []).map((word, at) => `${at} ${word}`)]);
      assert.ok(queries.words?.some((word) => word.includes('"')));
      assert.deepEqual(
        rows.map(([own, query]) => [own, query]),
        Array.from({ length: heads }, (_, own) =>
          (queries.words ?? []).map((word, at) => [String(own), `${at} ${word}`]),
        ).flat(),
      );
      const numbers = rows.flatMap((row) => row.slice(2).map(Number).map(Math.fround));
      assert.deepEqual(numbers, await slices(inspection, 'weights', scope));
    } finally {
      await opened.dispose();
    }
  });

  it('in CSV of one matrix are read back by our own reader', async () => {
    const scope = { layer: 0, head: 0 };
    const request = { exporter: 'csv', step: 'scores', scope, name: 'a' };
    const bytes = (await exported(scores.inspection, request)).get('a.csv') ?? assert.fail();
    const [matrix] = [...(await readBack('a.csv', bytes)).values()];
    assert.deepEqual(matrix?.shape, [4, 5]);
    assert.deepEqual([...matrix.data], await slices(scores.inspection, 'scores', scope));
  });

  it('in JSON have null for what is not finite, and say so', async () => {
    const scope = { layer: 'all', head: 'all' } as const;
    const request = { exporter: 'json', step: 'scores', scope, name: 'a' };
    const text = String((await exported(scores.inspection, request)).get('a.json'));
    const file = readJson<{ data: (number | null)[][][][]; axes: string[]; shape: number[]; null: string }>(
      text,
    );
    assert.deepEqual(file.axes, ['layer', 'head', 'query', 'key']);
    assert.deepEqual(file.shape, [2, 3, 4, 5]);
    assert.match(file.null, /not finite/);
    const numbers = file.data.flat(3).map((value) => (value === null ? NaN : Math.fround(value)));
    assert.deepEqual(numbers, await slices(scores.inspection, 'scores', scope));
    assert.equal(file.data.length, 2);
    assert.ok(file.data.every((layer) => layer.length === 3 && layer.every((head) => head.length === 4)));
  });

  it('say beforehand how large they are: to the byte, or of text about', async () => {
    for (const request of dataCases) {
      const { inspection } = scores;
      const open = inspection.export(request);
      const files = await exported(inspection, request);
      for (const { name, size } of open.files) {
        const real = files.get(name)?.length ?? 0;
        if (request.exporter.startsWith('np')) assert.equal(size, real, name);
        else assert.ok(size > real / 8 && size < real * 4, `${name}: ${size}, not ${real}`);
      }
      await open.close();
    }
  });

  it('stay those of the beginning when the inspection changes meanwhile', async () => {
    const next = seeded(3);
    const Q = { shape: [2, 40, 4], data: Float32Array.from({ length: 320 }, next) };
    const opened = await openMaterial({ kind: 'tensors', tensors: { Q, K: Q, V: Q } });
    try {
      const { inspection } = opened;
      const scope = { layer: 0, head: 'all' } as const;
      const before = await slices(inspection, 'weights', scope);
      const open = inspection.export({ exporter: 'npy', scope, name: 'a' });
      await inspection.change({ temperature: 4 });
      assert.notDeepEqual(await slices(inspection, 'weights', scope), before);
      const chunk = await open.read();
      assert.ok(chunk);
      const [array] = [...(await readBack('a.npy', chunk.bytes)).values()];
      assert.deepEqual([...(array?.data ?? [])], before);
      assert.equal(await open.read(), null);
      assert.equal(await open.read(), null);
      await open.close();
    } finally {
      await opened.dispose();
    }
  });

  it('beyond four gigabytes have sizes of eight bytes, which NumPy reads as well', async () => {
    const bytes = await wideArchive();
    assert.deepEqual(bytes, readFileSync(join(kept, 'zip64.npz')));
    const entries = await readZipDirectory(fromBytes('zip64.npz', bytes));
    assert.deepEqual(
      entries.map(({ name, method }) => [name, method]),
      [
        ['scores.npy', 'stored'],
        ['twice.npy', 'stored'],
      ],
    );
    const own = await readBack('zip64.npz', bytes);
    for (const name of ['scores', 'twice']) {
      const { data } = tensorNamed(read, `zip64.npz/${name}`);
      assert.deepEqual([...(own.get(name)?.data ?? [])], [...data]);
    }
  });

  it('are checked by the same sums as zlib’s', () => {
    const bytes = Uint8Array.from({ length: 10_000 }, (_, at) => (at * 31 + (at >> 3)) % 256);
    assert.equal(crc32(bytes), zlibCrc32(bytes));
    assert.equal(crc32(bytes.subarray(4000), crc32(bytes.subarray(0, 4000))), zlibCrc32(bytes));
  });

  it('as text are the shortest that mean the same float32', () => {
    const next = seeded(12);
    const bits = new Uint32Array(20_000).map(() => ((next() + 1) / 2) * 2 ** 32);
    for (const value of new Float32Array(bits.buffer)) {
      if (Number.isFinite(value)) assert.equal(Math.fround(Number(shortest(value))), value);
    }
    assert.deepEqual([0.1, 1, -2.5, 1e-7, 3e20].map(Math.fround).map(shortest), [
      '0.1',
      '1',
      '-2.5',
      '1e-7',
      '300000000000000000000',
    ]);
  });

  it('are refused in a sentence where there are none', async () => {
    const { inspection } = scores;
    const all = { layer: 'all', head: 'all' } as const;
    const failure = async (request: Omit<ExportRequest, 'inspection' | 'name'>): Promise<string> => {
      const told = await exported(inspection, { ...request, name: 'a' }).catch((error: unknown) => error);
      assert.ok(told instanceof Error);
      return told.message;
    };
    assert.match(
      await failure({ exporter: 'xlsx', scope: all }),
      /^There is no exporter “xlsx”; there are npy, /,
    );
    assert.match(await failure({ exporter: 'npy', step: 'Q', scope: all }), /^There is no step “Q” here/);
    assert.match(await failure({ exporter: 'npy', scope: { layer: 2, head: 0 } }), /^There is no layer 2/);
    assert.match(await failure({ exporter: 'npy', scope: { layer: 0, head: 3 } }), /^There is no head 3/);
    assert.match(await failure({ exporter: 'numpy', scope: all }), /^Formulas are those of one layer/);
  });

  it('have a way out each, under a name of its own', () => {
    const ids = exporters.map(({ id }) => id);
    assert.equal(new Set(ids).size, ids.length);
    for (const { title, note, extension } of exporters) {
      assert.ok(title.endsWith(`(.${extension})`), title);
      assert.match(note, /^[A-Z].*\.$/);
    }
  });
});
