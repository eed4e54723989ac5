import type { OnnxValue } from '../../formats/onnx.js';
import { ModelError } from '../error.js';
import type { OnnxFeed } from './inputs.js';

/** A spectrogram as a graph is given it. */
export interface SoundInput {
  readonly bands: number;
  readonly frames: number;
  /** // (band, frame) */
  readonly features: Float32Array;
}

/** The extents of the spectrogram that a graph reads; undefined where it takes any. */
export interface SoundExtents {
  readonly bands: number | undefined;
  readonly frames: number | undefined;
}

const float32 = 1;
const float16 = 10;

/** What exporters call a spectrogram. */
const inputName = 'input_features';

/** Whether a graph is given a spectrogram: what Whisper's encoder reads. */
export function readsSound(inputs: readonly OnnxValue[]): boolean {
  return inputs.some(({ name, shape }) => name === inputName && shape?.length === 3);
}

/** The input of a graph that hears. */
export class SoundInputs {
  readonly extents: SoundExtents;

  /** @throws ModelError naming an input that no recording gives */
  constructor(
    inputs: readonly OnnxValue[],
    private readonly where: string,
  ) {
    const features = inputs.find(({ name }) => name === inputName);
    if (features === undefined) throw new ModelError(`${where} is given no ${inputName}.`);
    if (features.type !== float32) {
      throw new ModelError(
        `${where} wants ${inputName} in ${features.type === float16 ? 'half precision' : 'other numbers than float32'}: choose an export that takes them as float32.`,
      );
    }
    const strange = inputs.find((input) => input !== features);
    if (strange !== undefined) {
      throw new ModelError(
        `${where} wants the input ${strange.name} beside ${inputName}, which no recording gives; of an export in several files the encoder by itself (encoder_model.onnx) can be inspected.`,
      );
    }
    const [batch, bands, frames] = features.shape ?? [];
    if (typeof batch === 'number' && batch > 1) {
      throw new ModelError(`${where} reads ${batch} recordings at once: export it for one.`);
    }
    const extent = (each: number | string | undefined): number | undefined =>
      typeof each === 'number' && each > 0 ? each : undefined;
    this.extents = { bands: extent(bands), frames: extent(frames) };
  }

  /** @throws ModelError where the spectrogram has other extents than the graph reads */
  feeds({ bands, frames, features }: SoundInput): Map<string, OnnxFeed> {
    const { extents } = this;
    if ((extents.bands ?? bands) !== bands || (extents.frames ?? frames) !== frames) {
      throw new ModelError(
        `${this.where} reads ${extents.frames ?? 'any number of'} frames of ${extents.bands ?? 'any number of'} mel bands, not ${frames} of ${bands}; preprocessor_config.json and the export do not belong together.`,
      );
    }
    return new Map([[inputName, { type: 'float32', shape: [1, bands, frames], data: features }]]);
  }
}
