import { input, label } from '../../engine/graph.js';
import type { Tensor } from '../../engine/tensor.js';
import { fed, need } from './formula.js';
import { multiplied } from './slips/masks.js';
import type { MadeChange } from './slip.js';

/** The share of weights that dropout took, where given weights are zeros and otherwise one multiple of the formula's. */
export function droppedShare(ours: Tensor['data'], theirs: Tensor['data']): number | undefined {
  const ratios: number[] = [];
  let [zeros, cells] = [0, 0];
  for (let at = 0; at < ours.length; at++) {
    const own = ours[at] ?? 0;
    // Weights this small may have been rounded away.
    if (!(own > 1e-5)) continue;
    cells++;
    const other = theirs[at] ?? 0;
    if (other === 0) zeros++;
    else ratios.push(other / own);
  }
  if (zeros === 0 || ratios.length < 8) return undefined;
  const typical = [...ratios].sort((a, b) => a - b)[ratios.length >> 1] ?? 1;
  const share = 1 - 1 / typical;
  const isOne = ratios.every((ratio) => Math.abs(ratio / typical - 1) < 2e-3);
  // Of as many draws, the share that was taken lies within four deviations of the one that it was drawn with.
  const spread = 4 * Math.sqrt((share * (1 - share)) / cells) + 1 / cells;
  return isOne && share > 0.005 && share < 0.99 && Math.abs(zeros / cells - share) <= spread
    ? share
    : undefined;
}

/** Weights of which those that are zero in what was given were dropped, and the others made larger instead. */
export function dropout(share: number, theirs: Tensor, order: number): MadeChange {
  return {
    id: 'dropout',
    order,
    title: `Dropout is on: ${Math.round(share * 1000) / 10} % of the weights are zero and the others are divided by ${Number((1 - share).toPrecision(4))}`,
    group: 'dropout',
    rank: 1,
    formula: (formula) => {
      const weights = need(formula, 'weights');
      const leaf = label(input(weights.shape), {
        name: 'kept_weights',
        symbol: 'D',
        axes: weights.label?.axes ?? [],
      });
      const data = Float64Array.from(theirs.data, (each) => (each === 0 ? 0 : 1 / (1 - share)));
      const note = 'The weights that dropout left, made larger by as much as it takes away on average.';
      return fed(multiplied(formula, weights, leaf, note), leaf, { shape: weights.shape, data });
    },
  };
}
