import { around, shareOnPatches, type HeadType } from './head-type.js';

/** mean_q Σ_k A_{q,k} over the keys k that touch the patch q, also at a corner. */
export const nearPatches: HeadType = {
  name: 'near-patches',
  title: 'Neighbouring patches',
  label: 'Np',
  note: 'The weight on the up to eight patches around each one, on average.',
  threshold: 0.4,
  text: 'picture',
  self: true,
  masks: ['none', 'causal'],
  begin: (tokens) => shareOnPatches(tokens, around(1, 1)),
};
