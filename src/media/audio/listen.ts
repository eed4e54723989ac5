import { neededFor, resample, resampledLength, resampling } from './resample.js';
import { AudioError, type Recording } from './sound.js';

/** A recording as models hear it: one channel, at their own rate. */
export interface Heard {
  /** // (sample) */
  readonly samples: Float32Array;
  readonly rate: number;
  /** In seconds of the recording. */
  readonly start: number;
  readonly end: number;
  /** Sentences about what was done. */
  readonly notes: readonly string[];
}

/**
 * A part of a recording at another rate, its channels averaged. What is asked for beyond its end is left out; the rest of the recording
 * is read as far as the filter reaches, so that parts that follow each other join.
 * @param part in seconds; all of it where left out
 * @throws AudioError where the part is none, or damaged
 */
export async function listen(
  recording: Recording,
  rate: number,
  where: string,
  part: { readonly start: number; readonly end: number } = { start: 0, end: Infinity },
): Promise<Heard> {
  const { length, channels } = recording;
  const total = resampledLength(length, recording.rate, rate);
  const range = { start: Math.round(part.start * rate), end: Math.min(total, Math.round(part.end * rate)) };
  if (!(range.start >= 0 && range.start < range.end)) {
    throw new AudioError(
      `${where} is ${(length / recording.rate).toFixed(2)} s long; there is nothing from ${part.start} s to ${part.end} s.`,
    );
  }
  const needed = neededFor(range, recording.rate, rate);
  const read = { start: Math.max(0, needed.start), end: Math.min(length, needed.end) };
  const samples = averaged(await recording.read(read));
  const notes = [...recording.notes];
  if (channels > 1) notes.push(`The mean of ${channels} channels is heard.`);
  if (recording.rate !== rate) notes.push(`Brought from ${recording.rate} to ${rate} samples a second: ${resampling}.`);
  return {
    samples: resample({ samples, start: read.start }, recording.rate, rate, range),
    rate,
    start: range.start / rate,
    end: range.end / rate,
    notes,
  };
}

/** The mean of all channels. @param channels each (sample) @returns (sample) */
export function averaged(channels: readonly Float32Array[]): Float32Array {
  const [first = new Float32Array(0)] = channels;
  if (channels.length === 1) return first;
  return first.map((_, at) => channels.reduce((sum, each) => sum + (each[at] ?? 0), 0) / channels.length);
}
