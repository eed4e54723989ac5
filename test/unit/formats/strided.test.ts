import assert from 'node:assert/strict';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cut, ShapeError, sizeOf, type Region, type Shape } from '../../../src/engine/tensor.js';
import { npy } from '../../../src/formats/npy.js';
import { FormatError, fromBytes, openFile } from '../../../src/formats/source.js';
import { expected, fixture, numbersOf, total, watched } from '../../support/formats/fixtures.js';
import { platform } from '../../support/platform.js';

/** Every box of a shape. */
function* boxesOf(shape: Shape): Generator<Region> {
  const [extent, ...rest] = shape;
  if (extent === undefined) {
    yield [];
    return;
  }
  for (let start = 0; start <= extent; start++) {
    for (let end = start; end <= extent; end++) {
      for (const box of boxesOf(rest)) yield [{ start, end }, ...box];
    }
  }
}

describe('reading a box of a tensor', () => {
  for (const name of ['version_1', 'fortran_cube', 'fortran_big_endian', 'scalar', 'empty_rows']) {
    it(`gives the same as cutting it from the whole: every box of ${name}.npy`, async () => {
      const [tensor] = (await npy.open(platform, fixture(`${name}.npy`))).tensors;
      const reference = expected[`${name}.npy`]?.tensors[name];
      assert.ok(tensor && reference);
      const whole = { shape: reference.shape, data: Float32Array.from(numbersOf(reference.data)) };
      for (const box of boxesOf(tensor.shape)) {
        assert.deepEqual(await tensor.read(box), cut(whole, box), JSON.stringify(box));
      }
    });
  }

  for (const name of ['c_4d', 'fortran_4d']) {
    it(`gives the same for a sample of boxes of ${name}.npy, of four axes`, async () => {
      const [tensor] = (await npy.open(platform, fixture(`${name}.npy`))).tensors;
      const reference = expected[`${name}.npy`]?.tensors[name];
      assert.ok(tensor && reference);
      const whole = { shape: reference.shape, data: Float32Array.from(numbersOf(reference.data)) };
      let number = 0;
      for (const box of boxesOf(tensor.shape)) {
        if (number++ % 7 === 0)
          assert.deepEqual(await tensor.read(box), cut(whole, box), JSON.stringify(box));
      }
      assert.ok(number > 1000);
    });
  }

  it('reads one run for whole rows, and no bytes outside the rows of the box', async () => {
    const source = watched(fixture('c_4d.npy'));
    const [tensor] = (await npy.open(platform, source)).tensors;
    assert.ok(tensor?.storage);
    const { offset } = tensor.storage;
    source.reads.length = 0;
    // Layer 1, head 2, queries 1–3, all keys: 2 rows of 5 four-byte numbers.
    await tensor.read([at(1), at(2), { start: 1, end: 3 }, { start: 0, end: 5 }]);
    assert.deepEqual(source.reads, [{ offset: offset + (60 + 40 + 5) * 4, length: 40 }]);

    source.reads.length = 0;
    // Two columns of those rows: read from the first to the last wanted number.
    await tensor.read([at(1), at(2), { start: 1, end: 3 }, { start: 1, end: 3 }]);
    assert.deepEqual(source.reads, [{ offset: offset + (60 + 40 + 5 + 1) * 4, length: (5 + 2) * 4 }]);

    source.reads.length = 0;
    // One head of each layer: two runs, never the heads between.
    await tensor.read([{ start: 0, end: 2 }, at(1), { start: 0, end: 4 }, { start: 0, end: 5 }]);
    assert.deepEqual(source.reads, [
      { offset: offset + 20 * 4, length: 80 },
      { offset: offset + 80 * 4, length: 80 },
    ]);

    source.reads.length = 0;
    await tensor.read([at(0), at(0), { start: 2, end: 2 }, { start: 0, end: 5 }]);
    assert.deepEqual(source.reads, [], 'an empty box reads nothing');
  });

  it('refuses a region that leaves the tensor or is none', async () => {
    const [tensor] = (await npy.open(platform, fixture('version_1.npy'))).tensors;
    assert.ok(tensor);
    const whole = { start: 0, end: 1 };
    for (const bad of [
      { start: 0, end: 5 },
      { start: -1, end: 1 },
      { start: 2, end: 1 },
      { start: 0.5, end: 1 },
      { start: NaN, end: 1 },
    ]) {
      await assert.rejects(tensor.read([whole, whole, bad]), (error) => {
        assert.ok(error instanceof ShapeError);
        assert.match(error.message, /version_1\.npy.*axis 2.*\(2, 3, 4\)/);
        return true;
      });
    }
    await assert.rejects(tensor.read([whole]), ShapeError);
  });
});

