import { bartFamily } from './bart.js';
import { sinusoids } from '../parts/sinusoids.js';

/** Marian, the family of the OPUS-MT translators: Junczys-Dowmunt et al. 2018; Tiedemann & Thottingal 2020. */
export const marian = bartFamily('marian', 'Marian', {
  order: 'after',
  normsEmbeddings: false,
  normsOutput: false,
  positions: (_, ids, width) =>
    sinusoids(
      ids.map((_id, at) => at),
      width,
      (k) => 10_000 ** ((-2 * k) / width),
    ),
  storesPositions: true,
  activation: 'gelu',
});
