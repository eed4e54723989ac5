import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { HubError } from './error.js';
import { reasonOf } from '../common/values.js';
import type { HubFile } from './listing.js';

/** The hash of a file, made while its bytes come: SHA-256, or the SHA-1 that git names a file by. */
export class FileHash {
  /** Of what was taken in, in bytes. */
  length = 0;
  private readonly made: Hash;

  constructor({ hash, size }: Pick<HubFile, 'hash' | 'size'>) {
    this.made = hash?.kind === 'git' ? createHash('sha1').update(`blob ${size}\0`) : createHash('sha256');
  }

  update(bytes: Uint8Array): void {
    this.made.update(bytes);
    this.length += bytes.length;
  }

  /** Takes in all that lies on disk there. @throws HubError when it cannot be read; the signal's reason when aborted */
  async read(path: string, signal: AbortSignal | undefined): Promise<this> {
    try {
      for await (const bytes of createReadStream(path)) {
        signal?.throwIfAborted();
        if (Buffer.isBuffer(bytes)) this.update(bytes);
      }
    } catch (error) {
      signal?.throwIfAborted();
      throw new HubError(`${path} cannot be read: ${reasonOf(error)}.`, { cause: error });
    }
    return this;
  }

  /** In hexadecimal; nothing can be taken in any more. */
  digest(): string {
    return this.made.digest('hex');
  }
}
