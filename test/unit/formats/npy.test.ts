import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inMemory, wholeOf } from '../../../src/engine/tensor.js';
import { encodeNpy, npy } from '../../../src/formats/npy.js';
import { parsePythonLiteral, PythonSyntaxError } from '../../../src/formats/python-literal.js';
import { FormatError, fromBytes } from '../../../src/formats/source.js';
import { fixture, fixtureBytes, folder, readAll } from '../../support/formats/fixtures.js';
import { platform } from '../../support/platform.js';

/** A .npy file, version 1.0, with any header text. */
function withHeader(header: string, data: Uint8Array = new Uint8Array()): Uint8Array {
  const text = Buffer.from(header, 'latin1');
  return new Uint8Array(
    Buffer.concat([
      Buffer.from('\x93NUMPY\x01\x00', 'latin1'),
      Buffer.of(text.length & 255, text.length >> 8),
      text,
      data,
    ]),
  );
}

describe('encodeNpy', () => {
  for (const file of readdirSync(join(folder, 'encoded'))) {
    it(`writes encoded/${file} as numpy.save does, byte for byte`, async () => {
      const bytes = new Uint8Array(readFileSync(join(folder, 'encoded', file)));
      const [tensor] = (await npy.open(platform, fromBytes(file, bytes))).tensors;
      assert.ok(tensor);
      const encoded = encodeNpy(await tensor.read(wholeOf(tensor.shape)));
      assert.deepEqual(Buffer.from(encoded), Buffer.from(bytes));
    });
  }

  it('rounds float64 to float32 and keeps NaN, infinities and the sign of zero', async () => {
    const data = Float64Array.of(0.1, -0, NaN, Infinity, -Infinity, 1e300);
    const [tensor] = (await npy.open(platform, fromBytes('a.npy', encodeNpy({ shape: [6], data })))).tensors;
    assert.ok(tensor);
    assert.deepEqual(await readAll(tensor), Float32Array.from(data));
  });
});

describe('npy', function () {
  this.timeout(20_000);

  it('says where plain numbers lie in the file, so that they can be used from there', async () => {
    const bytes = fixtureBytes('version_1.npy');
    const [tensor] = (await npy.open(platform, fromBytes('version_1.npy', bytes))).tensors;
    assert.ok(tensor?.storage);
    assert.equal(tensor.storage.dtype, 'F32');
    const { offset, length } = tensor.storage;
    assert.deepEqual(new Float32Array(bytes.slice(offset, offset + length).buffer), await readAll(tensor));
  });

  it('does not claim so of big-endian or Fortran-ordered numbers, nor of types nobody can be pointed at', async () => {
    for (const file of ['f4_big.npy', 'fortran_cube.npy', 'u2_little.npy']) {
      const [tensor] = (await npy.open(platform, fixture(file))).tensors;
      assert.ok(tensor);
      assert.equal(tensor.storage, undefined, file);
    }
  });

  it('reads the long integers and odd spacing of Python 2', async () => {
    const data = new Uint8Array(Float32Array.of(1, 2).buffer);
    const bytes = withHeader(`{"shape":(2L,),u'fortran_order' : False,  'descr':'<f4'}   \n`, data);
    const [tensor] = (await npy.open(platform, fromBytes('old.npy', bytes))).tensors;
    assert.ok(tensor);
    assert.deepEqual([...(await readAll(tensor))], [1, 2]);
  });

  it('survives a hostile header: deep, long, never closed', async () => {
    for (const header of [
      '('.repeat(65535),
      '{'.repeat(65535),
      `'${'\\'.repeat(65000)}`,
      '{'.padEnd(65535, "'a':["),
    ]) {
      await assert.rejects(npy.open(platform, fromBytes('deep.npy', withHeader(header))), FormatError);
    }
  });

  it('quotes what a file says only in part', async () => {
    const header = `{'descr': '${'<'.repeat(5000)}', 'fortran_order': False, 'shape': (1,)}`;
    await assert.rejects(npy.open(platform, fromBytes('long.npy', withHeader(header))), (error) => {
      assert.ok(error instanceof FormatError);
      assert.ok(error.message.length < 200, error.message);
      return true;
    });
  });
});

describe('parsePythonLiteral', () => {
  it('reads what repr writes', () => {
    assert.deepEqual(
      parsePythonLiteral(
        `{'descr': [('q', '<f4', (2, 3)), ("k's", '|b1')], 'shape': (), 'n': -3, 'x': None}`,
      ),
      new Map<string, unknown>([
        [
          'descr',
          [
            ['q', '<f4', [2, 3]],
            ["k's", '|b1'],
          ],
        ],
        ['shape', []],
        ['n', -3],
        ['x', null],
      ]),
    );
  });

  it('refuses everything else', () => {
    for (const text of [
      '',
      '(1)',
      '1 2',
      '{1: 2}',
      '[1,,2]',
      "{'a' 1}",
      '(1, 2',
      "'a",
      'True()',
      '1.5',
      '12ab',
      '__import__',
    ]) {
      assert.throws(() => parsePythonLiteral(text), PythonSyntaxError, text);
    }
  });
});

describe('sources', () => {
  it('give copies: what a reader does to its bytes changes nothing', async () => {
    const bytes = Buffer.from([1, 2, 3, 4]);
    const read = await fromBytes('a', bytes).read(1, 2);
    read.fill(9);
    assert.deepEqual([...bytes], [1, 2, 3, 4]);
    assert.equal(read.buffer.byteLength, 2);
  });

  it('refuse ranges that leave them', async () => {
    const source = fromBytes('a.bin', new Uint8Array(4));
    for (const [offset, length] of [
      [0, 5],
      [5, 0],
      [-1, 1],
      [0, -1],
      [0.5, 1],
      [NaN, 1],
      [2 ** 53, 1],
    ] as const) {
      await assert.rejects(
        source.read(offset, length),
        (error) => error instanceof FormatError && error.message.startsWith('a.bin'),
      );
    }
  });

  it('of tensors in memory are encoded like any other', async () => {
    const tensor = { shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) };
    const part = await inMemory(tensor).read([
      { start: 1, end: 2 },
      { start: 0, end: 2 },
    ]);
    const [read] = (await npy.open(platform, fromBytes('row.npy', encodeNpy(part)))).tensors;
    assert.deepEqual(read?.shape, [1, 2]);
  });
});

describe('A shape that is none', () => {
  it('is told as what stands there', async () => {
    for (const [shape, told] of [
      ["({'a': 1},)", 'an object'],
      ['([2], 3)', 'a list'],
      ['(None,)', '"null"'],
    ] as const) {
      const bytes = withHeader(`{'descr': '<f4', 'fortran_order': False, 'shape': ${shape}, }\n`);
      await assert.rejects(npy.open(platform, fromBytes('a.npy', bytes)), {
        name: 'FormatError',
        message: new RegExp(`^a\\.npy claims an extent of ${told} along axis 0\\.`),
      });
    }
  });
});
