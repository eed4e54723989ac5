import { reasonOf } from '../common/values.js';
import type { OpenFile } from '../platform/files.js';
import type { Platform } from '../platform/platform.js';

/** Where bytes come from. A reader never sees a path, so a remote or virtual file reads like one on disk. */
export interface ByteSource {
  /** The file's name, for messages. */
  readonly name: string;
  /** Length in bytes. */
  readonly size: number;
  /**
   * Exactly `length` bytes from `offset`.
   * @throws FormatError when the range leaves the file.
   */
  read(offset: number, length: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** One sentence about a file that cannot be read: the file, the tensor, the reason. */
export class FormatError extends Error {
  override readonly name = 'FormatError';
}

/** What to do about a file that says something else than it holds, to end a message with. */
export const again = 'It may be incomplete or damaged: save or download it again.';

/**
 * Checks that `length` bytes from `offset` on lie within a source.
 * @throws FormatError when they do not.
 */
export function checkRange(source: { name: string; size: number }, offset: number, length: number): void {
  if (!Number.isSafeInteger(offset) || !Number.isSafeInteger(length) || offset < 0 || length < 0) {
    throw new FormatError(`${source.name}: a range of ${length} bytes at ${offset} makes no sense. ${again}`);
  }
  if (offset + length > source.size) {
    throw new FormatError(
      `${source.name} ends too early: ${length} bytes are needed at byte ${offset}, but the file has ${source.size}. ${again}`,
    );
  }
}

/** The same bytes as numbers; a reader's bytes may be a part of a larger buffer. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

class FileSource implements ByteSource {
  constructor(
    readonly name: string,
    private readonly file: OpenFile,
  ) {}

  get size(): number {
    return this.file.size;
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    checkRange(this, offset, length);
    const bytes = new Uint8Array(length);
    let done = 0;
    while (done < length) {
      const count = await this.readSome(bytes.subarray(done), offset + done);
      if (count === 0) throw new FormatError(`${this.name} became shorter while it was read: open it again.`);
      done += count;
    }
    return bytes;
  }

  private async readSome(into: Uint8Array, position: number): Promise<number> {
    try {
      return await this.file.read(into, position);
    } catch (error) {
      const reason = reasonOf(error);
      throw new FormatError(`${this.name} cannot be read at byte ${position}: ${reason}.`, { cause: error });
    }
  }

  close(): Promise<void> {
    return this.file.close();
  }
}

const systemWords: ReadonlyMap<string, string> = new Map([
  ['ENOENT', 'there is no such file'],
  ['EACCES', 'reading it is not allowed'],
  ['EPERM', 'reading it is not allowed'],
  ['EFTYPE', 'it is no file but a pipe, a socket or a device'],
  ['EISDIR', 'it is a folder, not a file'],
  ['EMFILE', 'too many files are open'],
  ['ENFILE', 'too many files are open'],
]);

/** Why a file could not be opened, as the end of a sentence, rather than as a system says it. */
export function whyNotOpened(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : undefined;
  return code === undefined ? reasonOf(error) : (systemWords.get(code) ?? code);
}

/**
 * Opens a file at a path; the caller closes it.
 * @throws FormatError where Git has left a pointer in its place
 */
export async function openFile({ files, paths }: Platform, path: string): Promise<ByteSource> {
  const source = new FileSource(paths.basename(path), await files.open(path));
  try {
    await refuseLfsPointer(source);
  } catch (error) {
    await source.close();
    throw error;
  }
  return source;
}

/** By the specification a Git LFS pointer is smaller than this. */
const MAX_POINTER_BYTES = 1024;

const POINTER_START = 'version https://git-lfs.github.com/spec/';

/**
 * Refuses what Git leaves in place of a large file that was not fetched.
 * Source: github.com/git-lfs/git-lfs, docs/spec.md.
 * @throws FormatError naming the file
 */
export async function refuseLfsPointer(source: ByteSource): Promise<void> {
  if (source.size >= MAX_POINTER_BYTES || source.size < POINTER_START.length) return;
  const text = new TextDecoder().decode(await source.read(0, source.size));
  if (!text.startsWith(POINTER_START)) return;
  const size = /^size (\d{1,16})$/m.exec(text)?.[1];
  throw new FormatError(
    `${source.name} is a Git LFS pointer, not the file itself${size === undefined ? '' : `, which has ${size} bytes`}: run "git lfs pull" in its repository, or download the file again.`,
  );
}

/** Bytes that are already in memory, such as a file of a virtual workspace. */
export function fromBytes(name: string, bytes: Uint8Array): ByteSource {
  const size = bytes.byteLength;
  return {
    name,
    size,
    async read(offset, length) {
      checkRange({ name, size }, offset, length);
      // A copy: `slice` of Node's own kind of bytes would share its memory, and its pool, with whoever asked.
      return new Uint8Array(bytes.subarray(offset, offset + length));
    },
    close: () => Promise.resolve(),
  };
}

/** The `length` bytes of `source` from `offset` on, as a source of their own; closing it leaves `source` open. */
export function partOf(source: ByteSource, name: string, offset: number, length: number): ByteSource {
  checkRange(source, offset, length);
  return {
    name,
    size: length,
    async read(from, count) {
      checkRange({ name, size: length }, from, count);
      return source.read(offset + from, count);
    },
    close: () => Promise.resolve(),
  };
}
