import { createHash } from 'node:crypto';
import { constants as openings, type Dirent, type Stats } from 'node:fs';
import { open, readdir, realpath, stat } from 'node:fs/promises';
import { availableParallelism, cpus } from 'node:os';
import { basename, dirname, isAbsolute, join, normalize, resolve, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { constants, crc32, createInflateRaw, inflateRawSync } from 'node:zlib';
import { FileError, type FileEntry, type FileKind, type Files } from './files.js';
import type { Paths } from './paths.js';
import { InflateError, type Inflate, type Platform } from './platform.js';

/** `wasm` makes a machine that has the native binary of ONNX Runtime run as one that has not. */
const backend = 'ATTENTION_INSPECTOR_BACKEND';

const chunkBytes = 256 * 2 ** 10;

/** Should a pipe have come into a file's place meanwhile, opening it does not wait. Windows has no such flag. */
const readOnly = openings.O_RDONLY | (openings.O_NONBLOCK ?? 0);

/** A process of Node: its disk, its zlib, and the native binary of ONNX Runtime where there is one. */
export function nodePlatform(): Platform {
  return {
    name: `${process.platform}-${process.arch}`,
    instance: String(process.pid),
    files,
    paths,
    inflate,
    sha256: (bytes) => Promise.resolve(createHash('sha256').update(bytes).digest('base64')),
    threads: { usable: availableParallelism(), present: cpus().length },
    // WebAssembly where there is no binary: macOS on Intel, Alpine Linux.
    onnxRuntime: [
      ...(process.env[backend] === 'wasm' ? [] : [{ kind: 'native' as const }]),
      { kind: 'wasm' },
    ],
    memory: () => ({ resident: process.memoryUsage.rss(), peak: process.resourceUsage().maxRSS * 1024 }),
  };
}

const paths: Paths = { separator: sep, basename, dirname, join, normalize, isAbsolute, resolve };

const files: Files = {
  async open(path) {
    // Opening a pipe waits for someone to write to it, and opening a device may do something: what it is is looked at first.
    refuseOthers(path, await stat(path));
    const handle = await open(path, readOnly);
    try {
      const found = await handle.stat();
      refuseOthers(path, found);
      const { size } = found;
      return {
        size,
        read: async (into, position) => (await handle.read(into, 0, into.length, position)).bytesRead,
        close: () => handle.close(),
      };
    } catch (error) {
      await handle.close();
      throw error;
    }
  },
  async stat(path) {
    const found = await stat(path);
    return { kind: kindOf(found), size: found.size, modified: found.mtimeMs };
  },
  async list(path) {
    const entries = await readdir(path, { withFileTypes: true });
    return entries.map((entry): FileEntry => ({
      name: entry.name,
      kind: entry.isSymbolicLink() ? 'link' : kindOf(entry),
    }));
  },
  realpath: (path) => realpath(path),
};

/** @throws FileError where it is no regular file */
function refuseOthers(path: string, found: Stats): void {
  if (found.isFile()) return;
  throw found.isDirectory()
    ? new FileError(`${path} is a folder.`, 'EISDIR')
    : new FileError(`${path} is no file but a pipe, a socket or a device.`, 'EFTYPE');
}

function kindOf(found: Stats | Dirent): FileKind {
  if (found.isFile()) return 'file';
  return found.isDirectory() ? 'folder' : 'other';
}

const inflate: Inflate = {
  async all(stream, take) {
    try {
      await pipeline(
        stream,
        createInflateRaw({ chunkSize: chunkBytes }),
        async (parts: AsyncIterable<Uint8Array>) => {
          for await (const part of parts) take(part);
        },
      );
    } catch (error) {
      throw inflateError(error);
    }
  },
  start(bytes) {
    try {
      // The input may end in the middle of the stream, which a sync flush allows.
      return Uint8Array.from(inflateRawSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH }));
    } catch (error) {
      throw inflateError(error);
    }
  },
  crc32: (bytes, before) => crc32(bytes, before),
};

/** What zlib has to say about a stream; any other error as it is. */
function inflateError(error: unknown): unknown {
  if (!(error instanceof Error && 'code' in error && String(error.code).startsWith('Z_'))) return error;
  return new InflateError(error.message, { cause: error });
}
