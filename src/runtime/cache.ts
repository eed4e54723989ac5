import type { InferenceSession } from 'onnxruntime-common';
import type { Platform } from '../platform/platform.js';
import type { CompiledGraph, Weights } from './compile.js';
import { createSession, type SessionMaker } from './create.js';
import { RunError } from './error.js';

/** How much is kept ready between runs. */
export interface CacheLimits {
  readonly sessions: number;
  /** Of weights as float32, in bytes; a single larger model is held all the same while it runs. */
  readonly bytes: number;
}

interface Entry {
  readonly session: InferenceSession;
  readonly bytes: number;
}

/**
 * Sessions that are ready to run, the most recently used ones; others are released. Equal graphs over the same files
 * share a session. To be used by one caller at a time: what `get` gave may be released by the next `get`.
 */
export class SessionCache {
  /** In order of use, the latest last. */
  private readonly entries = new Map<string, Entry>();

  constructor(
    private readonly maker: SessionMaker,
    private readonly limits: CacheLimits,
  ) {}

  get size(): number {
    return this.entries.size;
  }

  /** Of weights, that sessions hold. */
  get bytes(): number {
    return [...this.entries.values()].reduce((sum, entry) => sum + entry.bytes, 0);
  }

  /**
   * @param others bytes of weights that are held beside those of sessions
   * @throws RunError when a file of weights is missing or too short, or ONNX Runtime refuses the graph
   */
  async get({ bytes, weights }: CompiledGraph, others: number): Promise<InferenceSession> {
    const { platform } = this.maker;
    const graph = await platform.sha256(bytes);
    // A checkpoint that was written anew is another one, although its folder and its graph are the same.
    const key = weights === undefined ? graph : `${graph}\n${await describeFiles(platform, weights)}`;
    const known = this.entries.get(key);
    if (known !== undefined) {
      this.entries.delete(key);
      this.entries.set(key, known);
      return known.session;
    }
    await this.makeRoom(weights?.size ?? 0, others);
    const session = await createSession(this.maker, bytes, weights);
    this.entries.set(key, { session, bytes: weights?.size ?? 0 });
    return session;
  }

  async clear(): Promise<void> {
    for (const key of [...this.entries.keys()]) await this.release(key);
  }

  /** Lets go of what was not used for longest; of what holds weights only where room for weights is short. */
  private async makeRoom(bytes: number, others: number): Promise<void> {
    for (const [key] of [...this.entries].filter(([, entry]) => entry.bytes > 0)) {
      if (this.bytes + bytes + others <= this.limits.bytes) break;
      await this.release(key);
    }
    const light = [...this.entries].filter(([, entry]) => entry.bytes === 0);
    for (const [key] of [...light, ...this.entries]) {
      if (this.entries.size < this.limits.sessions) break;
      await this.release(key);
    }
  }

  private async release(key: string): Promise<void> {
    const entry = this.entries.get(key);
    this.entries.delete(key);
    await entry?.session.release();
  }
}

async function describeFiles({ files: disk, paths }: Platform, { folder, files }: Weights): Promise<string> {
  const lines = [folder];
  for (const [file, needed] of files) {
    const { size, modified } = await disk.stat(paths.join(folder, file)).catch((error: unknown) => {
      throw new RunError(`${file}: the weights cannot be read from ${folder}.`, { cause: error });
    });
    if (size < needed) {
      throw new RunError(
        `${file} ends too early: its weights reach to byte ${needed}, but the file has ${size}.`,
      );
    }
    lines.push(`${file}\0${size}\0${modified}`);
  }
  return lines.join('\n');
}
