/** Files that can be read. Errors have a `code`, as Node's have: ENOENT, EACCES. */
export interface Files {
  /** Opens a file; the caller closes it. Links are followed. @throws where it is no regular file: a pipe would keep whoever reads it */
  open(path: string): Promise<OpenFile>;
  /** Links are followed. */
  stat(path: string): Promise<FileStatus>;
  /** What is directly inside a folder, in no order; links are not followed. */
  list(path: string): Promise<readonly FileEntry[]>;
  /** The same place with all links followed. */
  realpath(path: string): Promise<string>;
}

export interface OpenFile {
  /** In bytes, when it was opened. */
  readonly size: number;
  /** Fills `into` from its start with what stands at `position`; how many bytes that were, 0 at the end of the file. */
  read(into: Uint8Array, position: number): Promise<number>;
  close(): Promise<void>;
}

export interface FileStatus {
  readonly kind: FileKind;
  /** In bytes. */
  readonly size: number;
  /** When it was last written, in milliseconds. */
  readonly modified: number;
}

export interface FileEntry {
  readonly name: string;
  readonly kind: FileKind | 'link';
}

export type FileKind = 'file' | 'folder' | 'other';

/** A file that cannot be read. */
export class FileError extends Error {
  override readonly name = 'FileError';
  constructor(
    message: string,
    readonly code: 'ENOENT' | 'EIO' | 'EISDIR' | 'ENOTDIR' | 'EFTYPE',
  ) {
    super(message);
  }
}

/**
 * All bytes of a file, or its first `limit` ones.
 * @throws FileError when the file becomes shorter meanwhile, and what `open` throws
 */
export async function readWhole(files: Files, path: string, limit = Infinity): Promise<Uint8Array> {
  const file = await files.open(path);
  try {
    const bytes = new Uint8Array(Math.min(file.size, limit));
    for (let done = 0; done < bytes.length;) {
      const count = await file.read(bytes.subarray(done), done);
      if (count === 0) throw new FileError(`${path} became shorter while it was read.`, 'EIO');
      done += count;
    }
    return bytes;
  } finally {
    await file.close();
  }
}
