import type { ExportChunk, ExportedFile } from '../../protocol.js';
import type { OpenExport } from './open-export.js';

/** The exports that are under way on the other side of a channel. */
export class RunningExports {
  private readonly running = new Map<string, { readonly inspection: string; readonly open: OpenExport }>();
  private next = 1;

  start(
    inspection: string,
    open: OpenExport,
  ): { readonly id: string; readonly files: readonly ExportedFile[] } {
    const id = String(this.next++);
    this.running.set(id, { inspection, open });
    return { id, files: open.files };
  }

  /** @throws Error for one that is closed */
  async read(id: string, signal: AbortSignal): Promise<ExportChunk | null> {
    const found = this.running.get(id);
    if (found === undefined) {
      throw new Error('The export ended before it was done: its inspection was closed. Export it again.');
    }
    return found.open.read(signal);
  }

  async close(id: string): Promise<void> {
    const found = this.running.get(id);
    this.running.delete(id);
    await found?.open.close();
  }

  /** Those of an inspection that goes. */
  async closeOf(inspection: string): Promise<void> {
    const ids = [...this.running].flatMap(([id, each]) => (each.inspection === inspection ? [id] : []));
    await Promise.all(ids.map((id) => this.close(id)));
  }
}
