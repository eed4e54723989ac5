import type { Tensor } from '../../../engine/tensor.js';
import type { Config } from '../../config.js';
import { bartFamily } from './bart.js';
import { placesBehind } from '../parts/inputs.js';
import { limits } from '../parts/settings.js';
import { sinusoids } from '../parts/sinusoids.js';

/** M2M-100: Fan et al. 2021, and NLLB: Costa-jussà et al. 2022. */
export const m2m100 = bartFamily('m2m_100', 'M2M-100 / NLLB', {
  order: 'before',
  normsEmbeddings: false,
  normsOutput: true,
  positions: behindPadding,
  activation: 'relu',
});

/** Sines and cosines of positions that count from the one after the padding token's number, as fairseq has them. // (ids, width) */
export function behindPadding(config: Config, ids: readonly number[], width: number): Tensor {
  const padding = config.count('pad_token_id', { from: 0, to: limits.vocabulary.to }, 1);
  const half = Math.floor(width / 2);
  const table = sinusoids(placesBehind(padding, ids), width, (k) => 10_000 ** (-k / (half - 1)), half);
  // The row of padding is nothing, also where a text holds the token itself.
  ids.forEach((id, row) => {
    if (id === padding) table.data.fill(0, row * width, (row + 1) * width);
  });
  return table;
}
