import { shareOnTokens, type HeadType } from './head-type.js';

/** mean_q Σ_k A_{q,k} over the patches q and the keys k that stand for the whole image. */
export const classToken: HeadType = {
  name: 'class-token',
  title: 'Class token',
  label: 'Cl',
  note: 'The weight of patches on the tokens of class and distillation, on average.',
  threshold: 0.5,
  text: 'picture',
  self: true,
  masks: ['none', 'causal'],
  begin: (tokens) => shareOnTokens(tokens, tokens.patches?.classes),
};
