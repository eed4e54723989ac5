import { bartFamily } from './bart.js';
import { positionSinusoids } from '../parts/sinusoids.js';

/** PEGASUS: Zhang et al. 2020. */
export const pegasus = bartFamily('pegasus', 'PEGASUS', {
  order: 'before',
  normsEmbeddings: false,
  normsOutput: true,
  positions: (_, ids, width) => positionSinusoids(ids, width),
  storesPositions: true,
  activation: 'gelu',
});
