import type { Value } from '../../../engine/graph.js';
import type { AttendParameters } from '../../../engine/mechanisms/index.js';
import { quoted } from '../../../formats/untrusted.js';
import type { Checkpoint } from '../../checkpoint.js';
import type { Config } from '../../config.js';
import { ModelError } from '../../error.js';
import { hubert, wav2vec2 } from './wav2vec2.js';

/** What a configuration says of a model that hears samples. */
export interface WaveformDescription {
  readonly layers: number;
  readonly heads: number;
  /** d_model */
  readonly width: number;
  readonly attention: AttendParameters;
  readonly positions: 'embedded';
  /** Characters and signs that it tells apart, where it writes. */
  readonly vocabulary: number;
  /** Samples from the beginning of one frame to that of the next, and those that one frame is made of. */
  readonly hop: number;
  readonly span: number;
  /** The most samples at a time. */
  readonly most: number;
}

/** From samples to what is heard at each moment. */
export interface WaveformGraph {
  /** For each layer the labelled steps of its attention, in reading order. */
  readonly layers: readonly (readonly Value[])[];
  /** The embeddings, then each layer's output; the last one normalised where the model does so. // each (frame, model) */
  readonly hiddenStates: readonly Value[];
  /** Of every character at every frame; undefined in a checkpoint that does not write. // (frame, vocabulary) */
  readonly logits: Value | undefined;
}

/** A family of encoders that hear samples, and write by connectionist temporal classification. */
export interface WaveformArchitecture {
  readonly modelTypes: readonly string[];
  /** "wav2vec 2.0" */
  readonly title: string;
  /** @throws ModelError when a setting is missing, makes no sense, or asks for something that is not built here */
  describe(config: Config): WaveformDescription;
  /**
   * @param samples as the feature extractor gives them // (sample, 1)
   * @throws ModelError when a weight is missing or has the wrong shape, or there are too few samples, or too many
   */
  build(checkpoint: Checkpoint, samples: Value, attention: AttendParameters): WaveformGraph;
}

/** Every family of its kind; a new one is a file of its own and a line here. */
export const waveformArchitectures: readonly WaveformArchitecture[] = [wav2vec2, hubert];

/** What people call the families that hear samples. */
export const waveformFamilies: readonly string[] = waveformArchitectures.map(({ title }) => title);

/** Whether a checkpoint hears samples themselves. */
export function hearsSamples({ modelType }: Config): boolean {
  return waveformArchitectures.some(({ modelTypes }) => modelTypes.some((known) => known === modelType));
}

/** @throws ModelError when no family goes by the configuration's "model_type" */
export function waveformArchitectureOf(config: Config): WaveformArchitecture {
  const { modelType } = config;
  const found = waveformArchitectures.find(({ modelTypes }) =>
    modelTypes.some((known) => known === modelType),
  );
  if (found !== undefined) return found;
  const known = waveformArchitectures.flatMap(({ modelTypes }) => modelTypes.map(quoted)).join(', ');
  throw new ModelError(
    `${config.where} says that "model_type" is ${quoted(modelType ?? '')}, which hears no samples here; ${known} do.`,
  );
}
