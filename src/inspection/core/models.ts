import {
  dates,
  datesFolder,
  digestOf,
  embedded,
  embeddedFolder,
  findCheckpoints,
  identityOf,
  isOnnxPath,
  Model,
  openModel,
  otherReader,
  SpeechModel,
  VisionModel,
  type OpenModel,
} from '../../models/index.js';
import type { Platform } from '../../platform/platform.js';
import type { Continuation, FoundModel, ModelDigest, ModelReference } from '../../protocol.js';
import type { Task } from './task.js';
import { ResourcePool } from './resource-pool.js';

/** A model that reads text of any kind. */
export type LanguageModelReference = Exclude<ModelReference, { kind: 'dates' }>;

/** The embedded models and those for dates first, then the checkpoints in these folders. */
export async function findModels(
  platform: Platform,
  folders: readonly string[],
  media: string,
): Promise<readonly FoundModel[]> {
  return [
    await embedded(platform, media),
    await embedded(platform, media, 'gpt'),
    await embedded(platform, media, 'scenes'),
    await embedded(platform, media, 'numbers'),
    ...(await dates(platform, media)),
    ...(await findCheckpoints(platform, folders)),
  ];
}

/** The path of an ONNX export; undefined for any other model. */
export function exportPath(model: ModelReference): string | undefined {
  return model.kind === 'file' && isOnnxPath(model.path) ? model.path : undefined;
}

/** The model that a text is read by, where one for language of any kind is meant: the embedded one where none is named. */
export function languageModel(
  model: ModelReference = { kind: 'embedded' },
): LanguageModelReference | undefined {
  return model.kind === 'dates' ? undefined : model;
}

/** What a model is now, and what it wrote before: nothing where it is another now, whose tokens would mean something else. */
export function writtenBy(
  { identity }: Pick<ModelHandle, 'identity'>,
  continuation: Continuation | undefined,
): { readonly by: string | undefined; readonly continuation: Continuation | undefined } {
  return { by: identity, continuation: continuation?.by === identity ? continuation : undefined };
}

/** A model in use; released when nobody looks at it any more. */
export interface ModelHandle<Opened extends OpenModel = Model> {
  readonly model: Opened;
  /** What the model was when it was acquired; undefined where a file that went away just then kept it from being told. */
  readonly identity: string | undefined;
  release(): Promise<void>;
}

/** How many models stay open that nobody uses at the moment: the next selection starts at once. */
const spare = 2;

/** Models that are open, each once. */
export class ModelPool {
  private readonly pool = new ResourcePool<OpenModel>(spare);
  private readonly digests = new Map<string, string>();

  constructor(
    private readonly platform: Platform,
    private readonly media: string,
  ) {}

  /** A model for text, or the half of one that reads text. @throws ModelError when the folder cannot be read as either */
  acquire(reference: LanguageModelReference): Promise<ModelHandle> {
    return this.acquireOf(
      reference,
      (model) => {
        const read = model instanceof VisionModel ? model.pair?.text : model;
        return read instanceof Model ? read : undefined;
      },
      'text',
    );
  }

  /** @throws ModelError when the folder cannot be read as a model for images */
  acquireVision(reference: LanguageModelReference): Promise<ModelHandle<VisionModel>> {
    return this.acquireOf(reference, (model) => (model instanceof VisionModel ? model : undefined), 'image');
  }

  /** @throws ModelError when the folder cannot be read as a model for recordings */
  acquireSpeech(reference: LanguageModelReference): Promise<ModelHandle<SpeechModel>> {
    return this.acquireOf(reference, (model) => (model instanceof SpeechModel ? model : undefined), 'audio');
  }

  /** A model of any kind. @throws ModelError when the folder cannot be read as one */
  async acquireAny(reference: LanguageModelReference): Promise<ModelHandle<OpenModel>> {
    const path = this.pathOf(reference);
    // Where it cannot be told, opening says why in a sentence.
    const identity = await this.identity(reference).catch(() => undefined);
    const open = (): Promise<OpenModel> => openModel(this.platform, path);
    const { opened, release } = await this.pool.acquire(path, identity ?? '', open);
    return { model: opened, identity, release };
  }

  private async acquireOf<Opened extends OpenModel>(
    reference: LanguageModelReference,
    /** Gives what is meant of a model; undefined where that is no part of it. */
    meant: (model: OpenModel) => Opened | undefined,
    given: 'audio' | 'image' | 'text',
  ): Promise<ModelHandle<Opened>> {
    const { model, ...rest } = await this.acquireAny(reference);
    try {
      const found = meant(model);
      if (found === undefined) throw otherReader(model, given);
      return { model: found, ...rest };
    } catch (error) {
      await rest.release();
      throw error;
    }
  }

  /** The folder that a model is, or that its file lies in. */
  folderOf(reference: LanguageModelReference): string {
    const path = this.pathOf(reference);
    return reference.kind === 'file' ? this.platform.paths.dirname(path) : path;
  }

  /** What changes where a model does. */
  identity(reference: LanguageModelReference): Promise<string> {
    const kind = reference.kind === 'file' ? 'file' : 'folder';
    return identityOf(this.platform, { kind, path: this.pathOf(reference) });
  }

  /** What a model is, wherever it lies, and what it is here. Its files are read once, as long as they stay as they are. */
  async digest(reference: ModelReference, task: Task): Promise<ModelDigest> {
    const kind = reference.kind === 'file' ? 'file' : 'folder';
    const path = reference.kind === 'dates' ? datesFolder(this.platform, this.media) : this.pathOf(reference);
    const identity = await identityOf(this.platform, { kind, path });
    const known = this.digests.get(identity);
    if (known !== undefined) return { digest: known, identity };
    const digest = await digestOf(this.platform, { kind, path }, task.signal, (share) => {
      task.progress?.(`${Math.floor(share * 100)} %`, share);
    });
    this.digests.set(identity, digest);
    return { digest, identity };
  }

  dispose(): Promise<void> {
    return this.pool.dispose();
  }

  /** Where a model lies: a folder, or a file. */
  pathOf(reference: LanguageModelReference): string {
    return 'path' in reference ? reference.path : embeddedFolder(this.platform, this.media, reference.kind);
  }
}
