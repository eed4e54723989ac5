import type { VisionArchitecture } from './architecture.js';
import { siglipPairing } from './siglip-pairing.js';
import { buildContrastive, describeContrastive, type ContrastiveVariant } from './clip.js';

const variant: ContrastiveVariant = {
  classToken: false,
  modelType: 'siglip_vision_model',
};

/** The half of SigLIP that reads images: Zhai et al. 2023. It has no class token. */
export const siglip: VisionArchitecture = {
  modelTypes: ['siglip_vision_model', 'siglip'],
  title: 'SigLIP',
  describe: (config) => describeContrastive(config, variant),
  build: (checkpoint, size, attention) => buildContrastive(checkpoint, size, attention, variant),
  pairing: siglipPairing,
};
