import { l10n, Uri, workspace } from 'vscode';
import type { ExportedFile } from '../../protocol.js';
import { onDisk } from './target.js';
import type { Target } from './target.js';

/** What is not on this machine's disk cannot be appended to, and is held until it is whole. */
const largestRemote = 256 * 2 ** 20;

/** Where the files of an export go: the first to where the user chose, the others beside it under their own names. */
export function placesOf(chosen: Uri, files: readonly ExportedFile[]): readonly Uri[] {
  return files.map(({ name }, at) => (at === 0 ? chosen : Uri.joinPath(chosen, '..', name)));
}

/** @throws Error where the files are too large for a place that cannot be appended to */
export function targetFor(places: readonly Uri[], files: readonly ExportedFile[]): Target {
  const remote = places.find(({ scheme }) => scheme !== 'file');
  if (remote === undefined) {
    return onDisk(
      places.map(({ fsPath }) => fsPath),
      (path, reason) => l10n.t('{0} cannot be written: {1}', path, reason),
    );
  }
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
