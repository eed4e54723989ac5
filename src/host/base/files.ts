import { reasonOf } from '../../common/values.js';
import { FileSystemError, FileType, l10n, Uri, workspace } from 'vscode';
import { posixPaths } from '../../platform/paths.js';
import type { FileReference } from '../../protocol.js';

/** A file that is not on this machine's disk is read whole into memory, so it may not be larger. */
const largestRemote = 256 * 2 ** 20;

/**
 * How the engine gets at a file: by its path where it is on this machine's disk, and the engine too, else by its bytes.
 * @param sharesDisk whether the engine sees this machine's disk
 * @throws Error with a sentence for people, where it is a folder, too large, or cannot be read
 */
export async function referenceTo(address: string, sharesDisk: boolean): Promise<FileReference> {
  const uri = Uri.parse(address, true);
  const name = posixPaths.basename(uri.path);
  const { type, size } = await workspace.fs.stat(uri).then(undefined, (error: unknown) => {
    throw new Error(unreadable(name, error));
  });
  if ((type & FileType.Directory) !== 0)
    throw new Error(l10n.t('{0} is a folder, not a file of tensors.', name));
  if (uri.scheme === 'file' && sharesDisk) return { kind: 'path', path: uri.fsPath };
  if (size > largestRemote) {
    throw new Error(
      l10n.t(
        '{0} has {1} MB. A file that is not on this machine’s disk ({2}) can be inspected up to {3} MB: save a copy to the disk.',
        name,
        Math.ceil(size / 2 ** 20),
        uri.scheme,
        largestRemote / 2 ** 20,
      ),
    );
  }
  const bytes = await workspace.fs.readFile(uri).then(undefined, (error: unknown) => {
    throw new Error(unreadable(name, error));
  });
  return { kind: 'bytes', name, bytes };
}

function unreadable(name: string, error: unknown): string {
  if (error instanceof FileSystemError && error.code === 'FileNotFound') {
    return l10n.t('{0} does not exist any more.', name);
  }
  return l10n.t('{0} cannot be read: {1}', name, reasonOf(error));
}
