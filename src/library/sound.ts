import type {
  Alignment,
  HeadRank,
  InspectionSummary,
  Interval,
  Samples,
  SamplesRequest,
  Spectrogram,
  SpectrogramRequest,
  Waveform,
  WaveformRequest,
} from '../protocol.js';

/** What is asked of a recording, and of a text that is said in it. */
export interface SoundInspection {
  /**
   * When each word was said, as OpenAI's Whisper finds it from the attention of some heads: words, the path through the sound,
   * the heads, and what was taken for what.
   * @throws Error where there is no text that could be aligned
   */
  alignment(options?: AskOptions): Promise<Alignment>;
  /** Every head of the attention to the sound by how near it lies to a path that goes forward, the nearest first. @throws as `alignment` */
  rankHeads(options?: AskOptions): Promise<readonly HeadRank[]>;
  /** The least and the largest sample of each column; of all of the recording where no part is named. @throws Error where none was brought */
  waveform(options?: PartOptions): Promise<Waveform>;
  /** The log-mel features that the model read; of all that it heard where no part is named. @throws as `waveform` */
  spectrogram(options?: PartOptions): Promise<Spectrogram>;
  /** What is heard, half a minute at most; of all that the model heard where no part is named. @throws as `waveform` */
  samples(options?: Partial<Interval>): Promise<Samples>;
}

export interface AskOptions {
  readonly signal?: AbortSignal;
}

/** In seconds of the recording. */
export interface PartOptions extends Partial<Interval>, AskOptions {
  /** 1000 where left out. */
  readonly columns?: number;
}

type At<Request extends { readonly inspection: string }> = Omit<Request, 'inspection'>;

/** As `Answering`, of sound. */
export interface AnsweringSound {
  alignment(signal?: AbortSignal): Promise<Alignment>;
  rankHeads(signal?: AbortSignal): Promise<readonly HeadRank[]>;
  waveform(request: At<WaveformRequest>, signal?: AbortSignal): Promise<Waveform>;
  spectrogram(request: At<SpectrogramRequest>): Promise<Spectrogram>;
  samples(request: At<SamplesRequest>): Promise<Samples>;
}

export function presentSound(
  inspection: AnsweringSound & { readonly summary: InspectionSummary },
): SoundInspection {
  const brought = (): { medium: string; all: Interval; heard: Interval } => {
    const { summary } = inspection;
    const found = summary.media.find((medium) => medium.kind === 'audio');
    if (found === undefined) throw new Error(`“${summary.title}” has no recording.`);
    return { medium: found.id, all: { start: 0, end: found.duration }, heard: found.heard };
  };
  return {
    alignment: ({ signal } = {}) => inspection.alignment(signal),
    rankHeads: ({ signal } = {}) => inspection.rankHeads(signal),
    async waveform({ start, end, columns = 1000, signal } = {}) {
      const { medium, all } = brought();
      return inspection.waveform({ medium, columns, start: start ?? all.start, end: end ?? all.end }, signal);
    },
    async spectrogram({ start, end, columns = 1000 } = {}) {
      const { medium, heard } = brought();
      return inspection.spectrogram({ medium, columns, start: start ?? heard.start, end: end ?? heard.end });
    },
    async samples({ start, end } = {}) {
      const { medium, heard } = brought();
      return inspection.samples({ medium, start: start ?? heard.start, end: end ?? heard.end });
    },
  };
}
