import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * The most memory that a process of a group has had, in bytes; undefined where there is none, or where the system does
 * not tell (anything but Linux).
 * @param group the id of the process that leads the group
 * @param mark a part of the process's command line
 */
export async function peakMemory(group: number, mark: string): Promise<number | undefined> {
  if (process.platform !== 'linux') return undefined;
  const ids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  for (const id of ids) {
    // A process may end while it is looked at.
    const read = (file: string): Promise<string> => readFile(join('/proc', id, file), 'utf8').catch(() => '');
    if (!(await read('cmdline')).includes(mark)) continue;
    // "pid (name) state parent group …"; the name may hold anything.
    const stat = await read('stat');
    const [, , leader] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const peak = /^VmHWM:\s+(\d+) kB$/m.exec(await read('status'))?.[1];
    if (Number(leader) === group && peak !== undefined) return Number(peak) * 1024;
  }
  return undefined;
}

/** The most that a process took, in bytes; undefined where the system does not tell (anything but Linux). */
export async function peakOf(id: number | undefined): Promise<number | undefined> {
  if (process.platform !== 'linux') return undefined;
  const status = await readFile(join('/proc', String(id), 'status'), 'utf8');
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}
