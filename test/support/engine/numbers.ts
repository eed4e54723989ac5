import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Shape, Tensor } from '../../../src/engine/tensor.js';

const folder = join(process.cwd(), 'test/fixtures/engine');

interface Stored {
  readonly dtype: 'F32' | 'F64';
  readonly shape: Shape;
  readonly data_offsets: readonly [number, number];
}

/** A file that one of the scripts in test/fixtures/engine wrote with the safetensors library. */
export class Fixture {
  private readonly bytes: Buffer;
  private readonly header: Readonly<Record<string, Stored>>;
  private readonly metadata: Readonly<Record<string, string>>;
  private readonly start: number;

  constructor(private readonly name: string) {
    this.bytes = readFileSync(join(folder, name));
    this.start = 8 + Number(this.bytes.readBigUInt64LE(0));
    // The scripts write two types of numbers and metadata, and nothing else.
    const { __metadata__: metadata = {}, ...header } = JSON.parse(
      this.bytes.toString('utf8', 8, this.start),
    ) as { readonly __metadata__?: Readonly<Record<string, string>> } & Readonly<Record<string, Stored>>;
    this.metadata = metadata;
    this.header = header;
  }

  names(): string[] {
    return Object.keys(this.header);
  }

  /** JSON that the script kept beside the numbers, as `T`. */
  described<T>(key: string): T {
    const text = this.metadata[key];
    assert.ok(text, `${this.name} does not describe ${key}: run its script`);
    return JSON.parse(text) as T;
  }

  has(name: string): boolean {
    return Object.hasOwn(this.header, name);
  }

  tensor(name: string): Tensor {
    const entry = this.header[name];
    assert.ok(entry, `${this.name} has no ${name}: run its script`);
    const { dtype, shape, data_offsets } = entry;
    const [from, to] = data_offsets;
    const { buffer } = Uint8Array.from(this.bytes.subarray(this.start + from, this.start + to));
    return { shape, data: dtype === 'F64' ? new Float64Array(buffer) : new Float32Array(buffer) };
  }

  /** The tensors below a name that ends in “/”, without that part. */
  below(prefix: string): Map<string, Tensor> {
    const names = this.names().filter((name) => name.startsWith(prefix));
    return new Map(names.map((name) => [name.slice(prefix.length), this.tensor(name)]));
  }
}

/** How far a number may be from its reference: the larger of both. */
export interface Tolerance {
  readonly absolute: number;
  readonly relative?: number;
}

/** Equal shapes, and numbers within the tolerance; infinities and “not a number” must be the same. */
export function assertClose(
  actual: Tensor | undefined,
  expected: Tensor,
  tolerance: Tolerance,
  what = '',
): void {
  assert.ok(actual, `${what} is missing`);
  assert.deepEqual(actual.shape, expected.shape, what);
  assert.equal(actual.data.length, expected.data.length, what);
  const { absolute, relative = 0 } = tolerance;
  expected.data.forEach((reference, at) => {
    const value = actual.data[at] ?? Number.NaN;
    const allowed = Math.max(absolute, relative * Math.abs(reference));
    const close = Object.is(value, reference) || Math.abs(value - reference) <= allowed;
    assert.ok(
      close || value === reference,
      `${what}[${at}] is ${value}, not ${reference} (off by ${Math.abs(value - reference)})`,
    );
  });
}

/** Seeded numbers from 0 to 1 (mulberry32), so that a failure can be seen again. */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Seeded numbers from −2 to 2. */
export function randomTensor(shape: Shape, next: () => number): Tensor<Float64Array> {
  const length = shape.reduce((product, extent) => product * extent, 1);
  return { shape, data: Float64Array.from({ length }, () => Math.fround(next() * 4 - 2)) };
}
