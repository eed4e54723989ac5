import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { InferenceSession } from 'onnxruntime-common';
import type { Backend } from './backend.js';
import type { CompiledGraph, Weights } from './compile.js';
import { createSession } from './create.js';
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
    private readonly backend: Backend,
    private readonly options: InferenceSession.SessionOptions,
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
    const key = createHash('sha256').update(bytes);
    // A checkpoint that was written anew is another one, although its folder and its graph are the same.
    if (weights !== undefined) key.update(await describeFiles(weights));
    const digest = key.digest('base64');
    const known = this.entries.get(digest);
    if (known !== undefined) {
      this.entries.delete(digest);
      this.entries.set(digest, known);
      return known.session;
    }
    await this.makeRoom(weights?.size ?? 0, others);
    const session = await createSession(this.backend, this.options, bytes, weights);
    this.entries.set(digest, { session, bytes: weights?.size ?? 0 });
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

async function describeFiles({ folder, files }: Weights): Promise<string> {
  const lines = [folder];
  for (const [file, needed] of files) {
    const { size, mtimeMs } = await stat(join(folder, file)).catch((error: unknown) => {
      throw new RunError(`${file}: the weights cannot be read from ${folder}.`, { cause: error });
    });
    if (size < needed) {
      throw new RunError(
        `${file} ends too early: its weights reach to byte ${needed}, but the file has ${size}.`,
      );
    }
    lines.push(`${file}\0${size}\0${mtimeMs}`);
  }
  return lines.join('\n');
}
