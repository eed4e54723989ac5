/** Float32 tensors as a safetensors file (https://huggingface.co/docs/safetensors). */
export function safetensors(
  tensors: Readonly<Record<string, { readonly shape: readonly number[]; readonly data: Float32Array }>>,
): Uint8Array {
  let end = 0;
  const entries = Object.entries(tensors).map(([name, { shape, data }]) => {
    const start = end;
    end += data.byteLength;
    return [name, { dtype: 'F32', shape, data_offsets: [start, end] }] as const;
  });
  const header = Buffer.from(JSON.stringify(Object.fromEntries(entries)));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.byteLength));
  const parts = Object.values(tensors).map(({ data }) =>
    Buffer.from(data.buffer, data.byteOffset, data.byteLength),
  );
  return Buffer.concat([length, header, ...parts]);
}

/** Q and K of one head with d_k = 64, as a file. */
export function oneHead(n: number): Uint8Array {
  const tensor = (seed: number): { shape: number[]; data: Float32Array } => ({
    shape: [n, 64],
    data: normal(n * 64, seed),
  });
  return safetensors({ Q: tensor(1), K: tensor(2) });
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
