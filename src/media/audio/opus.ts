import { OpusDecoder } from 'opus-decoder';
import { viewOf } from '../../formats/source.js';
import { pageAt, Packets, segmentsOf, type Page } from './ogg.js';
import { AudioError, checkSound, tooShort, word, type Blocks, type Recording } from './sound.js';

/** Opus is always decoded to this many samples a second. */
const rate = 48_000;

/** What is decoded before a place for the decoder to be as it would have been: RFC 7845, §4.6 asks for 80 ms. */
const preRoll = rate / 2;

/** An hour has about 3,600 pages, at most 180,000. */
const maxPages = 2 ** 21;

interface Head {
  readonly channels: number;
  /** Samples at the beginning that are not heard. */
  readonly skip: number;
  /** What samples are multiplied by. */
  readonly gain: number;
  readonly streams: number;
  readonly coupled: number;
  readonly mapping: readonly number[];
}

/** A page with packets that end there. */
interface Indexed {
  readonly at: number;
  /** Where its last packet ends, in samples from the first that was coded. */
  readonly end: number;
}

/**
 * Opus in Ogg (RFC 7845), by libopus.
 * @throws AudioError
 */
export async function openOpus(blocks: Blocks): Promise<Recording> {
  const { where } = blocks;
  const { head, serial, next, notes } = await begin(blocks);
  const { pages, first, last } = await index(blocks, serial, next, notes);
  const length = last - first - head.skip;
  const { channels } = head;
  checkSound(where, { rate, channels, length });
  return {
    format: 'Opus',
    rate,
    channels,
    length,
    notes,

    async read({ start, end }) {
      const out = Array.from({ length: channels }, () => new Float32Array(end - start)); // each (sample)
      // Counted from the first sample that was coded, as pages are.
      const [from, to] = [first + head.skip + start, first + head.skip + end];
      let page = Math.max(0, pages.findIndex((each) => each.end > from - preRoll) - 1);
      const decoder = await Decoder.create(where, head);
      try {
        const packets = new Packets();
        let place = page === 0 ? first : undefined;
        for (; page < pages.length; page++) {
          const indexed = pages[page];
          const found = indexed && (await pageAt(blocks, indexed.at));
          if (indexed === undefined || found === undefined) break;
          const whole = packets.add(found, await segmentsOf(blocks, found));
          const durations = whole.map((packet) => samplesOf(packet, where));
          const sum = durations.reduce((total, each) => total + each, 0);
          // The last page may end before its packets do; reading never begins there, but where it is the first.
          if (whole.length === 0) continue;
          place ??= indexed.end - sum;
          for (const [at, packet] of whole.entries()) {
            const channelsOf = decoder.decode(packet, durations[at] ?? 0);
            copy(channelsOf, place, out, from, to);
            place += durations[at] ?? 0;
            if (place >= to) return out;
          }
        }
      } finally {
        decoder.free();
      }
      throw tooShort(where);
    },
  };
}

function copy(parts: readonly Float32Array[], place: number, out: Float32Array[], from: number, to: number): void {
  out.forEach((samples, channel) => {
    const part = parts[channel];
    if (part === undefined) return;
    const [low, high] = [Math.max(place, from), Math.min(place + part.length, to)];
    if (low < high) samples.set(part.subarray(low - place, high - place), low - from);
  });
}

async function begin(blocks: Blocks): Promise<{ head: Head; serial: number; next: number; notes: string[] }> {
  const { where } = blocks;
  const notes: string[] = [];
  // The first pages of all streams come before any other.
  for (let at = 0; ; ) {
    const page = await pageAt(blocks, at);
    if (page === undefined) throw tooShort(where);
    if (!page.isFirst) break;
    const [packet = new Uint8Array(0)] = new Packets().add(page, await segmentsOf(blocks, page));
    if (word(packet, 0, 8) === 'OpusHead') {
      const head = headOf(packet, where);
      const behind = await behindTags(blocks, page);
      if (at > 0) notes.push('Of several streams in the file, the first of sound is read.');
      return { head, serial: page.serial, next: behind, notes };
    }
    const name = word(packet, 1, 6) === 'vorbis' ? 'Vorbis' : word(packet, 1, 4) === 'FLAC' ? 'FLAC in Ogg' : word(packet, 0, 5) === 'Speex' ? 'Speex' : undefined;
    if (name !== undefined) {
      throw new AudioError(`${where} holds ${name}, which is not read. Convert it first: ffmpeg -i IN.ogg -ar 16000 OUT.wav`);
    }
    at = page.next;
  }
  throw new AudioError(`${where} is an Ogg file without sound that can be read: Opus is, and none of its streams is that.`);
}

