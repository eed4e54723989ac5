import type { ExportChunk, ExportedFile } from '../../protocol.js';
import type { ExportFile } from './exporter.js';

/** Small pieces are gathered to about so many bytes, so that a file is not fetched line by line. */
const chunkBytes = 1 << 20;

/** An export whose bytes are asked for chunk by chunk. Whoever opened it closes it. */
export class OpenExport {
  private readonly controller = new AbortController();
  private reading: AsyncIterator<ExportChunk, null, undefined> | undefined;
  private done = 0;
  private ended = false;

  constructor(private readonly writers: readonly ExportFile[]) {}

  get files(): readonly ExportedFile[] {
    return this.writers.map(({ name, size }) => ({ name, size }));
  }

  /** The next bytes; null at the end. @throws what computing them throws; DOMException where it was closed or cancelled */
  async read(signal?: AbortSignal): Promise<ExportChunk | null> {
    signal?.throwIfAborted();
    const cancel = (): void => {
      this.controller.abort(signal?.reason);
    };
    signal?.addEventListener('abort', cancel, { once: true });
    try {
      if (this.ended) return null;
      this.reading ??= this.chunks();
      const next = await this.reading.next();
      return next.value;
    } finally {
      signal?.removeEventListener('abort', cancel);
    }
  }

  /** Ends what is being computed; nothing can be read after. */
  async close(): Promise<void> {
    this.controller.abort();
    // One that waits for its next bytes ends with the error that it is given by the signal.
    await this.reading?.return?.(null).catch(() => undefined);
  }

  private async *chunks(): AsyncGenerator<ExportChunk, null, undefined> {
    const { signal } = this.controller;
    for (const [file, writer] of this.writers.entries()) {
      let pieces: Uint8Array[] = [];
      let size = 0;
      for await (const bytes of writer.write(signal)) {
        signal.throwIfAborted();
        pieces.push(bytes);
        size += bytes.length;
        if (size < chunkBytes) continue;
        yield this.chunk(file, pieces, size);
        [pieces, size] = [[], 0];
      }
      // A file without bytes is a file too.
      if (size > 0 || writer.size === 0) yield this.chunk(file, pieces, size);
    }
    this.ended = true;
    return null;
  }

  private chunk(file: number, pieces: readonly Uint8Array[], size: number): ExportChunk {
    const bytes = new Uint8Array(size);
    let at = 0;
    for (const piece of pieces) {
      bytes.set(piece, at);
      at += piece.length;
    }
    this.done += size;
    const whole = this.writers.reduce((sum, each) => sum + each.size, 0);
    return { file, bytes, fraction: whole === 0 ? 1 : Math.min(1, this.done / whole) };
  }
}
