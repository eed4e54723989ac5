import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parameter, type Storage, type Value } from '../../../src/engine/graph.js';
import type { Shape, Tensor } from '../../../src/engine/tensor.js';

export const folder = join(process.cwd(), 'test/fixtures/runtime');
export const file = 'numbers.safetensors';

interface Stored {
  readonly dtype: Storage['dtype'];
  readonly shape: Shape;
  readonly data_offsets: readonly [number, number];
}

const bytes = readFileSync(join(folder, file));
const start = 8 + Number(bytes.readBigUInt64LE(0));
// The file is the one that make.py writes: its header is known.
const header = JSON.parse(bytes.toString('utf8', 8, start)) as Readonly<Record<string, Stored>>;

function stored(name: string): Stored {
  const entry = header[name];
  assert.ok(entry, `${file} has no ${name}: run make.py`);
  return entry;
}

/** A tensor of the fixture, which must be float32. */
export function numbers(name: string): Tensor<Float32Array> {
  const { dtype, shape, data_offsets } = stored(name);
  assert.equal(dtype, 'F32');
  const [from, to] = data_offsets;
  return { shape, data: new Float32Array(Uint8Array.from(bytes.subarray(start + from, start + to)).buffer) };
}

/** Where a tensor of the fixture lies. */
export function storageOf(name: string): Storage {
  const { dtype, data_offsets } = stored(name);
  const [from, to] = data_offsets;
  return { folder, file, offset: start + from, length: to - from, dtype };
}

/** A weight that only ONNX Runtime may read. */
export function weight(name: string, storage: Storage = storageOf(name)): Value {
  const { shape } = stored(name);
  return parameter({ shape, read: () => assert.fail(`${name} was read by this process`) }, storage);
}

/** Equal within `tolerance`; infinities and “not a number” must be the same. */
export function assertClose(actual: Tensor | undefined, expected: Tensor, tolerance = 1e-5): void {
  assert.ok(actual);
  assert.deepEqual(actual.shape, expected.shape);
  assert.equal(actual.data.length, expected.data.length);
  expected.data.forEach((value, at) => {
    const got = actual.data[at] ?? Number.NaN;
    const same = Number.isFinite(value) ? Math.abs(got - value) <= tolerance : Object.is(got, value);
    assert.ok(same, `number ${at}: ${got} instead of ${value}`);
  });
}
