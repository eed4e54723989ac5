import { inputsOf } from '../../../engine/graph.js';
import { rearrange, softmax, transpose } from '../../../engine/ops/index.js';
import { need, swap, type Formula } from '../formula.js';
import type { Slip } from '../slip.js';

function isSoftmax(formula: Formula): boolean {
  const { origin } = need(formula, 'weights');
  return origin.kind === 'operation' && origin.operation.name === 'softmax';
}

export const softmaxOverQueries: Slip = {
  id: 'softmax-over-queries',
  changes({ formula }) {
    if (!isSoftmax(formula)) return [];
    return [
      {
        title: 'The softmax goes over the queries: columns sum to 1 instead of rows',
        group: 'softmax',
        rank: 1,
        formula: (from) => {
          const weights = need(from, 'weights');
          const [logits] = inputsOf(weights);
          return logits === undefined ? from : swap(from, weights, transpose(softmax(transpose(logits))));
        },
      },
    ];
  },
};

export const softmaxOverHeads: Slip = {
  id: 'softmax-over-heads',
  changes({ formula }) {
    if (!isSoftmax(formula) || need(formula, 'weights').shape.length !== 3 || formula.heads < 2) return [];
    return [
      {
        title: 'The softmax goes over the heads: for each query and key, the heads sum to 1',
        group: 'softmax',
        rank: 1,
        formula: (from) => {
          const weights = need(from, 'weights');
          const [logits] = inputsOf(weights);
          const [heads = 0, n = 0, m = 0] = weights.shape;
          if (logits === undefined) return from;
          const last = rearrange(logits, [heads, n, m], [1, 2, 0]); // (query, key, head)
          return swap(from, weights, rearrange(softmax(last), [n, m, heads], [2, 0, 1])); // (head, query, key)
        },
      },
    ];
  },
};
