import { parseJson } from '../formats/json-text.js';
import { readWhole, type FileEntry } from '../platform/files.js';
import type { Platform } from '../platform/platform.js';
import { architectureOf } from './architectures/index.js';
import { readsImages, visionArchitectureOf } from './architectures/vision/index.js';
import { imageTextArchitectureOf } from './architectures/image-text/index.js';
import { looksLikeModel } from './checkpoint.js';
import { Config } from './config.js';
import { DateModel } from './dates/index.js';
import type { DateScore } from './description.js';
import { dateScores, embeddedNames } from '../common/embedded-models.js';
import { CtcModel } from './ctc-model.js';
import { named } from './error.js';
import { reasonOf } from '../common/values.js';
import type { FoundModel, ModelDescription } from './description.js';
import { isOtherKind } from './folder-kinds.js';
import { folderAt } from './folder.js';
import { isGgufPath } from './gguf/open.js';
import { firstPartOf, isFurtherPart } from './gguf/parts.js';
import { isOnnxPath, OnnxModel } from './onnx/model.js';
import { isOpenAiName } from './openai/names.js';
import { isOpenAiPath } from './openai/open.js';
import { openModel, type OpenModel } from './open-model.js';
import { refuseQuantised, refuseQuantisedHeaders } from './quantisation.js';
import { hears, speechArchitectureOf } from './architectures/speech/index.js';
import { hearsSamples, waveformArchitectureOf } from './architectures/speech/waveform.js';
import { SpeechModel } from './speech-model.js';
import { VisionModel } from './vision-model.js';
import { WritingModel } from './writing-model.js';

const MAX_DEPTH = 4;
/** A workspace may have very many folders. */
const MAX_FOLDERS = 20_000;
const MAX_MODELS = 200;

/** A commit hash, which a reference in the Hugging Face cache contains. */
const maxReferenceBytes = 1 << 10;

/** Folders that are never searched; neither are those whose name begins with a dot. */
const skipped: ReadonlySet<string> = new Set(['node_modules', '__pycache__', 'site-packages', 'blobs']);

/** The folder of an embedded model. @param media the folder of everything that does */
export function embeddedFolder(
  { paths }: Platform,
  media: string,
  kind: keyof typeof embeddedNames = 'embedded',
): string {
  return paths.join(media, 'models', embeddedNames[kind]);
}

/** An embedded model, for lists. */
export async function embedded(
  platform: Platform,
  media: string,
  kind: keyof typeof embeddedNames = 'embedded',
): Promise<FoundModel> {
  const found = await describe(platform, embeddedFolder(platform, media, kind));
  return found.kind === 'model' ? { kind: 'model', model: { ...found.model, reference: { kind } } } : found;
}

/** The folder of the models for written dates. @param media the folder of everything that comes with us */
export function datesFolder({ paths }: Platform, media: string): string {
  return paths.join(media, 'models', 'dates');
}

/** The embedded models for written dates, for lists. */
export function dates(platform: Platform, media: string): Promise<FoundModel[]> {
  const folder = datesFolder(platform, media);
  return Promise.all(dateScores.map((score) => describeDates(platform, folder, score)));
}

async function describeDates(platform: Platform, path: string, score: DateScore): Promise<FoundModel> {
  try {
    const model = await DateModel.open(platform, path, score);
    const { name, family, layers, heads, width, limit, size } = model;
    await model.dispose();
    return {
      kind: 'model',
      model: {
        reference: { kind: 'dates', score },
        name,
        family,
        layers,
        heads,
        width,
        limit,
        size,
        writes: false,
      },
    };
  } catch (error) {
    return { kind: 'unusable', path: platform.paths.join(path, score), reason: reasonOf(error) };
  }
}

/** Whether a path, by its ending, is that of a file that holds a whole model. */
function isModelFile(path: string): boolean {
  return isGgufPath(path) || isOnnxPath(path) || isOpenAiPath(path);
}

/** Whether a file is looked at where nobody named it: of what torch.save writes, little is a model. */
function isFound(file: string): boolean {
  return isModelFile(file) && (!isOpenAiPath(file) || isOpenAiName(file));
}

