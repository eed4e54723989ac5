import { inputsOf, type Value } from '../../../engine/graph.js';
import { rearrange, softmax, transpose } from '../../../engine/ops/index.js';
import { need, swap, type Formula } from '../formula.js';
import type { Change, Known, Slip } from '../slip.js';
import { finitelyMasked } from './masks.js';

/** The softmax over another axis; with a mask, as it comes out where that is finite, and where it is −∞. */
function over(known: Known, title: string, softmaxOf: (logits: Value) => Value): Change[] {
  const { origin } = need(known.formula, 'weights');
  if (origin.kind !== 'operation' || origin.operation.name !== 'softmax') return [];
  const change = (rank: number, prepare: (formula: Formula) => Formula): Change => ({
    title,
    group: 'softmax',
    rank,
    formula: (from) => {
      const formula = prepare(from);
      const weights = need(formula, 'weights');
      const [logits] = inputsOf(weights);
      return logits === undefined ? formula : swap(formula, weights, softmaxOf(logits));
    },
  });
  const finite = change(1, (formula) => finitelyMasked(formula, known.keep));
  return known.keep === undefined ? [finite] : [finite, change(1, (formula) => formula)];
}

export const softmaxOverQueries: Slip = {
  id: 'softmax-over-queries',
  changes: (known) =>
    over(known, 'The softmax goes over the queries: columns sum to 1 instead of rows', (logits) =>
      transpose(softmax(transpose(logits))),
    ),
};

export const softmaxOverHeads: Slip = {
  id: 'softmax-over-heads',
  changes(known) {
    const [heads = 0, n = 0, m = 0, ...rest] = need(known.formula, 'weights').shape;
    if (m === 0 || rest.length > 0 || heads < 2) return [];
    return over(
      known,
      'The softmax goes over the heads: for each query and key, the heads sum to 1',
      (logits) => {
        const last = rearrange(logits, [heads, n, m], [1, 2, 0]); // (query, key, head)
        return rearrange(softmax(last), [n, m, heads], [2, 0, 1]); // (head, query, key)
      },
    );
  },
};
