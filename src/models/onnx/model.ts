import type { Json } from '../../formats/json-text.js';
import { readOnnx, type OnnxFile, type OnnxTensor } from '../../formats/onnx.js';
import { openFile, whyNotOpened, type ByteSource } from '../../formats/source.js';
import { quoted } from '../../formats/untrusted.js';
import type { Paths } from '../../platform/paths.js';
import type { Platform } from '../../platform/platform.js';
import { architectures } from '../architectures/index.js';
import { visionArchitectures } from '../architectures/vision/index.js';
import { Config } from '../config.js';
import { ModelError, named } from '../error.js';
import { reasonOf } from '../../common/values.js';
import { findProcessor, type ImageSettings } from '../processors/image/index.js';
import { openTokenizer } from '../processors/tokenizer/open-tokenizer.js';
import { labelsOf, type Encoding, type TextTokenizer } from '../processors/tokenizer/tokenizer.js';
import type { AddedNode, FoundAttention } from './attention.js';
import { withoutBranches } from './branches.js';
import { Companions } from './companions.js';
import { findAttention } from './find.js';
import { withoutFunctions } from './functions.js';
import { OnnxGraph } from './graph.js';
import { featureMaps, type FeatureMap } from './feature-maps.js';
import { ImageInputs, readsPixels, type ImageExtents, type PixelInput } from './image-inputs.js';
import { readsSound, SoundInputs, type SoundExtents, type SoundInput } from './sound-inputs.js';
import { TextInputs, type OnnxFeed } from './inputs.js';
import { pruned, type PrunedGraph } from './pruned.js';

/** Whether a path is that of an ONNX export, by its name. */
export function isOnnxPath(path: string): boolean {
  return path.toLowerCase().endsWith('.onnx');
}

/** The most tokens of a model that nobody says more of. */
const unknownLimit = 2048;

/** A graph as a runtime takes it: fields of the file's messages, and where large constants lie. */
export interface ForeignParts {
  readonly modelRest: readonly Uint8Array[];
  readonly graphRest: readonly Uint8Array[];
  readonly nodes: readonly Uint8Array[];
  readonly added: readonly AddedNode[];
  readonly constants: readonly (Uint8Array | ConstantOnDisk)[];
  readonly inputs: readonly Uint8Array[];
  readonly wanted: readonly string[];
  readonly folder: string | undefined;
  readonly files: ReadonlyMap<string, number>;
}

/** What an export is given: the tokens of a text, an image, or the spectrogram of a recording. */
export type ExportInput = readonly number[] | PixelInput | SoundInput;

/** A part of an export that can run by itself. */
export interface OnnxPart {
  readonly graph: ForeignParts;
  /** What its inputs are fed for a text or an image. @throws ModelError where the image has another size than it reads */
  feeds(input: ExportInput): ReadonlyMap<string, OnnxFeed>;
}

interface ConstantOnDisk {
  readonly name: string;
  readonly type: number;
  readonly shape: readonly number[];
  readonly data: { readonly location: string; readonly offset: number; readonly length: number };
}

/** Where the parts of a model lie. */
interface Place {
  /** As it was opened: other files are beside it. */
  readonly path: string;
  /** Links followed. */
  readonly real: string;
}

/** A file of constants, links followed. */
interface FileBeside {
  readonly path: string;
  readonly size: number;
}

