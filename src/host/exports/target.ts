import { randomUUID } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { reasonOf } from '../../common/values.js';

/** Where an export's bytes go. Nothing is where the user chose before everything is there. */
export interface Target {
  write(file: number, bytes: Uint8Array): Promise<void>;
  /** Puts everything in its place. */
  finish(): Promise<void>;
  /** Leaves nothing behind; after `finish` it does nothing. */
  discard(): Promise<void>;
}

/**
 * Files on this machine's disk: appended to beside their places under names of their own, renamed when all are whole.
 * @param describe the sentence for a file that cannot be written
 */
export function onDisk(paths: readonly string[], describe: (path: string, reason: string) => string): Target {
  const mark = randomUUID().slice(0, 8);
  const partOf = (path: string): string => `${path}.${mark}.part`;
  const handles = new Map<number, FileHandle>();
  let begun: string[] = [];
  const pathOf = (file: number): string => {
    const path = paths[file];
    if (path === undefined) throw new Error(`The export has no file ${file}.`);
    return path;
  };
  const handleOf = async (file: number): Promise<FileHandle> => {
    const known = handles.get(file);
    if (known !== undefined) return known;
    const part = partOf(pathOf(file));
    const handle = await open(part, 'wx');
    begun.push(part);
    handles.set(file, handle);
    return handle;
  };
  const close = async (): Promise<void> => {
    const all = [...handles.values()];
    handles.clear();
    await Promise.all(all.map((handle) => handle.close()));
  };
  const told = async (path: string, task: Promise<void>): Promise<void> =>
    task.catch((error: unknown) => {
      throw new Error(describe(path, reasonOf(error)), {
        cause: error,
      });
    });
  return {
    write: (file, bytes) =>
      told(
        pathOf(file),
        handleOf(file).then((handle) => handle.writeFile(bytes)),
      ),
    async finish() {
      await close();
      // The first is what the others belong to: it comes last, so that it is never there without them.
      for (const path of paths.toReversed()) await told(path, rename(partOf(path), path));
      begun = [];
    },
    async discard() {
      await close();
      await Promise.all(begun.map((part) => rm(part, { force: true })));
      begun = [];
    },
  };
}
