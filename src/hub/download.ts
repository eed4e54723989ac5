import { lstat, mkdir, open, rename, rm, stat, statfs } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import type { HubClient } from './client.js';
import { HubError, isCode } from './error.js';
import { reasonOf } from '../common/values.js';
import { FileHash } from './hash.js';
import { addressOf, type HubFile, type HubListing } from './listing.js';
import { lock } from './lock.js';
import { sizeText } from './size.js';

/** How often a file is gone on with that breaks off without a byte more. */
const attempts = 5;
/** A connection that brings less, of what is missing, was hardly worth it: in bytes, and as a share. */
const worthwhile = 64 * 2 ** 10;
const worthwhileShare = 1 / 256;
/** What has to be left on the disk, in bytes. */
const spare = 64 * 2 ** 20;

export interface DownloadProgress {
  /** Bytes that are there, of all. */
  readonly done: number;
  readonly total: number;
  /** Bytes that came this time. */
  readonly fetched: number;
  /** The file that is being fetched. */
  readonly path: string;
}

export interface DownloadOptions {
  readonly signal?: AbortSignal | undefined;
  readonly progress?: ((progress: DownloadProgress) => void) | undefined;
  /** Bytes that are free where a folder lies. */
  readonly free?: (folder: string) => Promise<number>;
}

/**
 * Fetches files into a folder, one after the other. What is there and whole is kept; what broke off is gone on with; a file
 * has its name only when it is whole and its hash is right.
 * @throws HubError; the signal's reason when aborted, with what came kept for the next time
 */
export async function download(
  client: HubClient,
  { id, commit }: Pick<HubListing, 'id' | 'commit'>,
  files: readonly HubFile[],
  folder: string,
  options: DownloadOptions = {},
): Promise<void> {
  const { signal, progress, free = freeOf } = options;
  await onDisk(folder, () => mkdir(folder, { recursive: true }));
  const held = await lock(folder, id);
  try {
    const total = files.reduce((sum, { size }) => sum + size, 0);
    let missing = 0;
    for (const file of files) missing += file.size - (await presentOf(join(folder, file.path), file.size));
    const left = await free(folder);
    if (missing > 0 && missing + spare > left) {
      throw new HubError(
        `${id} takes ${sizeText(missing)} more in ${folder}, where ${sizeText(left)} are free.`,
      );
    }
    let done = 0;
    let fetched = 0;
    for (const file of files) {
      const before = done;
      await fetchFile(file, {
        client,
        from: addressOf(id, commit, file.path),
        folder,
        to: join(folder, file.path),
        signal,
        progress(bytes, came) {
          fetched += came;
          progress?.({ done: before + bytes, total, fetched, path: file.path });
        },
      });
      done += file.size;
    }
  } finally {
    await held.release();
  }
}

interface FetchOptions {
  readonly client: HubClient;
  readonly from: string;
  /** What it is fetched into, and where it is to lie there. */
  readonly folder: string;
  readonly to: string;
  readonly signal: AbortSignal | undefined;
  /** Bytes of this file that are there, and those that came since the last call. */
  readonly progress: (bytes: number, came: number) => void;
}

async function fetchFile(file: HubFile, options: FetchOptions): Promise<void> {
  const { to, signal, progress } = options;
  if (await isWhole(to, file, signal)) {
    progress(file.size, 0);
    return;
  }
  await refuseLinks(options.folder, to);
  await onDisk(file.path, () => mkdir(dirname(to), { recursive: true }));
  const partial = await PartialFile.at(`${to}.part`, file, signal);
  const kept = partial.length > 0;
  await finish(partial, options);
  const found = partial.digest();
  if (file.hash !== undefined && found !== file.hash.value) {
    await rm(partial.path, { force: true });
    // What was kept from an earlier time may be of an earlier revision.
    if (kept) return fetchFile(file, options);
    throw new HubError(
      `${file.path} is not what the hub says it is: its hash is ${found} instead of ${file.hash.value}. It was deleted.`,
    );
  }
  await onDisk(file.path, () => rename(partial.path, to));
}

/** Goes on with a file until all of it is there. */
async function finish(partial: PartialFile, options: FetchOptions): Promise<void> {
  for (let attempt = 1; ;) {
    const had = partial.length;
    try {
      await resume(partial, options);
      return;
    } catch (error) {
      options.signal?.throwIfAborted();
      if (error instanceof HubError) throw error;
      // A connection that brought something was worth it; one that brings a byte is one of as many as there are bytes.
      const missing = partial.file.size - had;
      const isWorth = partial.length - had >= Math.max(1, Math.min(worthwhile, missing * worthwhileShare));
      attempt = isWorth ? 1 : attempt + 1;
      if (attempt > attempts) {
        throw new HubError(`${partial.file.path} broke off again and again: ${reasonOf(error)}.`, {
          cause: error,
        });
      }
      if (!isWorth) await options.client.backOff(attempt - 1, options.signal);
    }
  }
}

