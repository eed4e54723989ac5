import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { wholeOf, type Shape } from '../../../src/engine/tensor.js';
import type { NamedTensor } from '../../../src/formats/format.js';
import { fromBytes, type ByteSource } from '../../../src/formats/source.js';

export const folder = join(process.cwd(), 'test/fixtures/formats');

/** NaN and the infinities, which JSON lacks, are written as strings. */
type Written = number | 'NaN' | 'Infinity' | '-Infinity';

export interface ExpectedFile {
  readonly tensors: Readonly<
    Record<string, { readonly dtype: string; readonly shape: Shape; readonly data: readonly Written[] }>
  >;
  readonly tokens?: { readonly query?: readonly string[]; readonly key?: readonly string[] };
  readonly skipped?: readonly string[];
  /** Words, each of which one of as many notices bears. */
  readonly notices?: readonly string[];
}

interface ExpectedFiles {
  readonly expected: Readonly<Record<string, ExpectedFile>>;
  readonly refused: Readonly<Record<string, readonly string[]>>;
}

/** What make.py found, by NumPy, PyTorch and the safetensors library, in the fixtures beside it. */
const own = readExpected('expected.json');

/** What make_gguf.py found, by the `gguf` package. */
const ofGguf = readExpected('gguf/expected.json');

/** What make_variants.py found, by the libraries that wrote the files. */
const ofVariants = readExpected('variants/expected.json');

/** What make_tables.py handed to the writers of its files. */
const ofTables = readExpected('tables/expected.json');

export const expected: ExpectedFiles['expected'] = {
  ...own.expected,
  ...ofGguf.expected,
  ...ofVariants.expected,
  ...ofTables.expected,
};
export const refused: ExpectedFiles['refused'] = {
  ...own.refused,
  ...ofGguf.refused,
  ...ofVariants.refused,
  ...ofTables.refused,
};

function readExpected(file: string): ExpectedFiles {
  return JSON.parse(readFileSync(join(folder, file), 'utf8')) as ExpectedFiles; // The scripts write it so.
}

export function fixtureBytes(name: string): Uint8Array {
  return new Uint8Array(readFileSync(join(folder, name)));
}

export function fixture(name: string): ByteSource {
  return fromBytes(name, fixtureBytes(name));
}

export function numbersOf(written: readonly Written[]): number[] {
  return written.map(Number);
}

export async function readAll(tensor: NamedTensor): Promise<Float32Array> {
  return (await tensor.read(wholeOf(tensor.shape))).data;
}

/** A source that notes which bytes are read. */
export function watched(
  source: ByteSource,
): ByteSource & { readonly reads: { offset: number; length: number }[] } {
  const reads: { offset: number; length: number }[] = [];
  return {
    name: source.name,
    size: source.size,
    reads,
    read(offset, length) {
      reads.push({ offset, length });
      return source.read(offset, length);
    },
    close: () => source.close(),
  };
}

/** How many bytes were asked for in all. */
export function total(reads: readonly { length: number }[]): number {
  return reads.reduce((sum, { length }) => sum + length, 0);
}
