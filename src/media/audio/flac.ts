import { viewOf } from '../../formats/source.js';
import { BitReader, OutOfBits } from './bits.js';
import { BadFrame, frameHeader, frameSamples, type FrameHeader, type StreamInfo } from './flac-frame.js';
import { Md5 } from './md5.js';
import { AudioError, checkSound, tooShort, word, type Blocks, type Recording } from './sound.js';

/** Bytes of the largest frame that is read: far more than 65,535 samples of eight channels need. */
const maxFrameBytes = 2 ** 24;

/** What is looked through for a frame's beginning. */
const searchBytes = 2 ** 17;

/** Passed rather than sought for, in samples. */
const nearby = 2 ** 19;

interface Place {
  readonly byte: number;
  readonly sample: number;
}

interface Frame extends FrameHeader {
  /** // each (sample) */
  readonly samples: readonly Float64Array[];
  /** Where the next one begins. */
  readonly next: number;
}

/**
 * FLAC (RFC 9639). Every frame's checksums are tried, and that of all samples where they are read in one go.
 * @throws AudioError
 */
export async function openFlac(blocks: Blocks): Promise<Recording> {
  const { where } = blocks;
  const { info, first } = await metadata(blocks);
  const stream = new Stream(blocks, info, first);
  const notes: string[] = [];
  let { length } = info;
  if (length === 0) {
    length = await stream.count();
    notes.push('The file does not say how long it is; it was read to its end to know.');
  }
  const { rate, channels, bits } = info;
  checkSound(where, { rate, channels, length });
  return {
    format: `FLAC, ${bits} bits`,
    rate,
    channels,
    length,
    notes,

    async read({ start, end }) {
      const out = Array.from({ length: channels }, () => new Float32Array(end - start)); // each (sample)
      const sum = info.md5 !== undefined && start === 0 && end === length ? new Md5() : undefined;
      const unit = 2 ** (bits - 1);
      for await (const frame of stream.from(start)) {
        sum?.add(packed(frame, bits));
        const from = Math.max(start, frame.start);
        const to = Math.min(end, frame.start + frame.count);
        out.forEach((samples, channel) => {
          const own = frame.samples[channel];
          for (let at = from; at < to; at++) samples[at - start] = (own?.[at - frame.start] ?? 0) / unit;
        });
        if (frame.start + frame.count >= end) {
          if (sum !== undefined && sum.digest() !== info.md5) {
            throw new AudioError(`${where} is damaged: its samples are not those that its checksum (MD5) was made of.`);
          }
          return out;
        }
      }
      throw tooShort(where);
    },
  };
}

async function metadata(blocks: Blocks): Promise<{ info: StreamInfo; first: number }> {
  const { where } = blocks;
  let at = await behindId3(blocks);
  if (word(await blocks.all(at, 4), 0, 4) !== 'fLaC') throw new AudioError(`${where} is no FLAC file.`);
  at += 4;
  let info: StreamInfo | undefined;
  for (let isLast = false; !isLast; ) {
    const head = await blocks.all(at, 4);
    isLast = (head[0] ?? 0) >= 0x80;
    const size = viewOf(head).getUint32(0) % 2 ** 24;
    if (info === undefined) {
      if ((head[0] ?? 0) % 0x80 !== 0 || size < 34) {
        throw new AudioError(`${where} is damaged: it does not begin with what FLAC says of a stream.`);
      }
      info = streamInfo(await blocks.all(at + 4, 34));
    }
    at += 4 + size;
    if (at > blocks.size) throw tooShort(where);
  }
  if (info === undefined) throw tooShort(where);
  checkSound(where, { ...info, length: 1 });
  if (info.bits < 4) throw new AudioError(`${where} claims ${info.bits} bits for a sample; FLAC has 4 to 32.`);
  return { info, first: at };
}

/** Tags that do not belong there may stand before everything. */
export async function behindId3(blocks: Blocks): Promise<number> {
  const bytes = await blocks.some(0, 10);
  if (word(bytes, 0, 3) !== 'ID3' || bytes.length < 10) return 0;
  const size = [...bytes.subarray(6, 10)].reduce((sum, byte) => sum * 128 + (byte & 0x7f), 0);
  return 10 + size + ((bytes[5] ?? 0) & 0x10 ? 10 : 0);
}

