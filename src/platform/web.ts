import { Inflate as Inflater } from 'fflate';
import { crc32 } from './crc32.js';
import { FileError, type FileEntry, type Files, type OpenFile } from './files.js';
import { posixPaths } from './paths.js';
import { InflateError, type Inflate, type Platform } from './platform.js';

/** A file of the tree that an engine in a browser sees: its bytes, or where they are fetched from. */
export type WebFile = Uint8Array | { readonly url: string; readonly size: number };

export interface WebOptions {
  /** Absolute path → file; folders are those that files lie in. */
  readonly files: Readonly<Record<string, WebFile>>;
  /** Where ONNX Runtime's WebAssembly is fetched from; beside the engine's script where left out. */
  readonly onnxRuntime?: string;
}

/** A worker of a browser: files that it was handed, and ONNX Runtime in WebAssembly. */
export function webPlatform({ files, onnxRuntime }: WebOptions): Platform {
  return {
    name: 'a browser',
    instance: crypto.randomUUID(),
    files: new WebFiles(
      new Map(Object.entries(files).map(([path, file]) => [posixPaths.resolve(path), file])),
    ),
    paths: posixPaths,
    inflate,
    sha256: async (bytes) =>
      btoa(String.fromCharCode(...new Uint8Array(await crypto.subtle.digest('SHA-256', bytes.slice())))),
    // More would need workers of their own, and a page that is isolated from others.
    threads: { usable: 1, present: 1 },
    onnxRuntime: [{ kind: 'wasm', ...(onnxRuntime === undefined ? {} : { binary: onnxRuntime }) }],
    memory: () => undefined,
  };
}

/** Of compressed bytes: what comes out of so many at once is at most 16 MiB. */
const chunkBytes = 16 * 2 ** 10;

const inflate: Inflate = {
  async all(stream, take) {
    const parts: Uint8Array[] = [];
    const inflater = new Inflater((part) => parts.push(part));
    const push = (bytes: Uint8Array, isLast: boolean): void => {
      checked(() => {
        inflater.push(bytes, isLast);
      });
      for (const part of parts.splice(0)) take(part);
    };
    for await (const chunk of stream) {
      for (let at = 0; at < chunk.length; at += chunkBytes) push(chunk.subarray(at, at + chunkBytes), false);
    }
    push(new Uint8Array(), true);
  },
  start(bytes) {
    const parts: Uint8Array[] = [];
    const inflater = new Inflater((part) => parts.push(part));
    checked(() => {
      inflater.push(bytes, false);
    });
    const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const part of parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  },
  crc32,
};

function checked(work: () => void): void {
  try {
    work();
  } catch (error) {
    throw new InflateError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

/** Files in memory, and files that are fetched, in one tree. Nothing in it changes. */
class WebFiles implements Files {
  constructor(private readonly files: ReadonlyMap<string, WebFile>) {}

  async open(path: string): Promise<OpenFile> {
    const file = this.files.get(posixPaths.resolve(path));
    if (file !== undefined) return file instanceof Uint8Array ? new BytesFile(file) : new FetchedFile(file);
    throw this.isFolder(path) ? new FileError(`${path} is a folder.`, 'EISDIR') : missing(path);
  }

  async stat(path: string): ReturnType<Files['stat']> {
    const file = this.files.get(posixPaths.resolve(path));
    if (file !== undefined) {
      return { kind: 'file', size: file instanceof Uint8Array ? file.length : file.size, modified: 0 };
    }
    if (this.isFolder(path)) return { kind: 'folder', size: 0, modified: 0 };
    throw missing(path);
  }

  async list(path: string): Promise<readonly FileEntry[]> {
    const entries = new Map<string, FileEntry>();
    for (const below of this.below(path)) {
      const [name = '', ...rest] = below.split('/');
      entries.set(name, { name, kind: rest.length === 0 ? 'file' : 'folder' });
    }
    if (entries.size > 0) return [...entries.values()];
    throw this.files.has(posixPaths.resolve(path))
      ? new FileError(`${path} is a file, not a folder.`, 'ENOTDIR')
      : missing(path);
  }

  async realpath(path: string): Promise<string> {
    await this.stat(path);
    return posixPaths.resolve(path);
  }

  private isFolder(path: string): boolean {
    return this.below(path).length > 0;
  }

  /** The paths of all files in a folder and below, from there on. */
  private below(path: string): string[] {
    const folder = posixPaths.resolve(path);
    const start = folder === '/' ? folder : `${folder}/`;
    return [...this.files.keys()]
      .filter((each) => each.startsWith(start))
      .map((each) => each.slice(start.length));
  }
}

function missing(path: string): FileError {
  return new FileError(`There is no file ${path}.`, 'ENOENT');
}

class BytesFile implements OpenFile {
  constructor(private readonly bytes: Uint8Array) {}

  get size(): number {
    return this.bytes.length;
  }

  read(into: Uint8Array, position: number): Promise<number> {
    const part = this.bytes.subarray(position, position + into.length);
    into.set(part);
    return Promise.resolve(part.length);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** A file that is fetched part by part; whole, and kept until it is closed, from a server that gives no parts. */
class FetchedFile implements OpenFile {
  private whole: BytesFile | undefined;

  constructor(private readonly file: { readonly url: string; readonly size: number }) {}

  get size(): number {
    return this.file.size;
  }

  async read(into: Uint8Array, position: number): Promise<number> {
    if (this.whole !== undefined) return this.whole.read(into, position);
    const count = Math.min(into.length, this.size - position);
    if (count <= 0) return 0;
    const { url, size } = this.file;
    const isWhole = count === size;
    const headers: Record<string, string> = isWhole
      ? {}
      : { range: `bytes=${position}-${position + count - 1}` };
    const response = await fetch(url, { headers }).catch((error: unknown) => {
      throw new FileError(`${url} cannot be fetched: ${String(error)}.`, 'EIO');
    });
    if (!response.ok)
      throw new FileError(`${url} cannot be fetched: the server says ${response.status}.`, 'EIO');
    const bytes = new Uint8Array(await response.arrayBuffer());
    const isPart = response.status === 206;
    if (bytes.length !== (isPart ? count : size)) {
      throw new FileError(
        `${url} was fetched with ${bytes.length} bytes instead of ${isPart ? count : size}; it may have changed.`,
        'EIO',
      );
    }
    const fetched = new BytesFile(bytes);
    if (!isPart && !isWhole) this.whole = fetched;
    return fetched.read(into.subarray(0, count), isPart ? 0 : position);
  }

  close(): Promise<void> {
    this.whole = undefined;
    return Promise.resolve();
  }
}