/** An ONNX export of any family that reads text, images or recordings, with what lies beside it. */
export class OnnxModel {
  /** The file’s name, for messages. */
  readonly name: string;
  /** The file with the folder that it belongs to, for lists. */
  readonly title: string;
  /** "BERT", or what config.json calls it. */
  readonly family: string;
  readonly attention: readonly FoundAttention[];
  /** Of one layer, as far as something tells before a run; 0 where nothing does. */
  readonly heads: number;
  /** d_model; 0 where nothing tells. */
  readonly width: number;
  /** The longest text in tokens; of an image, how many it becomes, 0 where nothing tells. */
  readonly limit: number;
  /** The edges of the images that it reads; undefined where it reads text. */
  readonly image: ImageExtents | undefined;
  /** The extents of the spectrogram that it hears; undefined where it reads something else. */
  readonly sound: SoundExtents | undefined;
  /** What may tell how tokens lie over an image. */
  readonly maps: readonly FeatureMap[];
  /** What the classes are called, by their number; none where nothing names them. */
  readonly labels: ReadonlyMap<string, string>;
  /** "vit", where config.json says so. */
  readonly modelType: string | undefined;
  /** How many tokens every run has, where it was exported so. */
  readonly fixed: number | undefined;
  private readonly padding: number;
  private tokenizer: Promise<TextTokenizer> | undefined;

  private constructor(
    private readonly paths: Paths,
    private readonly place: Place,
    private readonly file: OnnxFile,
    private readonly companions: Companions,
    config: Config | undefined,
    private readonly beside: ReadonlyMap<string, FileBeside>,
    /** Of the export and of the files beside it that hold constants. */
    readonly size: number,
  ) {
    this.name = paths.basename(place.path);
    this.title = companions.titleOf(place.path);
    const isOfImages = readsPixels(file.inputs);
    const graph = new OnnxGraph(file, this.name);
    this.attention = findAttention(graph);
    const inputs = isOfImages
      ? new ImageInputs(file.inputs, this.name)
      : readsSound(file.inputs)
        ? new SoundInputs(file.inputs, this.name)
        : new TextInputs(file.inputs, this.name);
    this.sound = inputs instanceof SoundInputs ? inputs.extents : undefined;
    const described = describe(config);
    this.family = described.family;
    this.width = described.width ?? 0;
    this.labels = config?.names('id2label') ?? new Map();
    this.modelType = config?.modelType;
    if (inputs instanceof ImageInputs) {
      this.heads = described.heads ?? 0;
      this.image = inputs.extents;
      this.maps = featureMaps(graph);
      this.limit = 0;
      this.fixed = undefined;
    } else if (inputs instanceof SoundInputs) {
      this.heads = described.heads ?? 0;
      this.maps = [];
      this.limit = 0;
      this.fixed = undefined;
    } else {
      this.heads = described.heads ?? inputs.pastHeads ?? 0;
      this.maps = [];
      this.limit = inputs.fixed ?? described.limit ?? unknownLimit;
      this.fixed = inputs.fixed;
    }
    this.padding = config?.says('pad_token_id') === true ? (config.numbers('pad_token_id')[0] ?? 0) : 0;
  }

  /**
   * Reads the graph of an export, not its weights.
   * @throws ModelError, a sentence that begins with the file, where it is damaged, has no attention, or reads no text
   */
  static async open(platform: Platform, path: string): Promise<OnnxModel> {
    const { files, paths } = platform;
    const name = paths.basename(path);
    try {
      const real = await files.realpath(path).catch((error: unknown) => {
        throw new ModelError(`${name} cannot be opened: ${whyNotOpened(error)}.`, { cause: error });
      });
      const source = await openFile(platform, path);
      const written = await readAndClose(source);
      // Branches may call functions too.
      const file = withoutFunctions(withoutBranches(withoutFunctions(written, name), name), name);
      const companions = await Companions.beside(platform, path);
      const settings = await companions.json('config.json');
      const config = settings === undefined ? undefined : Config.of(settings, `${name}: config.json`);
      const beside = await filesBeside(platform, file, path);
      const size = [...beside.values()].reduce((sum, each) => sum + each.size, source.size);
      return new OnnxModel(paths, { path, real }, file, companions, config, beside, size);
    } catch (error) {
      const reason = reasonOf(error);
      throw reason.startsWith(name) ? new ModelError(reason, { cause: error }) : named(error, name);
    }
  }

  /** What the graph is given. */
  get inputs(): readonly string[] {
    return this.file.inputs.map(({ name }) => name);
  }

  /** What the graph gives. */
  get outputs(): readonly string[] {
    return this.file.outputs.map(({ name }) => name);
  }

