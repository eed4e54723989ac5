import type { ExportChunk, ExportedFile, ExportRequest } from '../../protocol.js';
import type { EngineClient } from '../transports/client.js';

/** An export that the engine has begun. */
export interface RunningExport {
  readonly files: readonly ExportedFile[];
  /** Asked for one by one; ends the export when they are through, or no longer asked for. */
  readonly chunks: AsyncGenerator<ExportChunk>;
}

/** @throws RemoteError where there is nothing of the kind to export */
export async function startExport(
  engine: Pick<EngineClient, 'request' | 'generation'>,
  request: ExportRequest,
  signal?: AbortSignal,
): Promise<RunningExport> {
  const { id, files } = await engine.request('exportStart', request);
  return { files, chunks: chunksOf(engine, id, engine.generation, signal) };
}

async function* chunksOf(
  engine: Pick<EngineClient, 'request' | 'generation'>,
  id: string,
  generation: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<ExportChunk> {
  try {
    for (;;) {
      const chunk = await engine.request('exportRead', { id }, signal === undefined ? {} : { signal });
      if (chunk === null) return;
      yield chunk;
    }
  } finally {
    // A process that has died has forgotten it, and the next one must not be asked.
    if (generation === engine.generation) await engine.request('exportClose', { id }).catch(() => undefined);
  }
}