describe('a file of 4 GB', function () {
  this.timeout(20_000);

  // [layer, head, query, key] in float32, as a sparse file: 4 GiB long, hardly any on disk.
  const shape = [4, 16, 4096, 4096];
  let folder = '';
  const path = () => join(folder, 'weights.npy');

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'attention-formats-'));
    const header =
      `{'descr': '<f4', 'fortran_order': False, 'shape': (${shape.join(', ')}), }`.padEnd(117) + '\n';
    const bytes = Buffer.concat([
      Buffer.from('\x93NUMPY\x01\x00', 'latin1'),
      Buffer.of(header.length, 0),
      Buffer.from(header),
    ]);
    const file = await open(path(), 'w');
    await file.write(bytes);
    await file.truncate(bytes.length + sizeOf(shape) * 4);
    // Layer 3, head 5, query 4000, keys 100–103.
    const cell = ((3 * 16 + 5) * 4096 + 4000) * 4096 + 100;
    await file.write(new Uint8Array(Float32Array.of(1, 2, 3).buffer), 0, 12, bytes.length + cell * 4);
    await file.close();
  });
  after(() => rm(folder, { recursive: true }));

  it('gives a row by reading that row', async () => {
    const source = watched(await openFile(platform, path()));
    try {
      const [tensor] = (await npy.open(platform, source)).tensors;
      assert.ok(tensor);
      assert.ok(total(source.reads) < 1000, 'opening reads the header only');
      source.reads.length = 0;
      const row = await tensor.read([at(3), at(5), at(4000), { start: 0, end: 4096 }]);
      assert.deepEqual([...row.data.subarray(99, 104)], [0, 1, 2, 3, 0]);
      assert.equal(total(source.reads), 4096 * 4);
    } finally {
      await source.close();
    }
  });

  it('gives a column of all queries within the rows of its head, and one cell by reading one number', async () => {
    const source = watched(await openFile(platform, path()));
    try {
      const [tensor] = (await npy.open(platform, source)).tensors;
      assert.ok(tensor);
      source.reads.length = 0;
      const column = await tensor.read([at(3), at(5), { start: 0, end: 4096 }, at(101)]);
      assert.equal(column.data[4000], 2);
      assert.ok(total(source.reads) <= 4096 * 4096 * 4);
      assert.ok(
        source.reads.every(({ length }) => length <= 4 * 2 ** 20),
        'in small pieces',
      );
      source.reads.length = 0;
      assert.deepEqual([...(await tensor.read([at(3), at(5), at(4000), at(102)])).data], [3]);
      assert.equal(total(source.reads), 4);
    } finally {
      await source.close();
    }
  });

  it('is not read whole: more than a machine should hold is refused in a sentence', async () => {
    // Booleans become four times as large as float32: 2 GiB of them would be 8.
    const claimed = 2 ** 31;
    const header = `{'descr': '|b1', 'fortran_order': False, 'shape': (${claimed},), }`.padEnd(117) + '\n';
    const head = Buffer.concat([
      Buffer.from('\x93NUMPY\x01\x00', 'latin1'),
      Buffer.of(header.length, 0),
      Buffer.from(header),
    ]);
    const real = fromBytes('mask.npy', head);
    const source = { ...real, size: head.length + claimed };
    const [tensor] = (await npy.open(platform, source)).tensors;
    await assert.rejects(
      async () => tensor?.read([{ start: 0, end: claimed }]),
      (error) => error instanceof FormatError && /mask\.npy.*too large/.test(error.message),
    );
  });
});

/** One index along an axis. */
function at(index: number): { start: number; end: number } {
  return { start: index, end: index + 1 };
}
