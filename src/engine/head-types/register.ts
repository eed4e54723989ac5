import { shareOnTokens, type HeadType } from './head-type.js';

/** mean_q Σ_k A_{q,k} over the patches q and the keys k that are registers (Darcet et al. 2024). */
export const register: HeadType = {
  name: 'register',
  title: 'Registers',
  label: 'Rg',
  note: 'The weight of patches on registers, on average.',
  threshold: 0.5,
  text: 'picture',
  self: true,
  masks: ['none', 'causal'],
  begin: (tokens) => shareOnTokens(tokens, tokens.patches?.registers),
};
