import { bartFamily } from './bart.js';
import { sinusoids } from '../parts/sinusoids.js';

/** PEGASUS: Zhang et al. 2020. */
export const pegasus = bartFamily('pegasus', 'PEGASUS', {
  order: 'before',
  normsEmbeddings: false,
  normsOutput: true,
  positions: (_, places, width) => sinusoids(places, width, (k) => 10_000 ** ((-2 * k) / width)),
  activation: 'gelu',
});
