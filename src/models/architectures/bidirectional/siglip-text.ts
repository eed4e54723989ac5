import { standardAttention } from '../../../engine/mechanisms/index.js';
import type { Architecture } from '../architecture.js';
import { buildContrastiveText, describeContrastiveText, type TextVariant } from '../parts/contrastive.js';

const variant: TextVariant = {
  modelType: 'siglip_text_model',
  attention: standardAttention,
  filled: true,
};

/** The half of SigLIP that reads texts: Zhai et al. 2023. Texts are filled up, what fills them is read as well, and the last token stands for all. */
export const siglipText: Architecture = {
  modelTypes: ['siglip_text_model'],
  title: 'SigLIP text',
  describe: (config) => describeContrastiveText(config, variant),
  build: (checkpoint, tokens, attention) => buildContrastiveText(checkpoint, tokens, attention, variant),
};
