import { standardAttention } from '../../../engine/mechanisms/index.js';
import type { Architecture } from '../architecture.js';
import { buildContrastiveText, describeContrastiveText, type TextVariant } from '../parts/contrastive.js';

const variant: TextVariant = {
  modelType: 'clip_text_model',
  attention: { ...standardAttention, mask: { kind: 'causal' } },
  filled: false,
};

/** The half of CLIP that reads texts: Radford et al. 2021, §2.4. No token sees what comes after it, and the one that ends a text stands for it. */
export const clipText: Architecture = {
  modelTypes: ['clip_text_model'],
  title: 'CLIP text',
  describe: (config) => describeContrastiveText(config, variant),
  build: (checkpoint, tokens, attention) => buildContrastiveText(checkpoint, tokens, attention, variant),
};
