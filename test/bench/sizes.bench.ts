import { existsSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { benchmark } from './table.js';

const root = process.cwd();

void benchmark('Sizes on disk', async (table) => {
  const bundles = await filesBelow(join(root, 'dist'));
  for (const path of bundles.filter((each) => each.endsWith('.js') || each.endsWith('.css'))) {
    table.figure(relative(root, path), (await stat(path)).size / 1024, 'kB');
  }
  const fonts = bundles.filter((each) => each.endsWith('.woff2'));
  table.figure(`dist, ${fonts.length} fonts`, (await totalOf(fonts)) / 1024, 'kB');
  table.figure(
    'media, the embedded model among it',
    (await totalOf(await filesBelow(join(root, 'media')))) / 2 ** 20,
    'MB',
  );
  const packages = (await readdir(root)).filter((name) => name.endsWith('.vsix'));
  for (const name of packages) table.figure(name, (await stat(join(root, name))).size / 2 ** 20, 'MB');
  if (packages.length === 0) table.missing('VSIX', 'none here: npm run package makes one');
});

async function filesBelow(folder: string): Promise<string[]> {
  if (!existsSync(folder)) return [];
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted();
}

async function totalOf(paths: readonly string[]): Promise<number> {
  const sizes = await Promise.all(paths.map(async (path) => (await stat(path)).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}