  /** How an image is prepared for it, as a file beside it says; undefined where there is none. @throws ModelError */
  processor(): Promise<ImageSettings | undefined> {
    const { name, modelType, companions } = this;
    return findProcessor({ name, modelType, json: (file) => companions.json(file) });
  }

  /** What preprocessor_config.json beside it says of a recording; undefined where there is none. @throws ModelError where it cannot be read */
  extractor(): Promise<Json | undefined> {
    return this.companions.json('preprocessor_config.json');
  }

  /** How many nodes the graph has. */
  get nodes(): number {
    return this.file.nodes.length;
  }

  /** Cuts a text into tokens that people read, at most `limit` of them. @throws ModelError where there is no tokenizer beside it */
  async encode(text: string): Promise<Encoding> {
    const tokenizer = await this.openedTokenizer();
    const encoding = tokenizer.encode(text, this.limit);
    return { ...encoding, tokens: labelsOf(tokenizer, encoding, () => text) };
  }

  /** What tokenizer.json beside it says; undefined where there is none. @throws ModelError where it cannot be read */
  tokenizerDescription(): Promise<Json | undefined> {
    return this.companions.json('tokenizer.json');
  }

  /** What fills a text up to the length that every run has, as the vocabulary spells it. */
  async paddingToken(): Promise<string> {
    return (await this.openedTokenizer()).spell(this.padding) ?? `<${this.padding}>`;
  }

  /** What computes these values, and nothing else. @throws ModelError where a file of constants is too short, or lies elsewhere */
  part(wanted: readonly string[]): OnnxPart {
    const values = [...new Set(wanted)];
    const added = this.attention.flatMap((each) => each.added);
    const needed = pruned(this.file, values, added);
    if (this.image !== undefined) {
      const inputs = new ImageInputs(needed.inputs, this.name);
      return {
        graph: this.parts(needed, values),
        feeds: (input) => {
          if ('pixels' in input) return inputs.feeds(input);
          throw new ModelError(`${this.name} reads images alone.`);
        },
      };
    }
    if (this.sound !== undefined) {
      const inputs = new SoundInputs(needed.inputs, this.name);
      return {
        graph: this.parts(needed, values),
        feeds: (input) => {
          if ('features' in input) return inputs.feeds(input);
          throw new ModelError(`${this.name} hears recordings alone.`);
        },
      };
    }
    const inputs = new TextInputs(needed.inputs, this.name);
    return {
      graph: this.parts(needed, values),
      feeds: (ids) => {
        if ('pixels' in ids || 'features' in ids) throw new ModelError(`${this.name} reads text alone.`);
        const count = this.fixed ?? ids.length;
        const padded = [...ids, ...Array.from({ length: count - ids.length }, () => this.padding)];
        return inputs.feeds({ ids: padded, real: ids.length });
      },
    };
  }

  private parts({ nodes, added, constants, inputs }: PrunedGraph, wanted: readonly string[]): ForeignParts {
    const files = new Map<string, number>();
    const folder = this.paths.dirname(this.place.real);
    const placed = constants.map((constant): Uint8Array | ConstantOnDisk => {
      const { name, type, shape, place } = constant;
      if (place.kind === 'message') return place.bytes;
      const data =
        place.kind === 'inside'
          ? { location: this.paths.basename(this.place.real), offset: place.offset, length: place.length }
          : this.outside(name, place, folder);
      files.set(data.location, Math.max(files.get(data.location) ?? 0, data.offset + data.length));
      return { name, type, shape, data };
    });
    return {
      modelRest: this.file.modelRest,
      graphRest: this.file.graphRest,
      nodes: nodes.map(({ bytes }) => bytes),
      added,
      constants: placed,
      inputs: inputs.map(({ bytes }) => bytes),
      wanted,
      folder: files.size === 0 ? undefined : folder,
      files,
    };
  }

