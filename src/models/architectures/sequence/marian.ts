import { bartFamily } from './bart.js';
import { positionSinusoids } from '../parts/sinusoids.js';

/** Marian, the family of the OPUS-MT translators: Junczys-Dowmunt et al. 2018; Tiedemann & Thottingal 2020. */
export const marian = bartFamily('marian', 'Marian', {
  order: 'after',
  normsEmbeddings: false,
  normsOutput: false,
  positions: (_, ids, width) => positionSinusoids(ids, width),
  storesPositions: true,
  activation: 'gelu',
});
