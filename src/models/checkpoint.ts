import { parameter, type Storage, type Value } from '../engine/graph.js';
import { formatShape, inMemory, wholeOf, type Shape, type TensorSource } from '../engine/tensor.js';
import type { NamedTensor } from '../formats/format.js';
import type { Json } from '../formats/json-text.js';
import { whyNotOpened, type ByteSource } from '../formats/source.js';
import { quoted } from '../formats/untrusted.js';
import type { Platform } from '../platform/platform.js';
import { Config } from './config.js';
import { ctranslate2File, openCtranslate2Folder } from './ctranslate2/open.js';
import { MissingTensor, ModelError, named } from './error.js';
import { folderAt, readBytes, readJson, type CheckpointFolder } from './folder.js';
import { isGgufPath, openGgufFile } from './gguf/open.js';
import { isOpenAiPath, openOpenAiFile } from './openai/open.js';
import { refuseOther, remarksOn } from './folder-kinds.js';
import { refuseQuantised, refuseQuantisedTensors } from './quantisation.js';
import { hasOwnWeights, hasWeights, openWeights, type Place, type Weight } from './weight-files.js';

const CONFIG = 'config.json';
const TOKENIZER = 'tokenizer.json';

/** Far more than any real file has. */
const MAX_CONFIG_BYTES = 1 << 22;
const MAX_TOKENIZER_BYTES = 1 << 27;

/** What a checkpoint consists of, wherever it comes from. */
export interface CheckpointParts {
  readonly name: string;
  readonly config: Config;
  /** The file of its settings, for messages: "config.json". */
  readonly settings: string;
  /** The file of its tokenizer, for messages: "tokenizer.json". */
  readonly tokenizer: string;
  /** Under the names that Hugging Face gives them. */
  readonly weights: ReadonlyMap<string, Weight>;
  /** What lies beside the weights and is not read, in sentences. */
  readonly remarks?: readonly string[];
  /** What the weights are read from. */
  readonly sources: readonly ByteSource[];
  /** What a weight is called in its file, for messages; as here where left out. */
  nameOf?(name: string): string;
  /** The contents of config.json, tokenizer.json, tokenizer_config.json or generation_config.json; undefined where there is none. */
  json(file: string): Promise<Json | undefined>;
  /** A file that is no JSON: source.spm; undefined where there is none. */
  bytes?(file: string): Promise<Uint8Array | undefined>;
}

/** A model's configuration, weights and tokenizer. Weights stay on disk and are read when something needs them. */
export class Checkpoint {
  private readonly read = new Set<string>();

  private constructor(
    private readonly parts: CheckpointParts,
    /** Told of each weight that a graph is built from. */
    private readonly told: (name: string) => void = () => undefined,
  ) {}

  /**
   * Opens a Hugging Face folder, or the path of a GGUF file or of one of OpenAI's, and checks headers; the caller disposes of it.
   * @throws ModelError when it is no checkpoint, or one of its files is damaged
   */
  static async open(platform: Platform, from: CheckpointFolder | string): Promise<Checkpoint> {
    if (typeof from === 'string' && isGgufPath(from)) {
      return new Checkpoint(await openGgufFile(platform, from));
    }
    if (typeof from === 'string' && isOpenAiPath(from)) {
      return new Checkpoint(await openOpenAiFile(platform, from));
    }
    const folder = typeof from === 'string' ? folderAt(platform, from) : from;
    return new Checkpoint(await openFolder(platform, folder));
  }

  get name(): string {
    return this.parts.name;
  }

  /** The file of its tokenizer, for messages. */
  get tokenizer(): string {
    return this.parts.tokenizer;
  }

  get remarks(): readonly string[] {
    return this.parts.remarks ?? [];
  }

  get config(): Config {
    return this.parts.config;
  }

  /** The size of all files of weights, in bytes. */
  get size(): number {
    return this.parts.sources.reduce((sum, source) => sum + source.size, 0);
  }

