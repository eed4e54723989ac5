import type { Platform } from '../platform/platform.js';
import { filesOf } from './identity.js';

/** So much of a file is hashed at once, in bytes: files of any size need no more memory. */
const piece = 16 * 2 ** 20;

/**
 * What a model is, wherever it lies: a hash of the contents of all its files, the same on every machine. It is the SHA-256 (in hexadecimal) of
 * lines, one a file in the order of their names: the name, the size, and in base64 the SHA-256 of each 16 MiB of it.
 * @param report told the share that is done, 0 to 1
 * @throws what reading throws, and the signal's reason
 */
export async function digestOf(
  platform: Platform,
  model: { readonly kind: 'file' | 'folder'; readonly path: string },
  signal?: AbortSignal,
  report: (share: number) => void = () => undefined,
): Promise<string> {
  const { files, paths } = platform;
  const found = (await filesOf(platform, model)).toSorted();
  const sizes = await Promise.all(found.map(async (path) => (await files.stat(path)).size));
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const lines: string[] = [];
  let done = 0;
  for (const path of found) {
    const file = await files.open(path);
    try {
      const hashes: string[] = [];
      for (let start = 0; start < file.size; start += piece) {
        signal?.throwIfAborted();
        const bytes = new Uint8Array(Math.min(piece, file.size - start));
        for (let at = 0; at < bytes.length;) {
          const count = await file.read(bytes.subarray(at), start + at);
          if (count === 0) throw new Error(`${paths.basename(path)} became shorter while it was read.`);
          at += count;
        }
        hashes.push(await platform.sha256(bytes));
        done += bytes.length;
        report(done / Math.max(1, total));
      }
      lines.push([paths.basename(path), file.size, ...hashes].join(' '));
    } finally {
      await file.close();
    }
  }
  return hexadecimal(await platform.sha256(new TextEncoder().encode(lines.join('\n'))));
}

function hexadecimal(base64: string): string {
  return Array.from(atob(base64), (character) => character.charCodeAt(0).toString(16).padStart(2, '0')).join(
    '',
  );
}
