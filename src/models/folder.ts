import { parseJson, type Json } from '../formats/json-text.js';
import { FormatError, openFile, whyNotOpened, type ByteSource } from '../formats/source.js';
import { utf8 } from '../formats/untrusted.js';
import type { Paths } from '../platform/paths.js';
import type { Platform } from '../platform/platform.js';
import { ModelError, named } from './error.js';

/** Where a checkpoint's files come from: a folder on disk, or something with the same interface. */
export interface CheckpointFolder {
  /** What people call the checkpoint: the folder's name, or "organisation/model" in the Hugging Face cache. */
  readonly name: string;
  /** The names of the files directly inside. @throws where the folder cannot be read */
  list(): Promise<readonly string[]>;
  /** Opens one of the files; the caller closes it. */
  open(file: string): Promise<ByteSource>;
  /** Where the file's bytes lie on disk, links followed; undefined where they do not. */
  locate(file: string): Promise<{ readonly folder: string; readonly file: string } | undefined>;
}

/** A folder at a path. */
export function folderAt(platform: Platform, path: string): CheckpointFolder {
  const { files, paths } = platform;
  return {
    name: nameOf(path, paths),
    async list() {
      const entries = await files.list(path);
      return entries.filter(({ kind }) => kind === 'file' || kind === 'link').map(({ name }) => name);
    },
    open: (file) => openFile(platform, paths.join(path, file)),
    async locate(file) {
      // In the Hugging Face cache a snapshot's files are links to blobs, and ONNX Runtime follows no link out of a folder.
      const real = await files.realpath(paths.join(path, file));
      return { folder: paths.dirname(real), file: paths.basename(real) };
    },
  };
}

/** …/models--organisation--model/snapshots/0123abcd is called organisation/model. */
function nameOf(path: string, { resolve, separator }: Paths): string {
  const parts = resolve(path).split(separator);
  const [cached, snapshots] = parts.slice(-3);
  return snapshots === 'snapshots' && cached?.startsWith('models--') === true
    ? cached.slice('models--'.length).split('--').join('/')
    : (parts.at(-1) ?? path);
}

/** The contents of a JSON file of a folder, at most `limit` bytes of it. @throws ModelError */
export async function readJson(folder: CheckpointFolder, file: string, limit: number): Promise<Json> {
  const where = `${folder.name}: ${file}`;
  const text = utf8(await readBytes(folder, file, limit));
  if (text === undefined) throw new ModelError(`${where} is not text in UTF-8.`);
  try {
    return parseJson(text, where, { maxDepth: 64, pythonNumbers: true });
  } catch (error) {
    throw named(error, folder.name);
  }
}

/** All bytes of a file of a folder, at most `limit` of them. @throws ModelError */
export async function readBytes(folder: CheckpointFolder, file: string, limit: number): Promise<Uint8Array> {
  const where = `${folder.name}: ${file}`;
  let source: ByteSource;
  try {
    source = await folder.open(file);
  } catch (error) {
    if (error instanceof FormatError) throw named(error, folder.name);
    throw new ModelError(`${where} cannot be opened: ${whyNotOpened(error)}.`, { cause: error });
  }
  try {
    if (source.size > limit) {
      throw new ModelError(`${where} has ${source.size} bytes; more than ${limit} are not read.`);
    }
    return await source.read(0, source.size);
  } catch (error) {
    throw named(error, folder.name);
  } finally {
    await source.close();
  }
}
