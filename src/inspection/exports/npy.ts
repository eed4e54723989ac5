import type { Shape } from '../../engine/tensor.js';
import { sizeOf } from '../../engine/tensor.js';
import type { BandedArray, StepExporter } from './exporter.js';
import { bytesOf } from './text.js';

/** NumPy's own format, version 1.0. Source: numpy.lib.format */
export const npyExporter: StepExporter = {
  id: 'npy',
  title: 'NumPy array (.npy)',
  note: 'One array of float32; masked cells are NaN.',
  extension: 'npy',
  of: 'step',
  fits: () => true,
  files: ({ name, array }) => [
    { name: `${name}.npy`, size: npySize(array.shape), write: (signal) => npyBytes(array, signal) },
  ],
};

const headerUnit = 64;

/** How many bytes an array of float32 takes as .npy. */
export function npySize(shape: Shape): number {
  return header('<f4', shape).length + Float32Array.BYTES_PER_ELEMENT * sizeOf(shape);
}

/** An array of float32 as .npy, little-endian. */
export async function* npyBytes(
  { shape, bands }: BandedArray,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  yield header('<f4', shape);
  for await (const band of bands(signal)) yield littleEndian(band);
}

/** Words as .npy: one axis of text, as long as the longest. */
export function npyOfWords(words: readonly string[]): Uint8Array {
  const points = words.map((word) => [...word].map((character) => character.codePointAt(0) ?? 0));
  const width = Math.max(1, ...points.map(({ length }) => length));
  const start = header(`<U${width}`, [words.length]);
  const bytes = new Uint8Array(start.length + 4 * width * words.length);
  bytes.set(start);
  const view = new DataView(bytes.buffer, start.length);
  points.forEach((word, row) => {
    word.forEach((point, at) => {
      view.setUint32(4 * (row * width + at), point, true);
    });
  });
  return bytes;
}

function header(descr: string, shape: Shape): Uint8Array {
  const axes = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${axes}), }`;
  // Magic, version and length stand before it; the numbers begin at a multiple of 64.
  const length = Math.ceil((10 + text.length + 1) / headerUnit) * headerUnit;
  const bytes = bytesOf(`\u0000NUMPY\u0001\u0000\u0000\u0000${text}`.padEnd(length - 1, ' ').concat('\n'));
  bytes[0] = 0x93;
  new DataView(bytes.buffer, bytes.byteOffset).setUint16(8, length - 10, true);
  return bytes;
}

const isLittleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

function littleEndian(band: Float32Array): Uint8Array {
  if (isLittleEndian) return new Uint8Array(band.buffer, band.byteOffset, band.byteLength);
  const bytes = new Uint8Array(band.byteLength);
  const view = new DataView(bytes.buffer);
  band.forEach((value, at) => {
    view.setFloat32(4 * at, value, true);
  });
  return bytes;
}
