import { randomUUID } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { l10n, Uri, workspace } from 'vscode';
import type { ExportedFile } from '../../protocol.js';
import { messageOf } from '../base/messages.js';

/** What is not on this machine's disk cannot be appended to, and is held until it is whole. */
const largestRemote = 256 * 2 ** 20;

/** Where an export's bytes go. Nothing is where the user chose before everything is there. */
export interface Target {
  write(file: number, bytes: Uint8Array): Promise<void>;
  /** Puts everything in its place. */
  finish(): Promise<void>;
  /** Leaves nothing behind; after `finish` it does nothing. */
  discard(): Promise<void>;
}

/** Where the files of an export go: the first to where the user chose, the others beside it under their own names. */
export function placesOf(chosen: Uri, files: readonly ExportedFile[]): readonly Uri[] {
  return files.map(({ name }, at) => (at === 0 ? chosen : Uri.joinPath(chosen, '..', name)));
}

/** @throws Error where the files are too large for a place that cannot be appended to */
export function targetFor(places: readonly Uri[], files: readonly ExportedFile[]): Target {
  const remote = places.find(({ scheme }) => scheme !== 'file');
  if (remote === undefined) return onDisk(places.map(({ fsPath }) => fsPath));
  const size = files.reduce((sum, file) => sum + file.size, 0);
  if (size > largestRemote) throw tooLarge(size, remote);
  return inMemory(places);
}

function tooLarge(size: number, { scheme }: Uri): Error {
  return new Error(
    l10n.t(
      'The export has {0} MB. Where files are not on this machine’s disk ({1}), up to {2} MB can be saved: choose fewer layers or heads, or a folder on the disk.',
      Math.ceil(size / 2 ** 20),
      scheme,
      largestRemote / 2 ** 20,
    ),
  );
}

/** Beside their places under names of their own, renamed when all are whole. */
function onDisk(paths: readonly string[]): Target {
  const mark = randomUUID().slice(0, 8);
  const partOf = (path: string): string => `${path}.${mark}.part`;
  const handles = new Map<number, FileHandle>();
  const pathOf = (file: number): string => {
    const path = paths[file];
    if (path === undefined) throw new Error(`The export has no file ${file}.`);
    return path;
  };
  const close = async (): Promise<void> => {
    const all = [...handles.values()];
    handles.clear();
    await Promise.all(all.map((handle) => handle.close()));
  };
  let begun: string[] = [];
  return {
    async write(file, bytes) {
      let handle = handles.get(file);
      if (handle === undefined) {
        const part = partOf(pathOf(file));
        handle = await open(part, 'wx').catch((error: unknown) => {
          throw new Error(l10n.t('{0} cannot be written: {1}', pathOf(file), messageOf(error)));
        });
        begun.push(part);
        handles.set(file, handle);
      }
      await handle.writeFile(bytes);
    },
    async finish() {
      await close();
      // The first is what the others belong to: it comes last, so that it is never there without them.
      for (const path of paths.toReversed()) await rename(partOf(path), path);
      begun = [];
    },
    async discard() {
      await close();
      await Promise.all(begun.map((part) => rm(part, { force: true })));
      begun = [];
    },
  };
}

function inMemory(places: readonly Uri[]): Target {
  const pieces = places.map((): Uint8Array[] => []);
  let size = 0;
  return {
    write(file, bytes) {
      size += bytes.length;
      const [first] = places;
      if (size > largestRemote && first !== undefined) throw tooLarge(size, first);
      pieces[file]?.push(bytes);
      return Promise.resolve();
    },
    async finish() {
      for (const [at, place] of [...places.entries()].toReversed()) {
        await workspace.fs.writeFile(place, Buffer.concat(pieces[at] ?? []));
      }
    },
    discard() {
      pieces.length = 0;
      return Promise.resolve();
    },
  };
}
