import { around, shareOnPatches, type HeadType } from './head-type.js';

/** mean_q Σ_k A_{q,k} over the keys k in the row of the patch q, without itself. */
export const patchRow: HeadType = {
  name: 'patch-row',
  title: 'Row of patches',
  label: 'R',
  note: 'The weight on the other patches of the same row, on average.',
  threshold: 0.5,
  text: 'picture',
  self: true,
  masks: ['none', 'causal'],
  begin: (tokens) => shareOnPatches(tokens, around(0, Infinity)),
};
