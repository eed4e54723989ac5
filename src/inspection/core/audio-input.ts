import { melMiddles } from '../../models/processors/audio/index.js';
import type { Hearing, SpeechModel } from '../../models/index.js';
import type { AudioMedium, Interval, Labels, Mark, Spectrogram } from '../../protocol.js';
import { checkColumns, type BroughtRecording } from './recording.js';
import type { Sound } from './subject.js';

/** A part of a recording, as a model hears it. */
export interface AudioInput {
  readonly hearing: Hearing;
  readonly medium: AudioMedium;
  /** To be looked at and played. */
  readonly sound: Sound;
  /** Frames of the encoder that hold sound, the rest being silence that was put behind it. */
  readonly frames: number;
  /** How it was read, cut and resampled, in sentences. */
  readonly notices: readonly string[];
}

/** One recording is read at a time. */
export const audioId = 'audio-0';

/**
 * What is heard of a recording: from a moment on, at most as long as the model hears at once.
 * @throws AudioError where there is nothing, or it is damaged
 */
export async function audioInput(
  brought: BroughtRecording,
  model: SpeechModel,
  wanted: Interval,
): Promise<AudioInput> {
  const { rate, samples: most, hop, bands } = model.extractor;
  const first = Math.round(wanted.start * rate);
  const last = Math.min(Math.round(wanted.end * rate), first + most);
  const { samples, start, end, notes } = await brought.hear(rate, { start: first / rate, end: last / rate });
  const hearing = model.hear(samples);
  const { name, duration } = brought;
  const frames = Math.floor(Math.floor(samples.length / hop) / model.framesInOne);
  const heard = { start, end };
  return {
    hearing,
    medium: { id: audioId, kind: 'audio', name, duration, heard, most: model.most },
    sound: {
      medium: audioId,
      waveform: (part, columns, task) => brought.waveform(part, columns, task),
      samples: (part) => brought.samples(part),
      spectrogram: (part, columns) =>
        spectrogramOf(hearing, { heard, step: hop / rate, bands }, part, columns),
    },
    frames: Math.min(model.limit, frames),
    notices: [...partNotices(brought, model, wanted, heard), ...notes],
  };
}

/** The frames of the encoder: when each begins, and where that lies in the recording. */
export function audioLabels({ medium, hearing }: AudioInput, model: SpeechModel): Labels {
  const { start, end } = medium.heard;
  const { rate } = model.extractor;
  const heard = hearing.samples.length / rate;
  const frames = Array.from({ length: model.limit }, (_, at) => at * model.frame);
  const digits = model.frame < 0.01 ? 3 : 2;
  return {
    count: frames.length,
    words: frames.map((at) => `${(start + at).toFixed(digits)} s${at < heard ? '' : ' (silence)'}`),
    marks: frames.map((at): Mark | null =>
      at < heard
        ? {
            medium: medium.id,
            kind: 'interval',
            start: start + at,
            end: Math.min(end, start + at + model.frame),
          }
        : null,
    ),
  };
}

/** What of the recording was heard, and what was put behind it. */
function partNotices(
  { name, duration }: BroughtRecording,
  { name: model, most }: SpeechModel,
  wanted: Interval,
  { start, end }: Interval,
): string[] {
  const isCut = start > 0.005 || end < duration - 0.005;
  const isAsked = end >= Math.min(duration, wanted.end) - 0.005;
  const seconds = (value: number): string => value.toFixed(2);
  const rest = most - (end - start);
  return [
    ...(isCut
      ? [
          `Of ${name} (${seconds(duration)} s) the part from ${seconds(start)} s to ${seconds(end)} s was heard${isAsked ? '' : `: ${model} hears no more than ${most} s at once`}. Change “From” and “To” for another part.`,
        ]
      : []),
    ...(rest > 0.005
      ? [
          `${seconds(rest)} s of silence were put behind the sound: ${model} always reads ${most} s, and attends to the silence too.`,
        ]
      : []),
  ];
}

interface Frames {
  readonly heard: Interval;
  /** Seconds from one frame to the next. */
  readonly step: number;
  readonly bands: number;
}

/** A part of a spectrogram, as far as it is drawn. @throws RangeError where nothing of it was heard */
export function spectrogramOf(
  { features }: Pick<Hearing, 'features'>,
  { heard, step, bands }: Frames,
  { start, end }: Interval,
  wanted: number,
): Omit<Spectrogram, 'revision'> {
  const columns = checkColumns(wanted);
  if (!(start < end && end > heard.start && start < heard.end)) {
    throw new RangeError(
      `What was heard goes from ${heard.start} s to ${heard.end} s; there is no spectrogram from ${start} s to ${end} s.`,
    );
  }
  const count = Math.max(1, Math.min(features.shape[0] ?? 0, Math.ceil((heard.end - heard.start) / step)));
  const data = new Float32Array(bands * columns).fill(-Infinity); // (band, column)
  const frameAt = (column: number): number =>
    (start + ((end - start) * column) / columns - heard.start) / step;
  const within = (frame: number): number => Math.max(0, Math.min(count - 1, frame));
  for (let column = 0; column < columns; column++) {
    const from = within(Math.floor(frameAt(column) + 1e-6));
    const to = Math.max(from + 1, within(Math.ceil(frameAt(column + 1) - 1e-6) - 1) + 1);
    for (let frame = from; frame < to; frame++) {
      for (let band = 0; band < bands; band++) {
        const at = band * columns + column;
        data[at] = Math.max(data[at] ?? -Infinity, features.data[frame * bands + band] ?? -Infinity);
      }
    }
  }
  const middles = melMiddles(bands);
  return { bands, columns, data, lowest: middles[0] ?? 0, highest: middles.at(-1) ?? 0 };
}
