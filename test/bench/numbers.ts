/** A float32 array as version 1.0 of NumPy's format (https://numpy.org/neps/nep-0001-npy-format.html). */
export function npy(shape: readonly number[], data: Float32Array): Uint8Array {
  const description = `{'descr': '<f4', 'fortran_order': False, 'shape': (${shape.join(', ')},), }`;
  const length = Math.ceil((10 + description.length + 1) / 64) * 64 - 10;
  const head = Buffer.from(`\x93NUMPY\x01\x00\0\0${description.padEnd(length - 1)}\n`, 'latin1');
  head.writeUInt16LE(length, 8);
  return Buffer.concat([head, new Uint8Array(data.buffer, data.byteOffset, data.byteLength)]);
}

/** The same numbers at each run, spread as those of a standard normal distribution (Box–Muller over a Weyl sequence). */
export function normal(count: number, seed: number): Float32Array {
  const uniform = (at: number): number => (at * 0.618033988749895 + seed * 0.7548776662466927) % 1;
  return Float32Array.from(
    { length: count },
    (_, at) =>
      Math.sqrt(-2 * Math.log(1 - uniform(at + 1))) * Math.cos(2 * Math.PI * ((at * 0.5698402909980532) % 1)),
  );
}
