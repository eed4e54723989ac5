import { readFileSync, writeFileSync } from 'node:fs';
import { readJson } from './expected.js';

/**
 * Writes a safetensors file again, with other names for its tensors.
 * @param rename the names that one is written under; none where it is left out
 */
export function renameTensors(
  from: string,
  to: string,
  rename: (name: string) => string | readonly string[] | undefined,
): void {
  const bytes = readFileSync(from);
  const end = 8 + Number(bytes.readBigUInt64LE(0));
  const header = readJson<Readonly<Record<string, { readonly data_offsets: readonly [number, number] }>>>(
    bytes.toString('utf8', 8, end),
  );
  const entries: [string, unknown][] = [];
  const data: Buffer[] = [];
  let size = 0;
  for (const [name, entry] of Object.entries(header)) {
    if (name === '__metadata__') continue;
    const own = bytes.subarray(end + entry.data_offsets[0], end + entry.data_offsets[1]);
    for (const each of [rename(name) ?? []].flat()) {
      entries.push([each, { ...entry, data_offsets: [size, size + own.length] }]);
      data.push(own);
      size += own.length;
    }
  }
  const text = Buffer.from(JSON.stringify(Object.fromEntries(entries)));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  writeFileSync(to, Buffer.concat([length, text, ...data]));
}