/** The model at a path: a file that holds all of it, by its ending, or a folder. */
export function modelAt(path: string): { readonly kind: 'file' | 'folder'; readonly path: string } {
  return { kind: isModelFile(path) ? 'file' : 'folder', path };
}

/** Opens a folder, a GGUF file, one of OpenAI's or an ONNX export as a model and closes it again. */
export async function describe(platform: Platform, path: string): Promise<FoundModel> {
  try {
    if (isOnnxPath(path)) {
      return { kind: 'model', model: describeExport(path, await OnnxModel.open(platform, path)) };
    }
    const model = await openModel(platform, path);
    try {
      return { kind: 'model', model: descriptionOf(model, modelAt(path)) };
    } finally {
      await model.dispose();
    }
  } catch (error) {
    return { kind: 'unusable', path, reason: reasonOf(error) };
  }
}

/** A checkpoint as lists show it. */
export function descriptionOf(model: OpenModel, reference: ModelDescription['reference']): ModelDescription {
  const { name, family, layers, heads, width, limit, size } = model;
  const general = { reference, name, family, layers, heads, width, limit, size };
  if (model instanceof VisionModel) return { ...general, writes: false, reads: 'image' };
  if (model instanceof CtcModel) return { ...general, writes: false, reads: 'audio' };
  if (model instanceof WritingModel) {
    const { layers: depth, heads: own } = model.decoder;
    return {
      ...general,
      decoder: { layers: depth, heads: own },
      writes: true,
      reads: model instanceof SpeechModel ? 'audio' : 'image',
    };
  }
  const { decoder, writes, answers } = model;
  return {
    ...general,
    ...(decoder === undefined ? {} : { decoder: { layers: decoder.layers, heads: decoder.heads } }),
    writes,
    ...(answers ? { answers } : {}),
  };
}

/** An export as lists show it. */
export function describeExport(path: string, model: OnnxModel): ModelDescription {
  const { title, family, attention, heads, width, limit, size } = model;
  return {
    reference: modelAt(path),
    name: title,
    family: family === 'ONNX' ? family : `${family} (ONNX)`,
    layers: attention.length,
    heads,
    width,
    limit,
    size,
    writes: false,
    ...(model.image === undefined ? {} : { reads: 'image' as const }),
    ...(model.sound === undefined ? {} : { reads: 'audio' as const }),
  };
}

/**
 * Why a checkpoint with such a config.json cannot be read, as a sentence; undefined where config.json does not exclude it.
 * @param config the text of config.json
 * @param present the names of the files beside it
 * @param headers what its files of weights say of themselves before their numbers
 */
export function refusal(
  name: string,
  config: string,
  present: readonly string[] = [],
  headers: readonly { readonly file: string; readonly text: string }[] = [],
): string | undefined {
  const where = `${name}: config.json`;
  try {
    const settings = Config.ofClass(parseJson(config, where, { maxDepth: 64, pythonNumbers: true }), where);
    refuseQuantised(settings, present);
    refuseQuantisedHeaders(name, headers);
    const family =
      imageTextArchitectureOf(settings) ??
      (hearsSamples(settings)
        ? waveformArchitectureOf
        : hears(settings)
          ? speechArchitectureOf
          : readsImages(settings)
            ? visionArchitectureOf
            : architectureOf)(settings);
    family.describe(settings);
    return undefined;
  } catch (error) {
    return named(error, name).message;
  }
}

/**
 * Looks for checkpoints in these folders and a few levels below, and at these files, in the Hugging Face cache's layout too. Each is found
 * once, whatever links lead to it; in the order of the folders, then of their names.
 */
export async function findCheckpoints(
  platform: Platform,
  folders: readonly string[],
  signal?: AbortSignal,
): Promise<FoundModel[]> {
  const walk = new Walk(platform, signal);
  for (const each of folders.map((folder) => platform.paths.resolve(folder))) {
    await (isModelFile(each) ? walk.file(each, true) : walk.start(each));
  }
  return walk.found;
}

class Walk {
  readonly found: FoundModel[] = [];
  private readonly visited = new Set<string>();

  constructor(
    private readonly platform: Platform,
    private readonly signal: AbortSignal | undefined,
  ) {}