  /** Every tensor under its name, of which a graph may read only some. */
  get tensors(): ReadonlyMap<string, NamedTensor> {
    return new Map([...this.parts.weights].map(([name, { tensor }]) => [name, tensor]));
  }

  get names(): readonly string[] {
    return [...this.parts.weights.keys()];
  }

  /**
   * The same checkpoint with other names for its weights; it is disposed of with this one.
   * @param prefix what a missing weight would have before its name in the file
   */
  renamed(rename: (name: string) => string, prefix = ''): Checkpoint {
    const { weights, nameOf } = this.parts;
    const names = new Map([...weights.keys()].map((name) => [rename(name), name]));
    const renamed = new Map([...weights].map(([name, weight]) => [rename(name), weight]));
    const before = (name: string): string => nameOf?.(name) ?? name;
    return new Checkpoint({
      ...this.parts,
      weights: renamed,
      nameOf: (name) => before(names.get(name) ?? prefix + name),
    });
  }

  /**
   * The model that lies in a part of this one, under the names that it has by itself; it is disposed of with this one.
   * @param prefix what the names of its weights begin with: "encoder."
   * @param config its own settings
   */
  part(prefix: string, config: Config): Checkpoint {
    const { weights, nameOf } = this.parts;
    const own = [...weights].flatMap(([name, weight]) =>
      name.startsWith(prefix) ? [[name.slice(prefix.length), weight] as const] : [],
    );
    return new Checkpoint(
      {
        ...this.parts,
        config,
        weights: new Map(own),
        nameOf: (name) => nameOf?.(prefix + name) ?? prefix + name,
      },
      (name) => {
        this.mark(prefix + name);
      },
    );
  }

  /** The names of the tensors that no graph was built from so far. */
  get unread(): readonly string[] {
    return [...this.parts.weights.keys()].filter((name) => !this.read.has(name));
  }

  has(tensor: string): boolean {
    return this.parts.weights.has(tensor);
  }

  /**
   * A weight as a leaf of a graph.
   * @param as other axes to read the same numbers along, in the same order; the file’s own where left out
   * @throws ModelError when it is missing or has another shape
   */
  weight(name: string, shape: Shape, as?: Shape): Value {
    const found = this.parts.weights.get(name);
    const own = quoted(this.parts.nameOf?.(name) ?? name);
    if (found === undefined) throw this.missing(name, own);
    this.mark(name);
    const { tensor, file, place } = found;
    if (tensor.shape.length !== shape.length || tensor.shape.some((extent, axis) => extent !== shape[axis])) {
      throw new ModelError(
        `${this.name}: ${file}: the tensor ${own} has the shape ${formatShape(tensor.shape)}, but by ${this.parts.settings} it should be ${formatShape(shape)}.`,
      );
    }
    const read = as === undefined ? tensor : new Reshaped(tensor, as);
    return parameter(read, storageOf(tensor, place));
  }

  private missing(name: string, own: string): MissingTensor {
    const files = [...new Set([...this.parts.weights.values()].map(({ file }) => file))];
    const [only] = files;
    const where =
      files.length === 1
        ? `${only ?? ''} does not hold it`
        : `none of its ${files.length} files of weights holds it`;
    const alike = this.names.find((each) => each.endsWith(`.${name}`));
    const instead =
      alike === undefined ? '' : ` There is ${quoted(this.parts.nameOf?.(alike) ?? alike)} instead.`;
    return new MissingTensor(
      `${this.name} lacks the tensor ${own}: ${this.parts.settings} asks for it, and ${where}.${instead} Its weights are incomplete, or of another model than its settings: save or download both together.`,
    );
  }

  private mark(name: string): void {
    this.read.add(name);
    this.told(name);
  }

  /** The contents of a JSON file that belongs to the checkpoint; undefined where there is none. @throws ModelError */
  json(file: string): Promise<Json | undefined> {
    return this.parts.json(file);
  }

  /** The bytes of a file that belongs to the checkpoint; undefined where there is none. @throws ModelError */
  async bytes(file: string): Promise<Uint8Array | undefined> {
    return this.parts.bytes?.(file);
  }

