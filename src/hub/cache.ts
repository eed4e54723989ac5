import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { HubFile } from './listing.js';
import type { HubReference } from './reference.js';

/**
 * The folder where another program has fetched a model to, in huggingface_hub's layout.
 * @param files those that it has to have, in their whole length; where left out, only config.json is looked for
 * @returns undefined where it is not there, or not whole
 */
export async function cachedModel(
  cache: string,
  { id, revision }: HubReference,
  files?: readonly HubFile[],
): Promise<string | undefined> {
  const folder = join(cache, `models--${id.replaceAll('/', '--')}`);
  const told = await readFile(join(folder, 'refs', ...revision.split('/')), 'utf8').catch(() => revision);
  const commit = told.trim();
  if (!/^[0-9a-f]{40}$/.test(commit)) return undefined;
  const snapshot = join(folder, 'snapshots', commit);
  for (const { path, size } of files ?? [{ path: 'config.json', size: undefined }]) {
    const found = await stat(join(snapshot, path)).catch(() => undefined);
    if (found === undefined || (size !== undefined && found.size !== size)) return undefined;
  }
  return snapshot;
}
