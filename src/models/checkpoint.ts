import { parameter, type Storage, type Value } from '../engine/graph.js';
import { formatShape, type Shape } from '../engine/tensor.js';
import type { NamedTensor } from '../formats/format.js';
import { parseJson, type Json } from '../formats/json-text.js';
import { safetensors } from '../formats/safetensors.js';
import type { ByteSource } from '../formats/source.js';
import { quoted, utf8 } from '../formats/untrusted.js';
import { Config, isObject } from './config.js';
import { ModelError, reasonOf } from './error.js';
import { folderOnDisk, type CheckpointFolder } from './folder.js';

const CONFIG = 'config.json';
const WEIGHTS = 'model.safetensors';
const INDEX = 'model.safetensors.index.json';

/** Far more than any has; what is larger is not what its name says. */
const MAX_CONFIG_BYTES = 1 << 22;
const MAX_INDEX_BYTES = 1 << 26;
const MAX_TOKENIZER_BYTES = 1 << 27;
const MAX_SHARDS = 1024;

/** Where a shard's raw numbers lie on disk. */
type Place = Awaited<ReturnType<CheckpointFolder['locate']>>;

interface Weight {
  readonly tensor: NamedTensor;
  readonly file: string;
  readonly place: Place;
}

/**
 * A Hugging Face folder: config.json, model.safetensors (or shards with their index), tokenizer files. Weights stay on
 * disk and are read when something needs them.
 */
export class Checkpoint {
  private constructor(
    readonly name: string,
    readonly config: Config,
    private readonly folder: CheckpointFolder,
    private readonly weights: ReadonlyMap<string, Weight>,
    private readonly sources: readonly ByteSource[],
  ) {}

  /**
   * Opens a folder and checks its files' headers; the caller disposes of it.
   * @throws ModelError when it is no checkpoint, or one of its files is damaged
   */
  static async open(from: CheckpointFolder | string): Promise<Checkpoint> {
    const folder = typeof from === 'string' ? folderOnDisk(from) : from;
    const files = await listFiles(folder);
    const config = await readConfig(folder, files);
    const sources: ByteSource[] = [];
    try {
      const weights = await openWeights(folder, files, sources);
      return new Checkpoint(folder.name, config, folder, weights, sources);
    } catch (error) {
      await closeAll(sources);
      throw named(error, folder.name);
    }
  }

  /** Of all files of weights together, in bytes. */
  get size(): number {
    return this.sources.reduce((sum, source) => sum + source.size, 0);
  }

  has(tensor: string): boolean {
    return this.weights.has(tensor);
  }

  /**
   * A weight as a leaf of a graph.
   * @throws ModelError when it is missing or has another shape
   */
  weight(name: string, shape: Shape): Value {
    const found = this.weights.get(name);
    if (found === undefined) throw new ModelError(`${this.name} lacks the tensor ${quoted(name)}.`);
    const { tensor, file, place } = found;
    if (tensor.shape.length !== shape.length || tensor.shape.some((extent, axis) => extent !== shape[axis])) {
      throw new ModelError(
        `${this.name}: ${file}: the tensor ${quoted(name)} has the shape ${formatShape(tensor.shape)}, but by ${CONFIG} it should be ${formatShape(shape)}.`,
      );
    }
    return parameter(tensor, storageOf(tensor, place));
  }

  /** The contents of a JSON file of the folder; undefined where there is none. @throws ModelError */
  async json(file: string): Promise<Json | undefined> {
    const files = await listFiles(this.folder);
    return files.has(file) ? readJson(this.folder, file, MAX_TOKENIZER_BYTES) : undefined;
  }

  async dispose(): Promise<void> {
    await closeAll(this.sources);
  }
}

/**
 * Whether a folder, by its files alone, is meant to be a model: there is a config.json, beside weights or with the name
 * of a family in it.
 */
export async function looksLikeModel(folder: CheckpointFolder): Promise<{ hasWeights: boolean } | undefined> {
  const files = await listFiles(folder);
  if (!files.has(CONFIG)) return undefined;
  if (files.has(WEIGHTS) || files.has(INDEX)) return { hasWeights: true };
  const config = await readConfig(folder, files).catch(() => undefined);
  return config?.modelType === undefined ? undefined : { hasWeights: false };
}

async function listFiles(folder: CheckpointFolder): Promise<ReadonlySet<string>> {
  try {
    return new Set(await folder.list());
  } catch (error) {
    throw new ModelError(`The folder ${folder.name} cannot be read: ${reasonOf(error)}.`, { cause: error });
  }
}

async function readConfig(folder: CheckpointFolder, files: ReadonlySet<string>): Promise<Config> {
  if (!files.has(CONFIG)) {
    throw new ModelError(
      `The folder ${folder.name} is no checkpoint: it has no ${CONFIG}. A Hugging Face folder holds ${CONFIG}, tokenizer.json and ${WEIGHTS}.`,
    );
  }
  return Config.of(await readJson(folder, CONFIG, MAX_CONFIG_BYTES), `${folder.name}: ${CONFIG}`);
}

