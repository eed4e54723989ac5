import type { Platform } from '../../../platform/platform.js';
import { identityOf, OnnxModel, type ExportInput } from '../../../models/index.js';
import type { Runtime } from '../../../runtime/session.js';
import { ResourcePool, type Handle } from '../../core/resource-pool.js';
import { OnnxRun } from './run.js';

/** An export that is open, and its session once something ran. */
export class OpenExport {
  private opening: Promise<OnnxRun> | undefined;

  constructor(readonly model: OnnxModel) {}

  /** Checked when it first runs. */
  run(input: ExportInput, runtime: Runtime): Promise<OnnxRun> {
    this.opening ??= OnnxRun.open(this.model, input, runtime).catch((error: unknown) => {
      this.opening = undefined;
      throw error;
    });
    return this.opening;
  }

  async dispose(): Promise<void> {
    const run = await this.opening?.catch(() => undefined);
    await run?.dispose();
  }
}

/** Exports that are open, each once. */
export class ExportPool {
  /** An export's session holds its weights: none stays open that nobody uses but the last. */
  private readonly pool = new ResourcePool<OpenExport>(1);

  constructor(private readonly platform: Platform) {}

  /** @throws ModelError when the file cannot be read as an export of a model */
  async acquire(path: string): Promise<Handle<OpenExport>> {
    return this.pool.acquire(
      path,
      // Where it cannot be told, opening says why in a sentence.
      await identityOf(this.platform, { kind: 'file', path }).catch(() => ''),
      async () => new OpenExport(await OnnxModel.open(this.platform, path)),
    );
  }

  dispose(): Promise<void> {
    return this.pool.dispose();
  }
}
