import { bartFamily } from './bart.js';

/** mBART: Liu et al. 2020. BART with norms before each part, and one after the last layer. */
export const mbart = bartFamily('mbart', 'mBART', {
  order: 'before',
  normsEmbeddings: true,
  normsOutput: true,
  activation: 'gelu',
});
