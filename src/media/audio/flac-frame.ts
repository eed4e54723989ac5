import type { BitReader } from './bits.js';

/** What STREAMINFO says. */
export interface StreamInfo {
  readonly rate: number;
  readonly channels: number;
  readonly bits: number;
  /** Samples of a block, where every block but the last has as many. */
  readonly block: number;
  /** Samples of one channel; 0 where it is not known. */
  readonly length: number;
  /** MD5 of the samples, in hexadecimal digits; undefined where it was not kept. */
  readonly md5: string | undefined;
}

export interface FrameHeader {
  /** The first sample of each channel. */
  readonly start: number;
  /** Samples of each channel. */
  readonly count: number;
  readonly assignment: number;
  readonly bits: number;
  /** In bytes. */
  readonly size: number;
}

/** Thrown where bytes are no frame, or one that is damaged. */
export class BadFrame extends Error {}

/**
 * The header of a frame (RFC 9639, §9.1).
 * @returns undefined where the bytes at this place are none, or one of another stream
 */
export function frameHeader(reader: BitReader, info: StreamInfo): FrameHeader | undefined {
  const from = reader.at >> 3;
  if (reader.unsigned(15) !== 0x7ffc) return undefined;
  const isVariable = reader.unsigned(1) === 1;
  const blockCode = reader.unsigned(4);
  const rateCode = reader.unsigned(4);
  const assignment = reader.unsigned(4);
  const bitsCode = reader.unsigned(3);
  if (reader.unsigned(1) !== 0) return undefined;
  const number = codedNumber(reader);
  const count = blockSize(blockCode, reader);
  const rate = sampleRate(rateCode, reader, info);
  const bits = bitsCode === 0 ? info.bits : bitDepths[bitsCode];
  const to = reader.at >> 3;
  if (reader.unsigned(8) !== crc8(reader.bytes.subarray(from, to))) return undefined;
  const channels = assignment < 8 ? assignment + 1 : assignment < 11 ? 2 : 0;
  if (number === undefined || count === undefined || bits === undefined) return undefined;
  if (rate !== info.rate || channels !== info.channels || bits !== info.bits) return undefined;
  return { start: isVariable ? number : number * info.block, count, assignment, bits, size: to + 1 - from };
}

const bitDepths: Readonly<Record<number, number>> = { 1: 8, 2: 12, 4: 16, 5: 20, 6: 24, 7: 32 };

/** As UTF-8 writes numbers, of up to 36 bits. */
function codedNumber(reader: BitReader): number | undefined {
  const first = reader.unsigned(8);
  if (first < 0x80) return first;
  const more = Math.clz32(~(first << 24)) - 1;
  if (more < 1 || more > 6) return undefined;
  let value = more === 6 ? 0 : first & ((1 << (6 - more)) - 1);
  for (let at = 0; at < more; at++) {
    const next = reader.unsigned(8);
    if (next >> 6 !== 2) return undefined;
    value = value * 64 + (next & 0x3f);
  }
  return value;
}

function blockSize(code: number, reader: BitReader): number | undefined {
  if (code === 0) return undefined;
  if (code === 1) return 192;
  if (code <= 5) return 144 << code;
  if (code === 6) return reader.unsigned(8) + 1;
  if (code === 7) return reader.unsigned(16) + 1;
  return 1 << code;
}

const commonRates: readonly number[] = [88200, 176400, 192000, 8000, 16000, 22050, 24000, 32000, 44100, 48000, 96000];

function sampleRate(code: number, reader: BitReader, info: StreamInfo): number | undefined {
  if (code === 0) return info.rate;
  if (code <= 11) return commonRates[code - 1];
  if (code === 12) return 1000 * reader.unsigned(8);
  if (code === 13) return reader.unsigned(16);
  if (code === 14) return 10 * reader.unsigned(16);
  return undefined;
}

/**
 * The samples of a frame whose header was read (RFC 9639, §9.2), as whole numbers.
 * @returns each (sample)
 * @throws BadFrame where it is damaged
 */
export function frameSamples(reader: BitReader, header: FrameHeader, from: number, channels: number): Float64Array[] {
  const { assignment, bits, count } = header;
  const out = Array.from({ length: channels }, (_, channel) => {
    // The difference of two channels needs a bit more.
    const isSide = (assignment === 8 && channel === 1) || (assignment === 9 && channel === 0) || (assignment === 10 && channel === 1);
    return subframe(reader, count, bits + (isSide ? 1 : 0));
  });
  const to = reader.align();
  if (reader.unsigned(16) !== crc16(reader.bytes.subarray(from, to))) throw new BadFrame();
  const [first, second] = out;
  if (assignment >= 8 && first !== undefined && second !== undefined) {
    for (let at = 0; at < count; at++) {
      const [a, b] = [first[at] ?? 0, second[at] ?? 0];
      if (assignment === 8) second[at] = a - b;
      else if (assignment === 9) first[at] = a + b;
      else {
        const sum = 2 * a + Math.abs(b % 2);
        first[at] = (sum + b) / 2;
        second[at] = (sum - b) / 2;
      }
    }
  }
  return out;
}

