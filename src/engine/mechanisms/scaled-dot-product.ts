import type { Value } from '../graph.js';
import { readAttendParameters } from './attend-values.js';
import { attend, fromScores, type Attended } from './attend.js';
import { extent, headsOf, readCount } from './heads.js';
import type { Mechanism } from './mechanism.js';
import { scoreInputs, scoreLeaves } from './score-tensors.js';
import { outputOf, start, valueLeaf, vectorInputs, vectorParameters } from './vectors.js';

/** softmax(Q Kᵀ / √d_k + M) V, from Q, K, V, from ready scores, or from ready weights. */
export const scaledDotProduct: Mechanism = {
  id: 'scaled-dot-product',
  title: 'Scaled dot-product attention',
  source: 'Vaswani et al. 2017, eq. 1',

  inputs: [...vectorInputs, ...scoreInputs],

  parameters(inputs) {
    if (inputs['weights'] !== undefined) return [];
    const { heads, scores } = vectorParameters(inputs);
    return [...heads, ...scores];
  },

  build(inputs, values) {
    const masks = scoreLeaves(inputs);
    const leaves = new Map(masks.leaves);
    const heads = readCount(values, 'heads', 1);
    const given = start(inputs, heads, leaves);
    const V = valueLeaf(inputs, heads, given, leaves);

    const attended = ((): Attended => {
      switch (given.kind) {
        case 'weights':
          return { steps: [given.weights], weights: given.weights };
        case 'scores':
          return fromScores(given.scores, 1, readAttendParameters({ scaling: 'none', ...values }, masks));
        case 'vectors':
          return attend(given.Q, given.K, readAttendParameters(values, masks));
      }
    })();
    const { weights } = attended;
    const steps: Value[] = [
      ...(given.kind === 'vectors' ? [given.Q, given.K] : []),
      ...(V === undefined ? [] : [V]),
      ...attended.steps,
      ...(V === undefined ? [] : [outputOf(weights, V)]),
    ];
    return {
      inputs: leaves,
      steps,
      heads: headsOf(weights) ?? 1,
      queries: extent(weights.shape, -2),
      keys: extent(weights.shape, -1),
    };
  },
};
