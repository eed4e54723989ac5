import { ModelError } from '../../models/index.js';
import { imageInput, openImage } from '../core/image-input.js';
import { exportPath, languageModel } from '../core/models.js';
import { takeOver, type Source } from '../core/source.js';
import { contrastive } from './contrastive/index.js';
import { ImagePreparation } from './image-preparation.js';

/** An image, read by a model that reads images. */
export const imageSource: Source = {
  id: 'image',
  async open({ material, by }, { platform, runtime, models }) {
    if (material.kind !== 'image') return undefined;
    const reference = by?.model === undefined ? undefined : languageModel(by.model);
    // An export is another source's.
    if (reference !== undefined && exportPath(reference) !== undefined) return undefined;
    if (reference === undefined || by?.mechanism !== undefined) {
      throw new ModelError(
        'An image is read by a model for images, which has to be named: a checkpoint folder of ViT, DeiT, DINOv2, CLIP, SigLIP or BEiT, or an ONNX export.',
      );
    }
    const preparation = await takeOver(await models.acquireVision(reference), async (handle) => {
      const { file, text } = material;
      const brought = await openImage(platform, file);
      const input = imageInput(brought, handle.model.processor);
      const { pair } = handle.model;
      return pair === undefined || text === undefined
        ? new ImagePreparation(handle, input, runtime, text === undefined ? {} : { unread: true })
        : contrastive(handle, pair, { input, text }, runtime);
    });
    return { kind: 'preparation', preparation };
  },
};
