import { InflateError, type Inflate } from '../platform/platform.js';
import { again, checkRange, FormatError, partOf, type ByteSource } from './source.js';
import type { ZipEntry } from './zip.js';

/** A compressed member has no rows that could be read alone, so all of it must fit in memory. */
const MAX_INFLATED_BYTES = 2 ** 30;

/** What stays inflated between reads, of all members of one archive together. */
const KEPT_BYTES = 512 * 2 ** 20;

/** Compressed bytes that are inflated to see a member's header; at most a megabyte comes out. */
const START_BYTES = 1024;

const CHUNK_BYTES = 256 * 2 ** 10;

interface Kept {
  readonly size: number;
  readonly bytes: Promise<Uint8Array>;
}

/** Inflates the deflated members of one archive when they are first read, and keeps those used last. */
export class Inflater {
  /** In the order of their last use. */
  private readonly kept = new Map<ZipEntry, Kept>();

  constructor(
    private readonly source: ByteSource,
    private readonly inflate: Inflate,
  ) {}

  /**
   * A member's inflated bytes as a source.
   * @throws FormatError when it is too large to be held inflated.
   */
  open(entry: ZipEntry, where: string): ByteSource {
    const size = entry.bytes;
    if (size > MAX_INFLATED_BYTES) {
      throw new FormatError(
        `${where} is compressed and takes ${size} bytes in memory, more than ${MAX_INFLATED_BYTES}; save it uncompressed, with numpy.savez.`,
      );
    }
    return {
      name: where,
      size,
      read: async (offset, length) => {
        checkRange({ name: where, size }, offset, length);
        return (await this.inflated(entry, where)).slice(offset, offset + length);
      },
      close: () => Promise.resolve(),
    };
  }

  /**
   * The same, for reading a member's header: its first bytes come without inflating the rest, and without its checksum.
   * @throws FormatError also when it is damaged at its start.
   */
  async openStart(entry: ZipEntry, where: string): Promise<ByteSource> {
    const whole = this.open(entry, where);
    const start = await this.inflateStart(entry, where);
    return {
      ...whole,
      read: async (offset, length) =>
        offset + length <= start.length ? start.slice(offset, offset + length) : whole.read(offset, length),
    };
  }

  private async inflateStart(entry: ZipEntry, where: string): Promise<Uint8Array> {
    const bytes = await this.source.read(entry.offset, Math.min(START_BYTES, entry.compressedBytes));
    try {
      return this.inflate.start(bytes);
    } catch (error) {
      throw damaged(where, error);
    }
  }

  private inflated(entry: ZipEntry, where: string): Promise<Uint8Array> {
    const known = this.kept.get(entry);
    const kept = known ?? { size: entry.bytes, bytes: inflated(this.source, entry, where, this.inflate) };
    this.kept.delete(entry);
    this.makeRoomFor(kept.size);
    this.kept.set(entry, kept);
    if (!known) {
      kept.bytes.catch(() => {
        // What failed may be tried again.
        if (this.kept.get(entry) === kept) this.kept.delete(entry);
      });
    }
    return kept.bytes;
  }

  private makeRoomFor(size: number): void {
    let total = size;
    for (const kept of this.kept.values()) total += kept.size;
    for (const [entry, kept] of this.kept) {
      if (total <= KEPT_BYTES) return;
      this.kept.delete(entry);
      total -= kept.size;
    }
  }
}

/** All of a member, whose length and checksum must be what the archive claims. */
async function inflated(
  source: ByteSource,
  entry: ZipEntry,
  where: string,
  inflate: Inflate,
): Promise<Uint8Array> {
  const out = new Uint8Array(entry.bytes);
  let length = 0;
  let crc = 0;
  try {
    await inflate.all(chunksOf(partOf(source, where, entry.offset, entry.compressedBytes)), (part) => {
      if (length + part.length > out.length) {
        throw new FormatError(`${where} inflates to more than the ${entry.bytes} bytes it claims. ${again}`);
      }
      out.set(part, length);
      length += part.length;
      crc = inflate.crc32(part, crc);
    });
  } catch (error) {
    throw damaged(where, error);
  }
  if (length !== entry.bytes) {
    throw new FormatError(`${where} inflates to ${length} bytes, but claims ${entry.bytes}. ${again}`);
  }
  if (crc !== entry.crc)
    throw new FormatError(`${where} is damaged: its checksum does not fit its bytes. ${again}`);
  return out;
}

async function* chunksOf(source: ByteSource): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < source.size; at += CHUNK_BYTES) {
    yield await source.read(at, Math.min(CHUNK_BYTES, source.size - at));
  }
}

/** What is wrong with a member's stream, as a sentence; any other error as it is. */
function damaged(where: string, error: unknown): unknown {
  if (!(error instanceof InflateError)) return error;
  return new FormatError(`${where} is damaged: it cannot be inflated (${error.message}). ${again}`, {
    cause: error,
  });
}
