import { AudioError, averaged, listen, openAudio, type Heard, type Recording } from '../../media/audio/index.js';
import type { Platform } from '../../platform/platform.js';
import type { FileReference, Interval, Samples, Waveform } from '../../protocol.js';
import { nameOf, openReference } from './file-reference.js';
import type { Task } from './task.js';

/** The most seconds that are handed out at once, to be played. */
const longestPlayed = 30;

/** A second; what is finer is not heard, and brought to this. */
const highestPlayed = 48_000;

/** Columns that are kept of the whole recording, so that it is read once however often it is looked at. */
const keptColumns = 2 ** 17;

/** What is read at a time, in numbers of all channels. */
const block = 2 ** 20;

/** Of a sample: less than this is rounding. */
const tiny = 1e-6;

/** The most columns of a picture. */
const mostColumns = 16_384;

/** Least and largest samples, each column after the other. // (column) */
type Columns = Pick<Waveform, 'minimum' | 'maximum'>;

/** A recording that was brought; its file stays open, since hours of it are read only where they are wanted. */
export class BroughtRecording {
  private whole: Promise<Columns> | undefined;
  private closed = false;

  private constructor(
    /** Of its file. */
    readonly name: string,
    private readonly recording: Recording,
    private readonly source: { close(): Promise<void> },
  ) {}

  /** @throws FormatError where the file cannot be opened, AudioError where it is no recording that can be read */
  static async open(platform: Platform, file: FileReference): Promise<BroughtRecording> {
    const name = nameOf(file, platform.paths);
    const source = await openReference(platform, file);
    try {
      return new BroughtRecording(name, await openAudio(source, name), source);
    } catch (error) {
      await source.close();
      throw error;
    }
  }

  /** Of all of it, in seconds. */
  get duration(): number {
    return this.recording.length / this.recording.rate;
  }

  /** "WAV, 16 bits" */
  get format(): string {
    return this.recording.format;
  }

  /** A part as a model hears it. @param rate a second @param part in seconds @throws AudioError where it is none, or damaged */
  hear(rate: number, part: Interval): Promise<Heard> {
    return listen(this.recording, rate, this.name, part);
  }

  /** A part as it sounds. @throws RangeError where it is none, or too long; AudioError where it is damaged */
  async samples({ start, end }: Interval): Promise<Samples> {
    this.check({ start, end });
    if (end - start > longestPlayed + 1e-6) {
      throw new RangeError(`At most ${longestPlayed} s are played at once, not ${(end - start).toFixed(2)} s.`);
    }
    const rate = Math.min(highestPlayed, this.recording.rate);
    const { samples } = await this.hear(rate, { start, end });
    return { rate, data: samples };
  }

  /**
   * The least and the largest samples of each of so many columns; of long parts, what lies up to a quarter of a column beside one may
   * count to it as well.
   * @throws RangeError where the part is none
   */
  async waveform({ start, end }: Interval, columns: number, task: Task): Promise<Columns> {
    this.check({ start, end });
    const { rate, length } = this.recording;
    const count = checkColumns(columns);
    const at = (column: number): number => (start + ((end - start) * column) / count) * rate;
    const size = Math.max(1, Math.ceil(length / keptColumns));
    const minimum = new Float32Array(count);
    const maximum = new Float32Array(count);
    const isCoarse = at(1) - at(0) >= 4 * size;
    const first = isCoarse ? 0 : Math.max(0, Math.min(length - 1, Math.floor(at(0) + tiny)));
    const read = isCoarse
      ? await (this.whole ??= this.columns(0, length, size, task))
      : await this.columns(first, Math.min(length, Math.max(first + 1, Math.ceil(at(count) - tiny))), 1, task);
    const step = isCoarse ? size : 1;
    for (let column = 0; column < count; column++) {
      // A sample that a column begins with is not the one's before, whatever rounding says.
      const from = Math.floor((at(column) - first) / step + tiny);
      const behind = Math.ceil((at(column + 1) - first) / step - tiny);
      const to = Math.min(read.minimum.length, Math.max(from + 1, behind));
      let [low, high] = [Infinity, -Infinity];
      for (let each = Math.max(0, from); each < to; each++) {
        low = Math.min(low, read.minimum[each] ?? 0);
        high = Math.max(high, read.maximum[each] ?? 0);
      }
      minimum[column] = low === Infinity ? 0 : low;
      maximum[column] = high === -Infinity ? 0 : high;
    }
    return { minimum, maximum };
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.source.close();
  }

  /** A part in columns of so many samples each; it is read block by block. */
  private async columns(from: number, end: number, size: number, task: Task): Promise<Columns> {
    const { recording, name } = this;
    const { channels } = recording;
    const count = Math.ceil((end - from) / size);
    const [minimum, maximum] = [
      new Float32Array(count).fill(Infinity),
      new Float32Array(count).fill(-Infinity),
    ];
    const most = Math.max(1, Math.floor(block / channels));
    for (let start = from; start < end; start += most) {
      if (this.closed) throw new AudioError(`${name} was closed.`);
      if (end - from > most) task.progress?.(`Reading ${name}`, (start - from) / (end - from));
      const read = await recording.read({ start, end: Math.min(end, start + most) });
      const samples = averaged(read);
      for (let at = 0, column = Math.floor((start - from) / size); at < samples.length; column++) {
        const behind = Math.min(samples.length, from + (column + 1) * size - start);
        let [low, high] = [minimum[column] ?? Infinity, maximum[column] ?? -Infinity];
        for (; at < behind; at++) {
          const sample = samples[at] ?? 0;
          if (sample < low) low = sample;
          if (sample > high) high = sample;
        }
        minimum[column] = low;
        maximum[column] = high;
      }
    }
    return { minimum, maximum };
  }

  private check({ start, end }: Interval): void {
    const { name, duration } = this;
    if (start >= 0 && start < end && start < duration) return;
    throw new RangeError(
      `${name} is ${duration.toFixed(2)} s long; there is nothing from ${start} s to ${end} s.`,
    );
  }
}

/** @throws RangeError */
export function checkColumns(columns: number): number {
  if (columns >= 1 && columns <= mostColumns) return Math.floor(columns);
  throw new RangeError(`A picture of sound has 1 to ${mostColumns} columns, not ${columns}.`);
}