  /** Where a constant lies that has its numbers in another file. */
  private outside(
    constant: string,
    { location, offset, length: told }: Extract<OnnxTensor['place'], { kind: 'outside' }>,
    folder: string,
  ): ConstantOnDisk['data'] {
    const { separator } = this.paths;
    const { path = '', size = 0 } = this.beside.get(location) ?? {};
    // In the Hugging Face cache every file is a link into one folder, and that is where its links are read.
    if (!path.startsWith(folder + separator)) {
      throw new ModelError(
        `${this.name}: the constant ${quoted(constant)} lies in ${quoted(location)}, outside of its folder.`,
      );
    }
    const length = told ?? size - offset;
    if (length < 0 || offset + length > size) {
      throw new ModelError(
        `${this.name}: ${quoted(location)} ends too early: the constant ${quoted(constant)} reaches to byte ${offset + length}, but the file has ${size}.`,
      );
    }
    const within = path.slice(folder.length + 1);
    return { location: within.split(separator).join('/'), offset, length };
  }

  private openedTokenizer(): Promise<TextTokenizer> {
    this.tokenizer ??= openTokenizer(this.companions, this.name);
    return this.tokenizer;
  }
}

async function readAndClose(source: ByteSource): Promise<OnnxFile> {
  try {
    return await readOnnx(source);
  } finally {
    await source.close();
  }
}

/** What config.json says; nothing where there is none. */
function describe(config: Config | undefined): {
  readonly family: string;
  readonly heads?: number | undefined;
  readonly width?: number | undefined;
  readonly limit?: number | undefined;
} {
  if (config === undefined) return { family: 'ONNX' };
  const isMeant = ({ modelTypes }: { readonly modelTypes: readonly string[] }): boolean =>
    modelTypes.some((each) => each === config.modelType);
  const known = architectures.find(isMeant);
  const vision = visionArchitectures.find(isMeant);
  try {
    if (known !== undefined) {
      const { heads, width, limit } = known.describe(config);
      return { family: known.title, heads, width, limit };
    }
    if (vision !== undefined) {
      const { heads, width } = vision.describe(config);
      return { family: vision.title, heads, width };
    }
  } catch (error) {
    // The graph is in the export: settings that do not suit a checkpoint are no reason to refuse it.
    if (!(error instanceof ModelError)) throw error;
  }
  const first = (...names: readonly string[]): number | undefined =>
    names.flatMap((name) => config.numbers(name))[0];
  return {
    family: known?.title ?? vision?.title ?? config.modelType ?? 'ONNX',
    heads: first('num_attention_heads', 'n_head', 'n_heads', 'num_heads', 'encoder_attention_heads'),
    width: first('hidden_size', 'n_embd', 'dim', 'd_model'),
    limit: first('max_position_embeddings', 'n_positions', 'max_seq_len'),
  };
}

/** The files that hold constants, by what the export calls them. */
async function filesBeside(
  platform: Platform,
  file: OnnxFile,
  path: string,
): Promise<ReadonlyMap<string, FileBeside>> {
  const locations = new Set(
    [...file.constants.values()].flatMap(({ place }) => (place.kind === 'outside' ? [place.location] : [])),
  );
  return new Map(
    await Promise.all(
      [...locations].map(async (each) => [each, await fileBeside(platform, each, path)] as const),
    ),
  );
}

/** A file of constants beside an export. @throws ModelError where it is missing, or its name leads elsewhere */
async function fileBeside({ files, paths }: Platform, location: string, path: string): Promise<FileBeside> {
  const name = paths.basename(path);
  const plain = paths.normalize(location);
  if (location === '' || paths.isAbsolute(plain) || plain.split(paths.separator).includes('..')) {
    throw new ModelError(`${name} has constants in ${quoted(location)}, which is no file beside it.`);
  }
  try {
    const real = await files.realpath(paths.join(paths.dirname(path), plain));
    return { path: real, size: (await files.stat(real)).size };
  } catch (error) {
    throw new ModelError(`${name} has its weights in ${quoted(location)}, which is not beside it.`, {
      cause: error,
    });
  }
}
