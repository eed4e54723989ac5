import type { ByteSource } from '../../formats/source.js';

/** One sentence about a recording that cannot be read: which, what, why. */
export class AudioError extends Error {
  override readonly name = 'AudioError';
}

/** What a recording says of itself; samples are read where they are wanted, so that hours of it cost nothing. */
export interface Recording {
  /** What the bytes are, whatever the file is called: "WAV, 16 bits". */
  readonly format: string;
  /** Samples of one channel in a second. */
  readonly rate: number;
  readonly channels: number;
  /** Samples of one channel. */
  readonly length: number;
  /** Sentences about what was taken for what. */
  readonly notes: readonly string[];
  /**
   * Some samples of every channel; 1 is the largest that whole numbers reach.
   * @param range from the first to before the last, within the recording
   * @returns each (sample)
   * @throws AudioError where that part is damaged
   */
  read(range: SampleRange): Promise<Float32Array[]>;
}

export interface SampleRange {
  readonly start: number;
  readonly end: number;
}

/** Numbers that are held of one recording at a time: 23 minutes of one channel at 48 kHz. */
export const maxNumbers = 2 ** 26;

/** Samples of one channel in a second that make a recording of something. */
const rates = { from: 1000, to: 768_000 };

const maxChannels = 256;

/**
 * Checks what a file claims, before anything is made for it.
 * @throws AudioError
 */
export function checkSound(where: string, sound: Pick<Recording, 'rate' | 'channels' | 'length'>): void {
  const { rate, channels, length } = sound;
  if (!(rate >= rates.from && rate <= rates.to)) {
    throw new AudioError(
      `${where} claims ${rate} samples a second; ${rates.from} to ${rates.to} are read. It is damaged, or no recording.`,
    );
  }
  if (!(channels >= 1 && channels <= maxChannels)) {
    throw new AudioError(`${where} claims ${channels} channels; 1 to ${maxChannels} are read.`);
  }
  if (!(Number.isSafeInteger(length) && length >= 1)) {
    throw new AudioError(`${where} holds no samples: there is nothing to hear.`);
  }
}

/** @throws AudioError where a range is none, leaves the recording, or is more than is held at a time */
export function checkRange(
  where: string,
  { length, channels, rate }: Pick<Recording, 'rate' | 'channels' | 'length'>,
  { start, end }: SampleRange,
): void {
  if (!(Number.isInteger(start) && Number.isInteger(end) && start >= 0 && start < end && end <= length)) {
    throw new AudioError(`${where} has samples 0 to ${length}; ${start} to ${end} is no part of them.`);
  }
  if ((end - start) * channels > maxNumbers) {
    const most = Math.floor(maxNumbers / channels / rate);
    throw new AudioError(
      `${where} is ${Math.round((end - start) / rate)} seconds long; at most ${most} are read at a time. Choose a part of it.`,
    );
  }
}

export function tooShort(where: string): AudioError {
  return new AudioError(`${where} ends too early: it is damaged or was not copied whole.`);
}

/** Bytes of a file in order of place, of which a part is kept. */
export class Blocks {
  private kept: { readonly at: number; readonly bytes: Uint8Array } = { at: 0, bytes: new Uint8Array(0) };

  constructor(
    readonly source: ByteSource,
    /** The recording, to begin messages. */
    readonly where: string,
  ) {}

  get size(): number {
    return this.source.size;
  }

  /**
   * Bytes from a place on: `length` of them, or as many as there are.
   */
  async some(at: number, length: number): Promise<Uint8Array> {
    const end = Math.min(at + length, this.size);
    if (end <= at) return new Uint8Array(0);
    const { kept } = this;
    if (at < kept.at || end > kept.at + kept.bytes.length) {
      const bytes = await this.source.read(at, Math.min(Math.max(length, blockBytes), this.size - at));
      this.kept = { at, bytes };
    }
    return this.kept.bytes.subarray(at - this.kept.at, end - this.kept.at);
  }

  /** @throws AudioError where the file ends before */
  async all(at: number, length: number): Promise<Uint8Array> {
    const bytes = await this.some(at, length);
    if (bytes.length < length) throw tooShort(this.where);
    return bytes;
  }
}

const blockBytes = 2 ** 16;

/** Letters of ASCII. */
export function word(bytes: Uint8Array, at: number, length: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + length));
}
