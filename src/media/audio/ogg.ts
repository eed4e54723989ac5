import { viewOf } from '../../formats/source.js';
import { AudioError, word, type Blocks } from './sound.js';

/** A page of an Ogg file (RFC 3533, §6), without what it holds. */
export interface Page {
  /** Where it begins, where its first segment does, and where the next page begins, in bytes. */
  readonly at: number;
  readonly body: number;
  readonly next: number;
  readonly segments: Uint8Array;
  /** Whether its first packet began on a page before. */
  readonly continues: boolean;
  readonly isFirst: boolean;
  readonly isLast: boolean;
  readonly serial: number;
  /** Where the last packet that ends here ends in time; undefined where none does. */
  readonly granule: number | undefined;
}

/** Longest header and body of a page. */
const maxPageBytes = 27 + 255 + 255 * 255;

/**
 * The page that begins at a byte.
 * @returns undefined at the end, and where no whole page follows
 * @throws AudioError where there is something else
 */
export async function pageAt(blocks: Blocks, at: number): Promise<Page | undefined> {
  if (at >= blocks.size) return undefined;
  const head = await blocks.some(at, 27 + 255);
  if (head.length < 27) return undefined;
  if (word(head, 0, 4) !== 'OggS' || head[4] !== 0) {
    throw new AudioError(`${blocks.where} is damaged: at byte ${at} an Ogg page should begin.`);
  }
  const view = viewOf(head);
  const flags = head[5] ?? 0;
  const count = head[26] ?? 0;
  const segments = head.slice(27, 27 + count);
  const body = at + 27 + count;
  const next = segments.reduce((sum, size) => sum + size, body);
  if (segments.length < count || next > blocks.size) return undefined;
  const granule = view.getBigInt64(6, true);
  return {
    at,
    body,
    next,
    segments,
    continues: (flags & 1) !== 0,
    isFirst: (flags & 2) !== 0,
    isLast: (flags & 4) !== 0,
    serial: view.getUint32(14, true),
    granule: granule < 0n ? undefined : Number(granule),
  };
}

/** What a page holds; its checksum is tried. @throws AudioError */
export async function segmentsOf(blocks: Blocks, page: Page): Promise<Uint8Array[]> {
  const bytes = (await blocks.all(page.at, Math.min(page.next - page.at, maxPageBytes))).slice();
  const sum = viewOf(bytes).getUint32(22, true);
  bytes.fill(0, 22, 26);
  if (crc(bytes) !== sum) {
    throw new AudioError(`${blocks.where} is damaged: the Ogg page at byte ${page.at} has another checksum than it says.`);
  }
  let from = page.body - page.at;
  return [...page.segments].map((size) => bytes.subarray(from, (from += size)));
}

/** Of polynomial 0x04c11db7, from the highest bit, begun with 0. */
function crc(bytes: Uint8Array): number {
  let value = 0;
  for (const byte of bytes) value = ((value << 8) ^ (table[(value >>> 24) ^ byte] ?? 0)) | 0;
  return value >>> 0;
}

const table = Int32Array.from({ length: 256 }, (_, byte) => {
  let value = byte << 24;
  for (let step = 0; step < 8; step++) value = value < 0 ? (value << 1) ^ 0x04c11db7 : value << 1;
  return value;
});

/** Packets that were begun, put together from pages as they come. */
export class Packets {
  private parts: Uint8Array[] = [];
  private begun = false;

  /** The packets that end on a page. */
  add(page: Page, segments: readonly Uint8Array[]): Uint8Array[] {
    const out: Uint8Array[] = [];
    // What began on a page that was not read is left out.
    let known = !page.continues || this.begun;
    if (!page.continues) this.parts = [];
    this.begun = true;
    for (const segment of segments) {
      this.parts.push(segment);
      if (segment.length === 255) continue;
      if (known) out.push(joined(this.parts));
      known = true;
      this.parts = [];
    }
    return out;
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
