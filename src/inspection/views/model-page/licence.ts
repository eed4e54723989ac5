import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Fact } from '../../../protocol.js';

/** So much of a licence is looked at: its name stands on top. */
const looked = 400;

/** The licence that lies in a folder, by its file's name and first line; none where there is none. */
export async function licenceIn(folder: string): Promise<Fact[]> {
  const names = await readdir(folder).catch(() => []);
  const file = names.toSorted().find((name) => /^(?:licen[cs]e|copying)(?:\.(?:txt|md))?$/i.test(name));
  if (file === undefined) return [];
  const first =
    (await headOf(join(folder, file)).catch(() => '')).split('\n').find((line) => line.trim() !== '') ?? '';
  const title = first
    .replace(/^[#\s]+/, '')
    .trim()
    .slice(0, 80);
  return [{ title: 'Licence', value: title === '' ? file : `${title} (${file})` }];
}

async function headOf(path: string): Promise<string> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(looked), 0, looked, 0);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await file.close();
  }
}