function streamInfo(bytes: Uint8Array): StreamInfo {
  const reader = new BitReader(bytes, 2);
  const block = reader.unsigned(16);
  reader.unsigned(24);
  reader.unsigned(24);
  const rate = reader.unsigned(20);
  const channels = reader.unsigned(3) + 1;
  const bits = reader.unsigned(5) + 1;
  const length = reader.unsigned(36);
  const md5 = [...bytes.subarray(18, 34)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return { rate, channels, bits, block, length, md5: /[^0]/.test(md5) ? md5 : undefined };
}

class Stream {
  /** Behind the last frame that was read. */
  private place: Place;

  constructor(
    private readonly blocks: Blocks,
    private readonly info: StreamInfo,
    private readonly first: number,
  ) {
    this.place = { byte: first, sample: 0 };
  }

  /** The frame with this sample, and those behind it. @throws AudioError where they do not follow each other */
  async *from(sample: number): AsyncGenerator<Frame> {
    if (sample < this.place.sample || sample > this.place.sample + nearby) this.place = await this.before(sample);
    while (this.place.byte < this.blocks.size) {
      const frame = await this.frame(this.place.byte);
      if (frame?.start !== this.place.sample) {
        // Tags of other formats may stand behind the last frame.
        if (this.info.length > 0 && this.place.sample >= this.info.length) return;
        throw new AudioError(
          `${this.blocks.where} is damaged: after ${(this.place.sample / this.info.rate).toFixed(2)} s its sound cannot be read.`,
        );
      }
      this.place = { byte: frame.next, sample: frame.start + frame.count };
      if (this.place.sample > sample) yield frame;
    }
  }

  async count(): Promise<number> {
    let end = 0;
    for await (const frame of this.from(0)) end = frame.start + frame.count;
    return end;
  }

  /** A frame at or before a sample, near to it. */
  private async before(sample: number): Promise<Place> {
    let low: Place = { byte: this.first, sample: 0 };
    let high = this.blocks.size;
    while (high - low.byte > 2 * searchBytes) {
      const middle = Math.floor((low.byte + high) / 2);
      const found = await this.search(middle, Math.min(high, middle + searchBytes));
      if (found === undefined || found.sample > sample || found.sample < low.sample) high = middle;
      else low = found;
    }
    return low;
  }

  /** The first frame that begins between two bytes. */
  private async search(from: number, to: number): Promise<Place | undefined> {
    const bytes = await this.blocks.some(from, to - from);
    for (let at = 0; at + 1 < bytes.length; at++) {
      if (bytes[at] !== 0xff || ((bytes[at + 1] ?? 0) & 0xfe) !== 0xf8) continue;
      const frame = await this.frame(from + at, true);
      if (frame !== undefined) return { byte: from + at, sample: frame.start };
    }
    return undefined;
  }

  /**
   * @param trying whether it may be none, so that an end that comes too early says nothing
   * @returns undefined where no frame begins at this byte, or a damaged one
   */
  private async frame(byte: number, trying = false): Promise<Frame | undefined> {
    const { blocks, info } = this;
    for (let size = 2 ** 15; ; size *= 2) {
      const bytes = await blocks.some(byte, size);
      try {
        const reader = new BitReader(bytes, 0);
        const header = frameHeader(reader, info);
        if (header === undefined) return undefined;
        const samples = frameSamples(reader, header, 0, info.channels);
        return { ...header, samples, next: byte + (reader.at >> 3) };
      } catch (error) {
        if (error instanceof BadFrame) return undefined;
        if (!(error instanceof OutOfBits)) throw error;
        if (bytes.length < size) {
          if (trying) return undefined;
          throw tooShort(blocks.where);
        }
        if (size >= maxFrameBytes) return undefined;
      }
    }
  }
}

/** Samples as the checksum reads them: in turns, each in whole bytes, the lowest first. */
function packed({ samples, count }: Frame, bits: number): Uint8Array {
  const each = Math.ceil(bits / 8);
  const bytes = new Uint8Array(count * samples.length * each);
  let to = 0;
  for (let at = 0; at < count; at++) {
    for (const channel of samples) {
      let value = channel[at] ?? 0;
      for (let byte = 0; byte < each; byte++) {
        bytes[to++] = value & 0xff;
        value = Math.floor(value / 256);
      }
    }
  }
  return bytes;
}
