import type { Platform } from '../../../platform/platform.js';

const weights = /\.(?:safetensors|bin|gguf)$|\.index\.json$|^config\.json$|^tokenizer\.json$/i;

/** What changes where a model does: its path, and the sizes and times of writing of the files it is read from. */
export async function identityOf(
  { files, paths }: Platform,
  path: string,
  kind: 'file' | 'folder',
): Promise<string> {
  const names =
    kind === 'file'
      ? ['']
      : (await files.list(path))
          .map(({ name }) => name)
          .filter((name) => weights.test(name))
          .toSorted();
  const stamps = await Promise.all(
    names.map(async (name) => {
      const { size, modified } = await files.stat(paths.join(path, name));
      return `${name}:${size}:${modified}`;
    }),
  );
  return [path, ...stamps].join('\n');
}