/** Fetches what is missing of a file, as far as one connection brings it. */
async function resume(partial: PartialFile, { client, from, signal, progress }: FetchOptions): Promise<void> {
  const { file } = partial;
  progress(partial.length, 0);
  if (partial.length === file.size && file.size > 0) return;
  const headers = partial.length > 0 ? { range: `bytes=${partial.length}-` } : {};
  const reply = await client.get(from, { headers, signal, ...(partial.length > 0 ? { accepts: 416 } : {}) });
  try {
    if (reply.statusCode === 416) {
      // What was kept is longer than what there is, or of something else.
      partial.restart();
      throw new Error('there is nothing at the place where it broke off');
    }
    // A server that cannot begin in the middle sends all of it.
    if (reply.statusCode !== 206) partial.restart();
    await partial.append(reply, (came) => {
      progress(partial.length, came);
    });
  } finally {
    reply.destroy();
  }
  if (partial.length < file.size) throw new Error(`${partial.length} of ${file.size} bytes came`);
}

/** What is there of a file that is not whole yet. */
class PartialFile {
  private hash: FileHash;

  private constructor(
    readonly path: string,
    readonly file: HubFile,
  ) {
    this.hash = new FileHash(file);
  }

  /** What was kept from an earlier time. */
  static async at(path: string, file: HubFile, signal: AbortSignal | undefined): Promise<PartialFile> {
    const partial = new PartialFile(path, file);
    const kept = await lengthOf(path);
    if (kept > 0 && kept <= file.size) await partial.hash.read(path, signal);
    return partial;
  }

  /** In bytes. */
  get length(): number {
    return this.hash.length;
  }

  restart(): void {
    this.hash = new FileHash(this.file);
  }

  digest(): string {
    return this.hash.digest();
  }

  /** @throws HubError where it cannot be written, or more comes than there should be; Error where the connection breaks off */
  async append(source: AsyncIterable<unknown>, progress: (came: number) => void): Promise<void> {
    const { path, size } = this.file;
    const handle = await onDisk(path, () => open(this.path, this.length === 0 ? 'w' : 'a'));
    try {
      for await (const bytes of source) {
        if (!Buffer.isBuffer(bytes)) continue;
        if (this.length + bytes.length > size) {
          await rm(this.path, { force: true });
          throw new HubError(`${path} is longer than the ${size} bytes that the hub says it has.`);
        }
        await onDisk(path, () => handle.writeFile(bytes));
        this.hash.update(bytes);
        progress(bytes.length);
      }
    } finally {
      await onDisk(path, () => handle.close());
    }
  }
}

/** Nothing is written through a link: where it leads is not what was chosen. @throws HubError */
async function refuseLinks(folder: string, to: string): Promise<void> {
  const parts = relative(folder, to).split(sep);
  const folders = parts.slice(0, -1).map((_, at) => join(folder, ...parts.slice(0, at + 1)));
  for (const place of [...folders, `${to}.part`]) {
    if (!(await isLink(place))) continue;
    throw new HubError(
      `${place} is a link, through which nothing is written: remove it, or choose another folder.`,
    );
  }
}

/** Whether it is a link to a file or a folder, or to nothing yet. */
async function isLink(place: string): Promise<boolean> {
  try {
    if (!(await lstat(place)).isSymbolicLink()) return false;
  } catch {
    return false;
  }
  return stat(place).then(
    (found) => found.isFile() || found.isDirectory(),
    () => true,
  );
}

/** Does something with the disk; what the system says against it becomes a sentence. @throws HubError */
async function onDisk<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new HubError(
      isCode(error, 'ENOSPC') || isCode(error, 'EDQUOT')
        ? `The disk is full: ${what} is not whole. What came is kept, and gone on with next time.`
        : `${what} cannot be written: ${reasonOf(error)}.`,
      { cause: error },
    );
  }
}

async function isWhole(path: string, file: HubFile, signal: AbortSignal | undefined): Promise<boolean> {
  if ((await lengthOf(path, -1)) !== file.size) return false;
  if (file.hash === undefined) return true;
  return (await new FileHash(file).read(path, signal)).digest() === file.hash.value;
}

/** Bytes of a file that need not be fetched: all, or those of what broke off. */
async function presentOf(path: string, whole: number): Promise<number> {
  if ((await lengthOf(path, -1)) === whole) return whole;
  const kept = await lengthOf(`${path}.part`);
  return kept <= whole ? kept : 0;
}

async function lengthOf(path: string, none = 0): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => none,
  );
}

/** Where the system does not tell, there is room. */
async function freeOf(folder: string): Promise<number> {
  return statfs(folder).then(
    ({ bavail, bsize }) => bavail * bsize,
    () => Infinity,
  );
}