/** The contents of a JSON file of a folder, at most `limit` bytes of it. @throws ModelError */
export async function readJson(folder: CheckpointFolder, file: string, limit: number): Promise<Json> {
  const where = `${folder.name}: ${file}`;
  let source: ByteSource;
  try {
    source = await folder.open(file);
  } catch (error) {
    throw new ModelError(`${where} cannot be opened: ${reasonOf(error)}.`, { cause: error });
  }
  try {
    if (source.size > limit) {
      throw new ModelError(`${where} has ${source.size} bytes; more than ${limit} are not read.`);
    }
    const text = utf8(await source.read(0, source.size));
    if (text === undefined) throw new ModelError(`${where} is not text in UTF-8.`);
    return parseJson(text, where, { maxDepth: 64, pythonNumbers: true });
  } catch (error) {
    throw named(error, folder.name);
  } finally {
    await source.close();
  }
}

/** Opens the files of weights; those that were opened are in `sources`, also when it fails. */
async function openWeights(
  folder: CheckpointFolder,
  files: ReadonlySet<string>,
  sources: ByteSource[],
): Promise<Map<string, Weight>> {
  const shards = files.has(WEIGHTS)
    ? new Map<string, ReadonlySet<string> | undefined>([[WEIGHTS, undefined]])
    : await readIndex(folder, files);
  const weights = new Map<string, Weight>();
  for (const [file, expected] of shards) {
    if (!files.has(file)) {
      throw new ModelError(`${folder.name}: the file ${quoted(file)} that ${INDEX} names is missing.`);
    }
    const source = await folder.open(file);
    sources.push(source);
    const place = await folder.locate(file);
    const { tensors } = await safetensors.open({ ...sourceNamed(source, file) });
    for (const tensor of tensors) {
      if (expected?.has(tensor.name) !== false) weights.set(tensor.name, { tensor, file, place });
    }
  }
  return weights;
}

/** The same bytes under the name that the folder has for them: behind a link they may have another. */
function sourceNamed(source: ByteSource, name: string): ByteSource {
  return {
    name,
    size: source.size,
    read: (offset, length) => source.read(offset, length),
    close: () => source.close(),
  };
}

/** Shard → the tensors that the index says are in it. */
async function readIndex(
  folder: CheckpointFolder,
  files: ReadonlySet<string>,
): Promise<Map<string, ReadonlySet<string>>> {
  if (!files.has(INDEX)) {
    const others = [...files].filter((file) => /\.(bin|h5|msgpack|gguf|onnx|ckpt|pth?)$/i.test(file));
    const hint = others.length > 0 ? `; ${others.slice(0, 3).map(quoted).join(', ')} is not read` : '';
    throw new ModelError(
      `The folder ${folder.name} holds no weights: neither ${WEIGHTS} nor ${INDEX} is in it${hint}.`,
    );
  }
  const index = await readJson(folder, INDEX, MAX_INDEX_BYTES);
  const map = isObject(index) ? index['weight_map'] : undefined;
  if (!isObject(map)) throw new ModelError(`${folder.name}: ${INDEX} has no "weight_map".`);
  const shards = new Map<string, Set<string>>();
  for (const [tensor, file] of Object.entries(map)) {
    if (typeof file !== 'string' || !isPlainName(file)) {
      throw new ModelError(
        `${folder.name}: ${INDEX} puts the tensor ${quoted(tensor)} into ${quoted(JSON.stringify(file))}, which is not the name of a file in the same folder.`,
      );
    }
    const shard = shards.get(file) ?? new Set();
    shards.set(file, shard.add(tensor));
  }
  if (shards.size > MAX_SHARDS) {
    throw new ModelError(`${folder.name}: ${INDEX} names ${shards.size} files, more than ${MAX_SHARDS}.`);
  }
  return shards;
}

/** A file directly inside the folder, on every system: no separator, no drive, not a way out. */
function isPlainName(file: string): boolean {
  return file !== '' && file !== '.' && file !== '..' && !/[\\/:\0]/.test(file);
}

/** ONNX Runtime reads these types from the file by itself; others are converted and fed. */
export function storageOf({ storage }: NamedTensor, place: Place): Storage | undefined {
  if (storage === undefined || place === undefined) return undefined;
  const { dtype, offset, length } = storage;
  return dtype === 'F32' || dtype === 'F16' || dtype === 'BF16'
    ? { ...place, offset, length, dtype }
    : undefined;
}

async function closeAll(sources: readonly ByteSource[]): Promise<void> {
  await Promise.all(sources.map((source) => source.close()));
}

/** An error that begins with the checkpoint's name. */
function named(error: unknown, name: string): ModelError {
  if (error instanceof ModelError) return error;
  const reason = reasonOf(error);
  return new ModelError(reason.startsWith(`${name}: `) ? reason : `${name}: ${reason}`, { cause: error });
}
