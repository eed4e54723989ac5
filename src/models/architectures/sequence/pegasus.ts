import { bartFamily } from './bart.js';
import { sinusoids } from '../parts/sinusoids.js';

/** PEGASUS: Zhang et al. 2020. */
export const pegasus = bartFamily('pegasus', 'PEGASUS', {
  order: 'before',
  normsEmbeddings: false,
  normsOutput: true,
  positions: (_, ids, width) =>
    sinusoids(
      ids.map((_id, at) => at),
      width,
      (k) => 10_000 ** ((-2 * k) / width),
    ),
  storesPositions: true,
  activation: 'gelu',
});