function headOf(packet: Uint8Array, where: string): Head {
  if (packet.length < 19) throw tooShort(where);
  const view = viewOf(packet);
  if (view.getUint8(8) >= 16) throw new AudioError(`${where} says that its Opus is of version ${view.getUint8(8)}, which is not known.`);
  const channels = view.getUint8(9);
  const family = view.getUint8(18);
  const gain = 10 ** (view.getInt16(16, true) / (20 * 256));
  const base = { channels, skip: view.getUint16(10, true), gain };
  if (family === 0 && (channels === 1 || channels === 2)) {
    return { ...base, streams: 1, coupled: channels - 1, mapping: channels === 1 ? [0] : [0, 1] };
  }
  if (family !== 1 || channels < 1 || channels > 8) {
    throw new AudioError(`${where} has ${channels} channels of Opus in mapping family ${family}; 1 and 2, or up to 8 of family 1, are read.`);
  }
  if (packet.length < 21 + channels) throw tooShort(where);
  const [streams, coupled] = [view.getUint8(19), view.getUint8(20)];
  const mapping = [...packet.subarray(21, 21 + channels)];
  if (streams < 1 || coupled > streams || streams + coupled > channels || mapping.some((each) => each !== 255 && each >= streams + coupled)) {
    throw new AudioError(`${where} is damaged: it does not say where its ${channels} channels are.`);
  }
  return { ...base, streams, coupled, mapping };
}

/** Behind the packet of tags, which may fill many pages. */
async function behindTags(blocks: Blocks, first: Page): Promise<number> {
  for (let at = first.next; ; ) {
    const page = await pageAt(blocks, at);
    if (page === undefined) throw tooShort(blocks.where);
    at = page.next;
    if (page.serial === first.serial && page.segments.some((size) => size < 255)) return at;
  }
}

/** Every page of a stream, without what is in it. */
async function index(
  blocks: Blocks,
  serial: number,
  from: number,
  notes: string[],
): Promise<{ pages: Indexed[]; first: number; last: number }> {
  const { where } = blocks;
  const pages: Indexed[] = [];
  let first: number | undefined;
  let last = 0;
  for (let at = from; at < blocks.size; ) {
    const page = await pageAt(blocks, at);
    if (page === undefined) throw tooShort(where);
    at = page.next;
    if (page.isFirst) {
      notes.push('Several recordings follow each other in the file; the first is read.');
      break;
    }
    if (page.serial !== serial) continue;
    if (pages.length === maxPages) throw new AudioError(`${where} has more than ${maxPages} Ogg pages, which is too long to be read.`);
    if (page.granule === undefined && first === undefined) {
      // A packet that fills pages: its page is read with those behind.
      pages.push({ at: page.at, end: 0 });
      continue;
    }
    const end = page.granule ?? last;
    if (end < last) throw new AudioError(`${where} is damaged: its time goes back at byte ${page.at}.`);
    // A stream that was cut out of a longer one begins later; one of a single page may end before its packets do.
    first ??= page.isLast ? 0 : Math.max(0, end - (await duration(blocks, page)));
    pages.push({ at: page.at, end });
    last = end;
    if (page.isLast) break;
  }
  return { pages, first: first ?? 0, last };
}

/** Of the packets that end on a page, in samples. */
async function duration(blocks: Blocks, page: Page): Promise<number> {
  return new Packets()
    .add({ ...page, continues: false }, await segmentsOf(blocks, page))
    .reduce((sum, packet) => sum + samplesOf(packet, blocks.where), 0);
}

/** How many samples a packet says that it makes (RFC 6716, §3.1). @throws AudioError */
function samplesOf(packet: Uint8Array, where: string): number {
  const [kind] = packet;
  if (kind === undefined) return 0;
  const config = kind >> 3;
  const milliseconds =
    config < 12 ? ([10, 20, 40, 60][config % 4] ?? 0) : config < 16 ? ([10, 20][config % 2] ?? 0) : ([2.5, 5, 10, 20][config % 4] ?? 0);
  const count = [1, 2, 2, (packet[1] ?? 0) & 0x3f][kind & 3] ?? 0;
  const samples = milliseconds * count * (rate / 1000);
  if (samples === 0 || samples > 0.12 * rate) throw new AudioError(`${where} is damaged: one of its packets says that it holds ${samples} samples.`);
  return samples;
}

class Decoder {
  private constructor(
    private readonly decoder: OpusDecoder,
    private readonly head: Head,
    private readonly where: string,
  ) {}

  static async create(where: string, head: Head): Promise<Decoder> {
    const { channels, streams, coupled, mapping } = head;
    const decoder = new OpusDecoder({
      channels,
      streamCount: streams,
      coupledStreamCount: coupled,
      channelMappingTable: [...mapping],
      preSkip: 0,
    });
    await decoder.ready;
    return new Decoder(decoder, head, where);
  }

  /** @returns each (sample) @throws AudioError where the packet is damaged */
  decode(packet: Uint8Array, samples: number): readonly Float32Array[] {
    const { gain, channels } = this.head;
    if (samples === 0) return [];
    // The decoder's own room, which it does not check.
    const { errors, channelData, samplesDecoded } =
      packet.length > 3840 * channels
        ? { errors: [true], channelData: [], samplesDecoded: 0 }
        : this.decoder.decodeFrame(packet);
    if (errors.length > 0 || samplesDecoded !== samples) {
      throw new AudioError(`${this.where} is damaged: one of its packets of Opus cannot be decoded.`);
    }
    return gain === 1 ? channelData : channelData.map((part) => part.map((value) => value * gain));
  }

  free(): void {
    this.decoder.free();
  }
}
