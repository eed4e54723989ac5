import assert from 'node:assert/strict';
import { deflateRawSync } from 'node:zlib';
import { FormatError, fromBytes } from '../../../src/formats/source.js';
import { encodeNpy } from '../../../src/formats/npy.js';
import { npz } from '../../../src/formats/npz.js';
import {
  expected,
  fixture,
  fixtureBytes,
  numbersOf,
  readAll,
  total,
  watched,
} from '../../support/formats/fixtures.js';
import { platform } from '../../support/platform.js';

/** A zip archive of deflated members, as `numpy.savez_compressed` writes it but for the checksum. */
function archive(members: Readonly<Record<string, { raw: Uint8Array; bytes: number }>>): Uint8Array {
  const locals: Buffer[] = [];
  const centrals: Buffer[] = [];
  let at = 0;
  for (const [name, { raw, bytes }] of Object.entries(members)) {
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(name.length, 26);
    const central = Buffer.alloc(46);
    central.writeUInt32LE(0x02014b50, 0);
    central.writeUInt16LE(8, 10);
    central.writeUInt32LE(raw.length, 20);
    central.writeUInt32LE(bytes, 24);
    central.writeUInt16LE(name.length, 28);
    central.writeUInt32LE(at, 42);
    locals.push(local, Buffer.from(name), Buffer.from(raw));
    centrals.push(central, Buffer.from(name));
    at += 30 + name.length + raw.length;
  }
  const directory = Buffer.concat(centrals);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(Object.keys(members).length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(at, 16);
  return new Uint8Array(Buffer.concat([...locals, directory, end]));
}

describe('npz', function () {
  this.timeout(20_000);

  it('reads only the rows asked for of a stored array, and says where its numbers lie in the archive', async () => {
    const bytes = fixtureBytes('savez.npz');
    const source = watched(fromBytes('savez.npz', bytes));
    const { tensors } = await npz.open(platform, source);
    const k = tensors.find((tensor) => tensor.name === 'K');
    assert.ok(k?.storage);
    source.reads.length = 0;
    // K is (4, 8); its third row.
    const row = await k.read([
      { start: 2, end: 3 },
      { start: 0, end: 8 },
    ]);
    assert.deepEqual(source.reads, [{ offset: k.storage.offset + 2 * 8 * 4, length: 32 }]);
    const reference = numbersOf(expected['savez.npz']?.tensors['K']?.data ?? []);
    assert.deepEqual([...row.data], reference.slice(16, 24));
    const { offset, length } = k.storage;
    assert.deepEqual([...new Float32Array(bytes.slice(offset, offset + length).buffer)], reference);
  });

  it('inflates a deflated array when it is first read, and once', async () => {
    const values = Float32Array.from({ length: 40_000 }, (_, i) => Math.sin(i * i));
    const file = Buffer.from(encodeNpy({ shape: [200, 200], data: values }));
    const raw = deflateRawSync(file);
    const bytes = archive({ 'A.npy': { raw, bytes: file.length } });
    // What crc32 of those bytes is, the archive must say too.
    new DataView(bytes.buffer).setUint32(bytes.length - 22 - 51 + 16, crcOf(file), true);
    const source = watched(fromBytes('big.npz', bytes));
    const [tensor] = (await npz.open(platform, source)).tensors;
    assert.ok(tensor);
    assert.equal(tensor.storage, undefined, 'compressed numbers lie nowhere plainly');
    assert.ok(total(source.reads) < 2000, 'opening inflates little');
    source.reads.length = 0;
    const box = [
      { start: 199, end: 200 },
      { start: 198, end: 200 },
    ];
    const [one, two] = await Promise.all([tensor.read(box), tensor.read(box)]);
    assert.deepEqual([...one.data], [...values.subarray(39_998)]);
    assert.deepEqual(two, one);
    assert.equal(total(source.reads), raw.length, 'both reads share one inflation');
    source.reads.length = 0;
    assert.deepEqual(await readAll(tensor), values);
    assert.equal(total(source.reads), 0);
  });

  it('notices damage within compressed numbers', async () => {
    const values = Float32Array.from({ length: 40_000 }, (_, i) => Math.sin(i * i));
    const file = Buffer.from(encodeNpy({ shape: [40_000], data: values }));
    const raw = new Uint8Array(deflateRawSync(file));
    raw.fill(0, raw.length - 60_000);
    const [tensor] = (
      await npz.open(platform, fromBytes('hurt.npz', archive({ 'A.npy': { raw, bytes: file.length } })))
    ).tensors;
    assert.ok(tensor);
    // A second try fails alike: what failed is not kept.
    for (let i = 0; i < 2; i++) {
      await assert.rejects(readAll(tensor), (error) => {
        assert.ok(error instanceof FormatError);
        assert.match(error.message, /^hurt\.npz: array "A"/);
        return true;
      });
    }
  });

  it('does not fall for a bomb: nothing is allocated by what a member claims', async () => {
    // A gigabyte and a half of zeros in a megabyte and a half.
    const head = encodeNpy({ shape: [0], data: new Float32Array() });
    const claimed = 1.5 * 2 ** 30;
    const zeros = deflateRawSync(Buffer.concat([head, Buffer.alloc(2 ** 21)]));
    const raw = Buffer.concat([zeros, Buffer.alloc(claimed / 1000)]);
    const before = process.memoryUsage().arrayBuffers;
    await assert.rejects(
      npz.open(platform, fromBytes('bomb.npz', archive({ 'A.npy': { raw, bytes: claimed } }))),
      (error) => {
        assert.ok(error instanceof FormatError);
        assert.match(error.message, /bomb\.npz: array "A".*1610612736.*numpy\.savez/);
        return true;
      },
    );
    assert.ok(process.memoryUsage().arrayBuffers - before < 64 * 2 ** 20);
  });

  it('does not inflate beyond what the array claims, which must be what the archive claims', async () => {
    const file = Buffer.from(encodeNpy({ shape: [4], data: Float32Array.of(1, 2, 3, 4) }));
    const raw = deflateRawSync(Buffer.concat([file, Buffer.alloc(2 ** 24)]));
    for (const bytes of [file.length, file.length + 4]) {
      const source = fromBytes('more.npz', archive({ 'A.npy': { raw, bytes } }));
      await assert.rejects(
        async () => {
          const [tensor] = (await npz.open(platform, source)).tensors;
          assert.ok(tensor);
          await readAll(tensor);
        },
        (error) => error instanceof FormatError && error.message.startsWith('more.npz: array "A"'),
      );
    }
  });

  it('leaves out what holds no numbers, and says why', async () => {
    const { skipped } = await npz.open(platform, fixture('mixed.npz'));
    assert.match(skipped?.find(({ name }) => name === 'config')?.reason ?? '', /never loaded/);
    assert.match(skipped?.find(({ name }) => name === 'spectrum')?.reason ?? '', /complex/);
  });

  it('stops opening once it is told to', async () => {
    const reason = new Error('no longer wanted');
    await assert.rejects(npz.open(platform, fixture('savez.npz'), AbortSignal.abort(reason)), reason);
  });
});

/** CRC-32 by its definition, bit by bit. */
function crcOf(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}
