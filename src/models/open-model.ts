import type { Platform } from '../platform/platform.js';
import { readsImages, visionFamilies } from './architectures/vision/index.js';
import { imageTextArchitectureOf } from './architectures/image-text/index.js';
import { CaptionModel } from './caption-model.js';
import { Checkpoint } from './checkpoint.js';
import { ModelError } from './error.js';
import type { CheckpointFolder } from './folder.js';
import { Model } from './model.js';
import { VisionModel } from './vision-model.js';

/** A checkpoint that is open: it says by its class what it reads. */
export type OpenModel = CaptionModel | Model | VisionModel;

/**
 * Opens a checkpoint of any kind; the caller disposes of it.
 * @throws ModelError when it is no checkpoint, damaged, or of a family that is not known here
 */
export async function openModel(platform: Platform, from: CheckpointFolder | string): Promise<OpenModel> {
  const checkpoint = await Checkpoint.open(platform, from);
  try {
    const { config } = checkpoint;
    if (imageTextArchitectureOf(config) !== undefined) return await CaptionModel.of(checkpoint);
    return readsImages(config) ? await VisionModel.of(checkpoint) : Model.of(checkpoint);
  } catch (error) {
    await checkpoint.dispose();
    throw error;
  }
}

/** What is said of a model that was given what it does not read. */
export function otherReader(model: OpenModel): ModelError {
  return new ModelError(
    model instanceof VisionModel || model instanceof CaptionModel
      ? `${model.name} (${model.family}) reads images, not text. Inspect an image with it, or select a model for text.`
      : `${model.name} (${model.family}) reads text, not images. Select a model that reads images: ${visionFamilies.join(', ')}.`,
  );
}
