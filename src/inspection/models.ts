import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { dates, embedded, embeddedFolder, findCheckpoints, Model, weightFiles } from '../models/index.js';
import type { FoundModel, ModelReference } from '../protocol.js';

/** The embedded models and those for dates first, then the checkpoints in these folders. */
export async function findModels(folders: readonly string[], media: string): Promise<readonly FoundModel[]> {
  return [
    await embedded(media),
    await embedded(media, 'gpt'),
    ...(await dates(media)),
    ...(await findCheckpoints(folders)),
  ];
}

interface Kept {
  readonly model: Promise<Model>;
  /** When the files that matter were last written: a checkpoint that was trained on is opened anew. */
  readonly stamp: string;
  users: number;
}

/** A model in use; released when nobody looks at it any more. */
export interface Lease {
  readonly model: Model;
  release(): Promise<void>;
}

/** How many models stay open that nobody uses at the moment: the next selection starts at once. */
const spare = 2;

/** Models that are open, each once. */
export class ModelShelf {
  private readonly kept = new Map<string, Kept>();

  constructor(private readonly media: string) {}

  /** @throws ModelError when the folder cannot be read as a model */
  async lease(reference: Exclude<ModelReference, { kind: 'dates' }>): Promise<Lease> {
    const path = 'path' in reference ? reference.path : embeddedFolder(this.media, reference.kind);
    const stamp = await stampOf(path, reference.kind);
    const known = this.kept.get(path);
    const entry = known?.stamp === stamp ? known : { model: Model.open(path), stamp, users: 0 };
    entry.users++;
    // Last in the map is the one used last.
    this.kept.delete(path);
    this.kept.set(path, entry);
    if (known !== undefined && known !== entry && known.users === 0) await close(known);
    let model: Model;
    try {
      model = await entry.model;
    } catch (error) {
      entry.users--;
      if (this.kept.get(path) === entry) this.kept.delete(path);
      throw error;
    }
    let leased = true;
    return {
      model,
      release: async () => {
        if (!leased) return;
        leased = false;
        entry.users--;
        if (this.kept.get(path) === entry) await this.tidy();
        else if (entry.users === 0) await close(entry);
      },
    };
  }

  async dispose(): Promise<void> {
    const all = [...this.kept.values()];
    this.kept.clear();
    await Promise.all(all.map(close));
  }

  private async tidy(): Promise<void> {
    const idle = [...this.kept].filter(([, { users }]) => users === 0);
    for (const [path, entry] of idle.slice(0, Math.max(0, idle.length - spare))) {
      this.kept.delete(path);
      await close(entry);
    }
  }
}

async function close({ model }: Kept): Promise<void> {
  const opened = await model.catch(() => undefined);
  await opened?.dispose();
}

async function stampOf(path: string, kind: Exclude<ModelReference['kind'], 'dates'>): Promise<string> {
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
