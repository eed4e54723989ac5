import type { Value } from '../../../engine/graph.js';
import type { AttendParameters } from '../../../engine/mechanisms/index.js';
import type { Checkpoint } from '../../checkpoint.js';
import type { Config } from '../../config.js';
import type { DecoderAttention, DecoderDescription, DecoderGraph } from '../architecture.js';

/** What a model's configuration says of its size. */
export interface SpeechDescription {
  readonly layers: number;
  readonly heads: number;
  /** d_model */
  readonly width: number;
  /** What it reads at a time: frames of a spectrogram, and the bands of each. */
  readonly frames: number;
  readonly bands: number;
  /** Frames of the encoder: those of the spectrogram, so many as one. */
  readonly framesInOne: number;
  /** What attention does as long as a reader asks for nothing else. */
  readonly attention: AttendParameters;
  readonly positions: 'embedded';
  /** What stands beside the encoder, which all the rest is said of. */
  readonly decoder: DecoderDescription;
}

/** The half of a Transformer that hears, from a spectrogram to the last hidden state. */
export interface SpeechGraph {
  /** For each layer the labelled steps of its attention, in reading order: X, Q, K, V, scores, …, output. */
  readonly layers: readonly (readonly Value[])[];
  /** The embeddings, then each layer's output; the last one normalised. // each (frame, model) */
  readonly hiddenStates: readonly Value[];
}

/** A family of models that hear. */
export interface SpeechArchitecture {
  /** What config.json calls it: "whisper". */
  readonly modelTypes: readonly string[];
  /** What people call it: "Whisper". */
  readonly title: string;
  /** @throws ModelError when a setting is missing, makes no sense, or asks for something that is not built here. */
  describe(config: Config): SpeechDescription;
  /**
   * @param features a leaf, or what the steps of a spectrogram come to // (frame, band)
   * @throws ModelError when a weight is missing or has the wrong shape, or the features have
   */
  build(checkpoint: Checkpoint, features: Value, attention: AttendParameters): SpeechGraph;
  readonly decoder: {
    /**
     * @param tokens n
     * @param memory the encoder’s last hidden states // (frame, model)
     * @throws ModelError when a weight is missing or has the wrong shape, or there are more tokens than the limit
     */
    build(checkpoint: Checkpoint, tokens: number, memory: Value, attention: DecoderAttention): DecoderGraph;
  };
}
