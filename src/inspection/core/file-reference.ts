import { FormatError, fromBytes, openFile, whyNotOpened, type ByteSource } from '../../formats/source.js';
import type { Paths } from '../../platform/paths.js';
import type { Platform } from '../../platform/platform.js';
import type { FileReference } from '../../protocol.js';

/** What a file is called. */
export function nameOf(file: FileReference, paths: Paths): string {
  return file.kind === 'path' ? paths.basename(file.path) : file.name;
}

/** Opens what was brought; the caller closes it. @throws FormatError where it cannot be opened */
export async function openReference(platform: Platform, file: FileReference): Promise<ByteSource> {
  if (file.kind === 'bytes') return fromBytes(file.name, file.bytes);
  const { files, paths } = platform;
  try {
    if ((await files.stat(file.path)).kind === 'folder') {
      throw new FormatError(`${paths.basename(file.path)} is a folder, not a file.`);
    }
    return await openFile(platform, file.path);
  } catch (error) {
    if (error instanceof FormatError) throw error;
    throw new FormatError(`${paths.basename(file.path)} cannot be opened: ${whyNotOpened(error)}.`, {
      cause: error,
    });
  }
}