function subframe(reader: BitReader, count: number, depth: number): Float64Array {
  if (reader.unsigned(1) !== 0) throw new BadFrame();
  const type = reader.unsigned(6);
  const wasted = reader.unsigned(1) === 0 ? 0 : reader.zeros() + 1;
  const bits = depth - wasted;
  if (bits < 1) throw new BadFrame();
  const samples = new Float64Array(count); // (sample)
  if (type === 0) samples.fill(reader.signed(bits));
  else if (type === 1) for (let at = 0; at < count; at++) samples[at] = reader.signed(bits);
  else if (type >= 8 && type <= 12) {
    const order = type - 8;
    warmUp(reader, samples, order, bits);
    residual(reader, samples, order);
    predict(samples, fixed[order] ?? [], 0);
  } else if (type >= 32) {
    const order = type - 31;
    warmUp(reader, samples, order, bits);
    const precision = reader.unsigned(4) + 1;
    const shift = reader.signed(5);
    if (precision === 16 || shift < 0) throw new BadFrame();
    const coefficients = Array.from({ length: order }, () => reader.signed(precision));
    residual(reader, samples, order);
    predict(samples, coefficients, shift);
  } else throw new BadFrame();
  if (wasted > 0) for (let at = 0; at < count; at++) samples[at] = (samples[at] ?? 0) * 2 ** wasted;
  return samples;
}

/** Coefficients of the fixed predictors, the latest sample first. */
const fixed: readonly (readonly number[])[] = [[], [1], [2, -1], [3, -3, 1], [4, -6, 4, -1]];

function warmUp(reader: BitReader, samples: Float64Array, order: number, bits: number): void {
  if (order > samples.length) throw new BadFrame();
  for (let at = 0; at < order; at++) samples[at] = reader.signed(bits);
}

/** What a predictor leaves, as Rice codes of partitions. */
function residual(reader: BitReader, samples: Float64Array, order: number): void {
  const method = reader.unsigned(2);
  if (method > 1) throw new BadFrame();
  const partitions = 1 << reader.unsigned(4);
  const each = samples.length / partitions;
  if (!Number.isInteger(each) || each < order) throw new BadFrame();
  const parameterBits = method === 0 ? 4 : 5;
  const escape = method === 0 ? 15 : 31;
  for (let partition = 0; partition < partitions; partition++) {
    const parameter = reader.unsigned(parameterBits);
    const to = (partition + 1) * each;
    let at = partition === 0 ? order : partition * each;
    if (parameter === escape) {
      const bits = reader.unsigned(5);
      for (; at < to; at++) samples[at] = reader.signed(bits);
    } else {
      const unit = 2 ** parameter;
      for (; at < to; at++) {
        const value = reader.zeros() * unit + reader.unsigned(parameter);
        samples[at] = value % 2 === 0 ? value / 2 : -(value + 1) / 2;
      }
    }
  }
}

/** Adds what was predicted to what is left. Sums stay below 2^53, so that doubles keep them. */
function predict(samples: Float64Array, coefficients: readonly number[], shift: number): void {
  const order = coefficients.length;
  const unit = 2 ** shift;
  for (let at = order; at < samples.length; at++) {
    let sum = 0;
    for (let back = 0; back < order; back++) sum += (coefficients[back] ?? 0) * (samples[at - 1 - back] ?? 0);
    samples[at] = (samples[at] ?? 0) + Math.floor(sum / unit);
  }
}

export function crc8(bytes: Uint8Array): number {
  let value = 0;
  for (const byte of bytes) value = crc8Table[value ^ byte] ?? 0;
  return value;
}

export function crc16(bytes: Uint8Array): number {
  let value = 0;
  for (const byte of bytes) value = ((value << 8) & 0xff00) ^ (crc16Table[(value >> 8) ^ byte] ?? 0);
  return value;
}

const crc8Table = Uint8Array.from({ length: 256 }, (_, byte) => divided(byte, 8, 0x07));
const crc16Table = Uint16Array.from({ length: 256 }, (_, byte) => divided(byte << 8, 16, 0x8005));

function divided(value: number, bits: number, polynomial: number): number {
  let left = value;
  for (let step = 0; step < 8; step++) {
    left = (left & (1 << (bits - 1))) === 0 ? left << 1 : (left << 1) ^ polynomial;
  }
  return left & (2 ** bits - 1);
}
