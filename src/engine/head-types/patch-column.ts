import { around, shareOnPatches, type HeadType } from './head-type.js';

/** mean_q Σ_k A_{q,k} over the keys k in the column of the patch q, without itself. */
export const patchColumn: HeadType = {
  name: 'patch-column',
  title: 'Column of patches',
  label: 'C',
  note: 'The weight on the other patches of the same column, on average.',
  threshold: 0.5,
  text: 'picture',
  self: true,
  masks: ['none', 'causal'],
  begin: (tokens) => shareOnPatches(tokens, around(Infinity, 0)),
};