  /** A folder that the user named. That it has no weights is reported only where it contains no other model. */
  async start(path: string): Promise<void> {
    const before = this.found.length;
    await this.visit(path, 0);
    const [own, ...others] = this.found.slice(before);
    if (
      own?.kind === 'unusable' &&
      own.path === path &&
      others.length > 0 &&
      !(await hasOwnWeights(this.platform, path))
    ) {
      this.found.splice(before, 1);
    }
  }

  async visit(path: string, depth: number): Promise<void> {
    this.signal?.throwIfAborted();
    if (this.visited.size >= MAX_FOLDERS || this.found.length >= MAX_MODELS) return;
    const entries = await entriesOf(this.platform, path);
    if (entries === undefined) return;
    const real = await this.platform.files.realpath(path).catch(() => path);
    if (this.visited.has(real)) return;
    this.visited.add(real);

    if (entries.some(({ name }) => name === 'config.json')) await this.check(path, depth);
    else if (depth === 0 && entries.some(({ name }) => isOtherKind(name))) {
      this.found.push(await describe(this.platform, path));
    }
    if (entries.some(({ name }) => name === 'snapshots')) {
      // Exports lie in a folder below.
      for (const snapshot of await currentSnapshots(this.platform, path))
        await this.visit(snapshot, MAX_DEPTH - 1);
      return;
    }
    const inOrder = entries.toSorted((a, b) => (a.name < b.name ? -1 : 1));
    const names = new Set(entries.map(({ name }) => name));
    for (const entry of inOrder) {
      // The first of several files opens all of them.
      if (isFurtherPart(entry.name) && names.has(firstPartOf(entry.name))) continue;
      if (isFound(entry.name) && entry.kind !== 'folder') {
        await this.file(this.platform.paths.join(path, entry.name), false);
      }
    }
    if (depth >= MAX_DEPTH) return;
    for (const entry of inOrder) {
      if (entry.name.startsWith('.') || skipped.has(entry.name)) continue;
      const child = this.platform.paths.join(path, entry.name);
      if (entry.kind === 'folder' || (entry.kind === 'link' && (await isFolder(this.platform, child)))) {
        await this.visit(child, depth + 1);
      }
    }
  }

  /** @param isAsked whether the user named it: most ONNX files are not text models, and are then reported only if named */
  async file(path: string, isAsked: boolean): Promise<void> {
    this.signal?.throwIfAborted();
    const real = await this.platform.files.realpath(path).catch(() => path);
    if (this.visited.has(real) || this.found.length >= MAX_MODELS) return;
    this.visited.add(real);
    const found = await describe(this.platform, path);
    if (isAsked || found.kind === 'model' || !isOnnxPath(path)) this.found.push(found);
  }

  /**
   * Many programs have a config.json. It is reported only if there are weights beside it, or if the user named the folder
   * itself.
   */
  private async check(path: string, depth: number): Promise<void> {
    const seen = await looksLikeModel(folderAt(this.platform, path)).catch(() => undefined);
    if (seen !== undefined && (seen.hasWeights || depth === 0)) {
      this.found.push(await describe(this.platform, path));
    }
  }
}

async function hasOwnWeights(platform: Platform, path: string): Promise<boolean> {
  return (await looksLikeModel(folderAt(platform, path)).catch(() => undefined))?.hasWeights === true;
}

/** What a folder holds; undefined where it cannot be read. */
async function entriesOf({ files }: Platform, path: string): Promise<readonly FileEntry[] | undefined> {
  try {
    return await files.list(path);
  } catch {
    return undefined;
  }
}

async function isFolder({ files }: Platform, path: string): Promise<boolean> {
  return (await files.stat(path).catch(() => undefined))?.kind === 'folder';
}

/** In models--organisation--model: the snapshot that "main" stands for, or all where nothing says which. */
async function currentSnapshots(platform: Platform, path: string): Promise<string[]> {
  const { files, paths } = platform;
  const snapshots = paths.join(path, 'snapshots');
  const names = (await entriesOf(platform, snapshots))?.map(({ name }) => name).toSorted() ?? [];
  const head = await readWhole(files, paths.join(path, 'refs', 'main'), maxReferenceBytes).catch(
    () => undefined,
  );
  const main = new TextDecoder().decode(head).trim();
  return (names.includes(main) ? [main] : names).map((name) => paths.join(snapshots, name));
}
