import assert from 'node:assert/strict';
import { safetensors } from '../../../src/formats/safetensors.js';
import { FormatError, fromBytes } from '../../../src/formats/source.js';
import { fixtureBytes, readAll, total, watched } from '../../support/formats/fixtures.js';
import { platform } from '../../support/platform.js';

/** A safetensors file with any header. */
function withHeader(header: string, data = new Uint8Array()): Uint8Array {
  const text = Buffer.from(header);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return new Uint8Array(Buffer.concat([length, text, data]));
}

describe('safetensors', function () {
  this.timeout(20_000);

  it('says where each tensor lies, counted from the start of the file', async () => {
    const bytes = fixtureBytes('every_dtype.safetensors');
    const { tensors } = await safetensors.open(platform, fromBytes('every_dtype.safetensors', bytes));
    const header = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    const lengths = tensors.map(({ storage }) => storage?.length ?? 0);
    assert.ok(Math.max(...lengths) > 0);
    for (const { name, storage, dtype } of tensors) {
      if (!storage) {
        assert.ok(['U16', 'U32', 'U64', 'F8_E4M3', 'F8_E5M2'].includes(dtype), name);
        continue;
      }
      assert.equal(storage.dtype, dtype);
      assert.ok(storage.offset >= 8 + header && storage.offset + storage.length <= bytes.length);
    }
    const f32 = tensors.find(({ name }) => name === 'tensor_F32');
    assert.ok(f32?.storage);
    const { offset, length } = f32.storage;
    assert.deepEqual(new Float32Array(bytes.slice(offset, offset + length).buffer), await readAll(f32));
  });

  it('reads the header and nothing more until it is asked', async () => {
    const bytes = fixtureBytes('every_dtype.safetensors');
    const header = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    const source = watched(fromBytes('every_dtype.safetensors', bytes));
    const { tensors } = await safetensors.open(platform, source);
    assert.equal(total(source.reads), 8 + header);
    source.reads.length = 0;
    await tensors
      .find(({ name }) => name === 'tensor_F16')
      ?.read([
        { start: 1, end: 2 },
        { start: 0, end: 3 },
      ]);
    assert.equal(total(source.reads), 6);
  });

  it('is recognised by its first bytes only where a header can follow', () => {
    const recognises = (bytes: Uint8Array) => safetensors.recognises?.(bytes.subarray(0, 16));
    assert.equal(recognises(withHeader('{}')), true);
    assert.equal(recognises(new TextEncoder().encode('{"a": 1}{"b": 2}')), false);
    assert.equal(recognises(new TextEncoder().encode('1,2,3,4\n{')), false);
    assert.equal(recognises(new Uint8Array(8)), false);
  });

  it('does not let a header of many small things fill the memory', async () => {
    const bomb = withHeader(`{"a":[${'[],'.repeat(5_000_000)}[]]}`);
    await assert.rejects(
      safetensors.open(platform, fromBytes('bomb.safetensors', bomb)),
      (error) => error instanceof FormatError && /^bomb\.safetensors.*too many/.test(error.message),
    );
  });

  it('does not overflow the stack on a deep header', async () => {
    const bomb = withHeader('{"a":'.repeat(2_000_000));
    await assert.rejects(safetensors.open(platform, fromBytes('deep.safetensors', bomb)), FormatError);
  });

  it('keeps names that mean something to JavaScript as mere names', async () => {
    const entry = (begin: number) => `{"dtype":"U8","shape":[1],"data_offsets":[${begin},${begin + 1}]}`;
    const names = ['__proto__', 'constructor', 'toString', 'then'];
    const header = `{${names.map((name, i) => `"${name}":${entry(i)}`).join(',')}}`;
    const { tensors } = await safetensors.open(
      platform,
      fromBytes('p.safetensors', withHeader(header, Uint8Array.of(1, 2, 3, 4))),
    );
    assert.deepEqual(
      tensors.map((tensor) => tensor.name),
      names,
    );
    assert.deepEqual(Object.keys(Object.prototype), []);
  });
});
