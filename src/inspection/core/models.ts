import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  dates,
  embedded,
  embeddedFolder,
  findCheckpoints,
  isOnnxPath,
  Model,
  weightFiles,
} from '../../models/index.js';
import type { FoundModel, ModelReference } from '../../protocol.js';
import { ResourcePool } from './resource-pool.js';

/** The embedded models and those for dates first, then the checkpoints in these folders. */
export async function findModels(folders: readonly string[], media: string): Promise<readonly FoundModel[]> {
  return [
    await embedded(media),
    await embedded(media, 'gpt'),
    ...(await dates(media)),
    ...(await findCheckpoints(folders)),
  ];
}

/** The path of an ONNX export; undefined for any other model. */
export function exportPath(model: ModelReference): string | undefined {
  return model.kind === 'file' && isOnnxPath(model.path) ? model.path : undefined;
}

/** A model in use; released when nobody looks at it any more. */
export interface ModelHandle {
  readonly model: Model;
  release(): Promise<void>;
}

/** How many models stay open that nobody uses at the moment: the next selection starts at once. */
const spare = 2;

/** Models that are open, each once. */
export class ModelPool {
  private readonly pool = new ResourcePool<Model>(spare);

  constructor(private readonly media: string) {}

  /** @throws ModelError when the folder cannot be read as a model */
  async acquire(reference: Exclude<ModelReference, { kind: 'dates' }>): Promise<ModelHandle> {
    const path = this.pathOf(reference);
    const stamp = await stampOf(path, reference.kind);
    const { opened, release } = await this.pool.acquire(path, stamp, () => Model.open(path));
    return { model: opened, release };
  }

  /** The folder that a model is, or that its file lies in. */
  folderOf(reference: Exclude<ModelReference, { kind: 'dates' }>): string {
    const path = this.pathOf(reference);
    return reference.kind === 'file' ? dirname(path) : path;
  }

  dispose(): Promise<void> {
    return this.pool.dispose();
  }

  /** Where a model lies: a folder, or a file. */
  pathOf(reference: Exclude<ModelReference, { kind: 'dates' }>): string {
    return 'path' in reference ? reference.path : embeddedFolder(this.media, reference.kind);
  }
}

/** When the files that matter were last written: a checkpoint that was trained on is opened anew. */
export async function stampOf(path: string, kind: Exclude<ModelReference['kind'], 'dates'>): Promise<string> {
  const files = kind === 'file' ? [''] : ['config.json', 'tokenizer.json', ...weightFiles];
  const stamps = await Promise.all(
    files.map((file) =>
      stat(join(path, file)).then(
        ({ mtimeMs, size }) => `${mtimeMs}:${size}`,
        () => '',
      ),
    ),
  );
  return stamps.join(' ');
}
