import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readFile, rename, rm, stat, statfs, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { HubClient } from './client.js';
import { HubError } from './error.js';
import type { HubFile, HubListing } from './listing.js';

/** How often a file is gone on with that breaks off without a byte more. */
const attempts = 5;
/** What has to be left on the disk, in bytes. */
const spare = 64 * 2 ** 20;

export interface DownloadOptions {
  readonly signal?: AbortSignal | undefined;
  /** Bytes that are there, of all. */
  readonly progress?: ((done: number, total: number, path: string) => void) | undefined;
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
  await mkdir(folder, { recursive: true });
  const lock = await locked(folder, id);
  try {
    const total = files.reduce((sum, { size }) => sum + size, 0);
    let missing = 0;
    for (const { path, size } of files)
      missing += size - Math.min(size, await sizeOf(join(folder, path), size));
    const left = await free(folder);
    if (missing > 0 && missing + spare > left) {
      throw new HubError(
        `${id} takes ${sizeText(missing)} more in ${folder}, where ${sizeText(left)} are free.`,
      );
    }
    let done = 0;
    for (const file of files) {
      const before = done;
      await fetchFile(
        client,
        `/${id}/resolve/${commit}/${file.path.split('/').map(encodeURIComponent).join('/')}`,
        file,
        {
          to: join(folder, file.path),
          signal,
          progress: (bytes) => progress?.(before + bytes, total, file.path),
        },
      );
      done += file.size;
    }
  } finally {
    await lock.release();
  }
}

interface FetchOptions {
  readonly to: string;
  readonly signal: AbortSignal | undefined;
  readonly progress: (bytes: number) => void;
}

async function fetchFile(
  client: HubClient,
  path: string,
  file: HubFile,
  options: FetchOptions,
): Promise<void> {
  const { to, signal, progress } = options;
  if (await isWhole(to, file)) {
    progress(file.size);
    return;
  }
  await mkdir(dirname(to), { recursive: true });
  const partial = `${to}.part`;
  for (let attempt = 1; ;) {
    const had = await lengthOf(partial);
    try {
      await goOn(client, path, file, partial, options);
      break;
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof HubError) throw error;
      // A connection that brought something was worth it.
      attempt = (await lengthOf(partial)) > had ? 1 : attempt + 1;
      if (attempt > attempts) {
        throw new HubError(`${file.path} broke off again and again: ${reasonOf(error)}.`, { cause: error });
      }
    }
  }
  const found = await hashOf(partial, file);
  if (file.hash !== undefined && found !== file.hash.value) {
    await rm(partial, { force: true });
    throw new HubError(
      `${file.path} is not what the hub says it is: its hash is ${found} instead of ${file.hash.value}. It was deleted.`,
    );
  }
  await rename(partial, to);
}

/** Fetches what is missing of a file. */
async function goOn(
  client: HubClient,
  path: string,
  file: HubFile,
  partial: string,
  { signal, progress }: FetchOptions,
): Promise<void> {
  let start = await lengthOf(partial);
  if (start > file.size) {
    await rm(partial, { force: true });
    start = 0;
  }
  progress(start);
  if (start === file.size && file.size > 0) return;
  const headers = start > 0 ? { range: `bytes=${start}-` } : {};
  const reply = await client.get(path, { headers, signal });
  // A server that cannot begin in the middle sends all of it.
  if (reply.statusCode !== 206) start = 0;
  const handle = await open(partial, start === 0 ? 'w' : 'a');
  let at = start;
  try {
    for await (const bytes of reply) {
      if (!Buffer.isBuffer(bytes)) continue;
      at += bytes.length;
      if (at > file.size) {
        throw new HubError(`${file.path} is longer than the ${file.size} bytes that the hub says it has.`);
      }
      await write(handle, bytes, file);
      progress(at);
    }
  } catch (error) {
    reply.destroy();
    if (error instanceof HubError && at > file.size) await rm(partial, { force: true });
    throw error;
  } finally {
    await handle.close();
  }
  if (at < file.size) throw new Error(`${at} of ${file.size} bytes came`);
}

async function write(handle: FileHandle, bytes: Buffer, { path }: HubFile): Promise<void> {
  try {
    await handle.writeFile(bytes);
  } catch (error) {
    throw new HubError(
      isCode(error, 'ENOSPC')
        ? `The disk is full: ${path} is not whole. What came is kept, and gone on with next time.`
        : `${path} cannot be written: ${reasonOf(error)}.`,
      { cause: error },
    );
  }
}

async function isWhole(path: string, file: HubFile): Promise<boolean> {
  if ((await lengthOf(path, -1)) !== file.size) return false;
  return file.hash === undefined || (await hashOf(path, file)) === file.hash.value;
}

/** In hexadecimal. */
async function hashOf(path: string, { hash, size }: HubFile): Promise<string> {
  const made: Hash =
    hash?.kind === 'git' ? createHash('sha1').update(`blob ${size}\0`) : createHash('sha256');
  for await (const bytes of createReadStream(path)) if (Buffer.isBuffer(bytes)) made.update(bytes);
  return made.digest('hex');
}

/** Of a file, or of what is there of it. */
async function sizeOf(path: string, whole: number): Promise<number> {
  const length = await lengthOf(path, -1);
  return length === whole ? length : lengthOf(`${path}.part`);
}

async function lengthOf(path: string, none = 0): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => none,
  );
}

async function freeOf(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

/** One window at a time writes to a folder. The lock of a process that is gone holds nobody up. */
async function locked(folder: string, id: string): Promise<{ release(): Promise<void> }> {
  const path = join(folder, '.download');
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      const handle = await open(path, 'wx');
      await handle.writeFile(String(process.pid));
      await handle.close();
      return { release: () => rm(path, { force: true }) };
    } catch (error) {
      if (!isCode(error, 'EEXIST')) {
        throw new HubError(`${folder} cannot be written to: ${reasonOf(error)}.`, { cause: error });
      }
      const holder = Number(await readFile(path, 'utf8').catch(() => ''));
      if (holder !== process.pid && !isAlive(holder)) await rm(path, { force: true });
    }
  }
  throw new HubError(`${id} is being fetched into ${folder} already, by this window or another.`);
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return isCode(error, 'EPERM');
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** "723.6 MB" */
export function sizeText(bytes: number): string {
  const steps = ['B', 'kB', 'MB', 'GB', 'TB'];
  const step = Math.min(steps.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, bytes)) / 3)));
  return `${(bytes / 1000 ** step).toFixed(step === 0 ? 0 : 1)} ${steps[step] ?? ''}`;
}
