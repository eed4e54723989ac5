import type { AttendParameters } from '../../../engine/mechanisms/index.js';
import type { Checkpoint } from '../../checkpoint.js';
import type { Config } from '../../config.js';
import { contrastiveLayerNames, halfOf } from '../parts/contrastive.js';
import { activationOf, limits } from '../parts/settings.js';
import { Weights } from '../parts/weights.js';
import type { PixelSize, VisionArchitecture, VisionDescription, VisionGraph } from './architecture.js';
import { describeVision } from './settings.js';
import { clipPairing } from './clip-pairing.js';
import { buildTower, classifier, meanOf, rowsOf, visionLayer } from './tower.js';

/** How the image half of CLIP and that of SigLIP differ. */
export interface ContrastiveVariant {
  /** Whether a class token stands before the patches, and a norm before the first layer; patches have no bias then. */
  readonly classToken: boolean;
  /** What the settings of this half are called by themselves. */
  readonly modelType: string;
}

const variant: ContrastiveVariant = {
  classToken: true,
  modelType: 'clip_vision_model',
};

/** The half of CLIP that reads images: Radford et al. 2021. The norm behind its last layer is for the class token alone. */
export const clip: VisionArchitecture = {
  modelTypes: ['clip_vision_model', 'clip'],
  title: 'CLIP',
  describe: (config) => describeContrastive(config, variant),
  build: (checkpoint, size, attention) => buildContrastive(checkpoint, size, attention, variant),
  pairing: clipPairing,
};

/** @throws ModelError */
export function describeContrastive(config: Config, own: ContrastiveVariant): VisionDescription {
  return describeVision(imageHalf(config, own), config);
}

/** The settings of the half that reads images, where both stand in one file; what they leave out is as where they stand alone. */
export function imageHalf(config: Config, { modelType }: ContrastiveVariant): Config {
  return halfOf(config, 'vision', modelType) ?? config;
}

/** @throws ModelError */
export function buildContrastive(
  checkpoint: Checkpoint,
  size: PixelSize,
  attention: AttendParameters,
  own: ContrastiveVariant,
): VisionGraph {
  const config = imageHalf(checkpoint.config, own);
  const description = describeContrastive(checkpoint.config, own);
  const { width, heads, layers, labels, patch, trained } = description;
  const weights = new Weights(checkpoint, 'vision_model.', 'embeddings.patch_embedding.weight');
  const epsilon = config.positive('layer_norm_eps', 1e-6);
  const sizes = {
    heads,
    width,
    inner: config.count('intermediate_size', limits.inner),
    activation: activationOf(config, 'hidden_act'),
    epsilon,
    biases: { query: true, key: true, value: true },
  };
  const specials = own.classToken ? 1 : 0;
  const places =
    Math.floor(trained.height / patch.height) * Math.floor(trained.width / patch.width) + specials;
  const sort = classifier(checkpoint, 'classifier', width, labels.length);
  return buildTower(checkpoint, size, {
    weights,
    description,
    patch: { name: 'embeddings.patch_embedding', bias: !own.classToken },
    specials: own.classToken
      ? [
          {
            token: { kind: 'class' },
            row: weights.reshaped('embeddings.class_embedding', [width], [1, width]),
          },
        ]
      : [],
    positions: { table: weights.table('embeddings.position_embedding', places, width), kind: 'bicubic' },
    ...(own.classToken
      ? { inputNorm: (value) => weights.norm('pre_layrnorm', width)(value, epsilon) }
      : { finalNorm: (value) => weights.norm('post_layernorm', width)(value, epsilon) }),
    stack: () =>
      Array.from({ length: layers }, (_, layer) =>
        visionLayer(weights, contrastiveLayerNames(layer), sizes, attention),
      ),
    ...(sort === undefined ? {} : { head: (last) => sort(meanOf(rowsOf(last, specials))) }),
  });
}
