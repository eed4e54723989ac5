import type { Interval } from './media.js';
import type { Span } from './wire.js';

/** A waveform, as far as it is drawn: the least and the largest sample of each column. */
export interface Waveform {
  readonly revision: number;
  /** −1 to 1; the two sides of a stereo recording are averaged. // (column) */
  readonly minimum: Float32Array;
  readonly maximum: Float32Array;
}

export interface WaveformRequest extends Interval {
  readonly inspection: string;
  readonly medium: string;
  readonly columns: number;
}

/** What the model listens to: its log-mel features, as they ran. */
export interface Spectrogram {
  readonly revision: number;
  /** From the lowest. */
  readonly bands: number;
  readonly columns: number;
  /** The largest of each column. // (band, column) */
  readonly data: Float32Array;
  /** The middle of the lowest and the highest band, in Hz. */
  readonly lowest: number;
  readonly highest: number;
}

export interface SpectrogramRequest extends Interval {
  readonly inspection: string;
  readonly medium: string;
  readonly columns: number;
}

/** What is heard, to be played. */
export interface Samples {
  /** A second. */
  readonly rate: number;
  /** −1 to 1. // (sample) */
  readonly data: Float32Array;
}

export interface SamplesRequest extends Interval {
  readonly inspection: string;
  readonly medium: string;
}

/** When each word was said, as alignment finds it: made of attention, but not attention itself. */
export interface Alignment {
  readonly revision: number;
  readonly words: readonly {
    readonly text: string;
    readonly start: number;
    readonly end: number;
    /** Its tokens, as rows of the attention to the sound. */
    readonly rows: Span;
  }[];
  /** The path of dynamic time warping. // each (step) */
  readonly path: {
    /** Rows of the attention to the sound. */
    readonly rows: Uint32Array;
    /** In seconds of the recording. */
    readonly times: Float64Array;
  };
  readonly heads: readonly AlignmentHead[];
  /** What was taken where the model names no heads, and the like. */
  readonly notices: readonly string[];
}

export interface AlignmentHead {
  readonly layer: number;
  readonly head: number;
}

/** How near the attention of a head to the sound lies to a path that goes forward, the nearest first. */
export interface HeadRank extends AlignmentHead {
  /** The share of its weight within a few frames of its own best path. 0 to 1. */
  readonly share: number;
  /** Whether the alignment uses it. */
  readonly used: boolean;
}

/** Word times, as other programs read them. */
export type TimingFormat = 'json' | 'srt' | 'vtt' | 'textgrid';
