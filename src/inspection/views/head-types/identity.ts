import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

const weights = /\.(?:safetensors|bin|gguf)$|\.index\.json$|^config\.json$|^tokenizer\.json$/i;

/** What changes where a model does: its path, and the sizes and times of writing of the files it is read from. */
export async function identityOf(path: string, kind: 'file' | 'folder'): Promise<string> {
  const names =
    kind === 'file' ? [''] : (await readdir(path)).filter((name) => weights.test(name)).toSorted();
  const stamps = await Promise.all(
    names.map(async (name) => {
      const { size, mtimeMs } = await stat(join(path, name));
      return `${name}:${size}:${mtimeMs}`;
    }),
  );
  return [path, ...stamps].join('\n');
}
