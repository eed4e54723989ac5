import { ContrastivePreparation } from './preparation.js';
import { captionsIn, CaptionReader } from './captions.js';
import type { ImageInput } from '../../core/image-input.js';
import type { ModelHandle } from '../../core/models.js';
import type { Preparation } from '../../core/preparation.js';
import type { ImageTextPair, VisionModel } from '../../../models/index.js';
import type { Runtime } from '../../../runtime/session.js';

/** An image and captions, one a line, compared by a model that reads both. @throws ModelError where no caption can be read */
export async function contrastive(
  handle: ModelHandle<VisionModel>,
  pair: ImageTextPair,
  { input, text }: { readonly input: ImageInput; readonly text: string },
  runtime: Runtime,
): Promise<Preparation> {
  const reader = new CaptionReader(pair, await captionsIn(pair, text), runtime);
  return new ContrastivePreparation(handle, input, reader, runtime);
}
