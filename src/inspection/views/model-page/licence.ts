import { readWhole } from '../../../platform/files.js';
import type { Platform } from '../../../platform/platform.js';
import type { Fact } from '../../../protocol.js';

/** So much of a licence is looked at: its name stands on top. */
const looked = 400;

/** The licence that lies in a folder, by its file's name and first line; none where there is none. */
export async function licenceIn({ files, paths }: Platform, folder: string): Promise<Fact[]> {
  const entries = await files.list(folder).catch(() => []);
  const names = entries.map(({ name }) => name);
  const file = names.toSorted().find((name) => /^(?:licen[cs]e|copying)(?:\.(?:txt|md))?$/i.test(name));
  if (file === undefined) return [];
  const head = await readWhole(files, paths.join(folder, file), looked).catch(() => undefined);
  const lines = new TextDecoder().decode(head).split('\n');
  const first = lines.find((line) => line.trim() !== '') ?? '';
  const title = first
    .replace(/^[#\s]+/, '')
    .trim()
    .slice(0, 80);
  return [{ title: 'Licence', value: title === '' ? file : `${title} (${file})` }];
}
