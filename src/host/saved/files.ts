import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { posix } from 'node:path';
import { l10n, Uri, workspace } from 'vscode';
import { reasonOf } from '../../common/values.js';

/** SHA-256 of a file's contents, in hexadecimal. @throws Error with a sentence where it cannot be read */
export async function sha256Of(uri: Uri): Promise<string> {
  const hash = createHash('sha256');
  try {
    if (uri.scheme === 'file') {
      for await (const bytes of createReadStream(uri.fsPath)) {
        // The stream was given no encoding, so it yields bytes.
        hash.update(bytes as Uint8Array);
      }
    } else {
      hash.update(await workspace.fs.readFile(uri));
    }
  } catch (error) {
    throw new Error(l10n.t('{0} cannot be read: {1}', posix.basename(uri.path), reasonOf(error)), {
      cause: error,
    });
  }
  return hash.digest('hex');
}

/** The way from the folder of one file to another, or undefined where there is none. */
export function pathFrom(saved: Uri, file: Uri): string | undefined {
  if (saved.scheme !== file.scheme || saved.authority !== file.authority) return undefined;
  return posix.relative(posix.dirname(saved.path), file.path);
}

export function fileAt(saved: Uri, path: string): Uri {
  return Uri.joinPath(saved, '..', path);
}