  async dispose(): Promise<void> {
    await closeAll(this.parts.sources);
  }
}

/** config.json, files of weights, and what else lies in a Hugging Face folder. @throws ModelError */
async function openFolder(platform: Platform, folder: CheckpointFolder): Promise<CheckpointParts> {
  const files = await listFiles(folder);
  const sources: ByteSource[] = [];
  try {
    if (!hasOwnWeights(files) && files.has(ctranslate2File)) {
      const converted = await openCtranslate2Folder(folder, files, sources);
      if (converted !== undefined) return converted;
    }
    await refuseOther(folder, files);
    const config = await readConfig(folder, files);
    refuseQuantised(config, files);
    const weights = await openWeights(platform, folder, files, sources);
    refuseQuantisedTensors(folder.name, weights);
    return {
      name: folder.name,
      config,
      settings: CONFIG,
      remarks: remarksOn(config, files),
      tokenizer: TOKENIZER,
      weights,
      sources,
      async json(file) {
        const present = await listFiles(folder);
        return present.has(file) ? readJson(folder, file, MAX_TOKENIZER_BYTES) : undefined;
      },
      async bytes(file) {
        const present = await listFiles(folder);
        return present.has(file) ? readBytes(folder, file, MAX_TOKENIZER_BYTES) : undefined;
      },
    };
  } catch (error) {
    await closeAll(sources);
    throw named(error, folder.name);
  }
}

/**
 * Whether a folder, by its files alone, is meant to be a model: there is a config.json, beside weights or with the name
 * of a family in it.
 */
export async function looksLikeModel(folder: CheckpointFolder): Promise<{ hasWeights: boolean } | undefined> {
  const files = await listFiles(folder);
  if (!files.has(CONFIG)) return undefined;
  if (hasWeights(files)) return { hasWeights: true };
  const config = await readConfig(folder, files).catch(() => undefined);
  return config?.modelType === undefined ? undefined : { hasWeights: false };
}

async function listFiles(folder: CheckpointFolder): Promise<ReadonlySet<string>> {
  try {
    return new Set(await folder.list());
  } catch (error) {
    throw new ModelError(`The folder ${folder.name} cannot be read: ${whyNotListed(error)}.`, {
      cause: error,
    });
  }
}

/** As a file's reason, but of a folder. */
function whyNotListed(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT') return 'there is no such folder';
  return code === 'ENOTDIR' ? 'it is a file, not a folder' : whyNotOpened(error);
}

async function readConfig(folder: CheckpointFolder, files: ReadonlySet<string>): Promise<Config> {
  if (!files.has(CONFIG)) {
    throw new ModelError(
      `The folder ${folder.name} is no checkpoint: it has no ${CONFIG}. A Hugging Face folder holds ${CONFIG}, tokenizer.json and model.safetensors.`,
    );
  }
  return Config.ofClass(await readJson(folder, CONFIG, MAX_CONFIG_BYTES), `${folder.name}: ${CONFIG}`);
}

/** ONNX Runtime reads these types from the file itself; others are converted and fed. */
export function storageOf({ storage }: NamedTensor, place: Place): Storage | undefined {
  if (storage === undefined || place === undefined) return undefined;
  const { dtype, offset, length } = storage;
  return dtype === 'F32' || dtype === 'F16' || dtype === 'BF16'
    ? { ...place, offset, length, dtype }
    : undefined;
}

/** The same numbers in the same order, along other axes. */
export class Reshaped implements TensorSource {
  constructor(
    /** As they lie in the file. */
    readonly source: TensorSource,
    readonly shape: Shape,
  ) {}

  async read(...[region, into]: Parameters<TensorSource['read']>): ReturnType<TensorSource['read']> {
    const { data } = await this.source.read(wholeOf(this.source.shape));
    return inMemory({ shape: this.shape, data }).read(region, into);
  }
}

async function closeAll(sources: readonly ByteSource[]): Promise<void> {
  await Promise.all(sources.map((source) => source.close()));
}
