import type { Platform } from '../platform/platform.js';
import { readsImages, visionFamilies } from './architectures/vision/index.js';
import { imageTextArchitectureOf } from './architectures/image-text/index.js';
import { hears, speechFamilies } from './architectures/speech/index.js';
import { hearsSamples, waveformFamilies } from './architectures/speech/waveform.js';
import { CaptionModel } from './caption-model.js';
import { Checkpoint } from './checkpoint.js';
import { CtcModel } from './ctc-model.js';
import { ModelError } from './error.js';
import type { CheckpointFolder } from './folder.js';
import { Model } from './model.js';
import { SpeechModel } from './speech-model.js';
import { VisionModel } from './vision-model.js';

/** A checkpoint that is open: it says by its class what it reads. */
export type OpenModel = CaptionModel | CtcModel | Model | SpeechModel | VisionModel;

/**
 * Opens a checkpoint of any kind; the caller disposes of it.
 * @throws ModelError when it is no checkpoint, damaged, or of a family that is not known here
 */
export async function openModel(platform: Platform, from: CheckpointFolder | string): Promise<OpenModel> {
  const checkpoint = await Checkpoint.open(platform, from);
  try {
    const { config } = checkpoint;
    if (imageTextArchitectureOf(config) !== undefined) return await CaptionModel.of(checkpoint);
    if (hears(config)) return await SpeechModel.of(checkpoint);
    if (hearsSamples(config)) return await CtcModel.of(checkpoint);
    return readsImages(config) ? await VisionModel.of(checkpoint) : Model.of(checkpoint);
  } catch (error) {
    await checkpoint.dispose();
    throw error;
  }
}

/** Whether a model only reads: an encoder whose tokens are no words. */
export function isEncoder(model: OpenModel): model is CtcModel | VisionModel {
  return model instanceof CtcModel || model instanceof VisionModel;
}

/** What is read by which models, in words. */
const readers = {
  text: { what: 'text', inspect: undefined, select: 'a model for text' },
  image: {
    what: 'images',
    inspect: 'an image',
    select: `a model that reads images: ${visionFamilies.join(', ')}`,
  },
  audio: {
    what: 'recordings',
    inspect: 'a recording',
    select: `a model that hears: ${[...speechFamilies, ...waveformFamilies].join(', ')}`,
  },
} as const;

/** What a model reads. */
export function readBy(model: OpenModel): keyof typeof readers {
  if (model instanceof SpeechModel || model instanceof CtcModel) return 'audio';
  return model instanceof VisionModel || model instanceof CaptionModel ? 'image' : 'text';
}

/** What is said of a model that was given what it does not read. */
export function otherReader(model: OpenModel, given: keyof typeof readers): ModelError {
  const own = readers[readBy(model)];
  const select =
    own.inspect === undefined
      ? `Select ${readers[given].select}.`
      : `Inspect ${own.inspect} with it, or select ${readers[given].select}.`;
  return new ModelError(
    `${model.name} (${model.family}) reads ${own.what}, not ${readers[given].what}. ${select}`,
  );
}
