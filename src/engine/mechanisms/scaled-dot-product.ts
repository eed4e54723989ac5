import type { Value } from '../graph.js';
import { attendParameters, readAttendParameters } from './attend-parameters.js';
import { attend, fromScores, type Attended } from './attend.js';
import { extent, headsOf, headsParameter, readCount } from './heads.js';
import type { Mechanism } from './mechanism.js';
import { fitsHeads, scoreInputs, scoreLeaves } from './score-tensors.js';
import { outputOf, start, valueLeaf, vectorInputs } from './vectors.js';

/** softmax(Q Kᵀ / √d_k + M) V, from Q, K, V, from ready scores, or from ready weights. */
export const scaledDotProduct: Mechanism = {
  id: 'scaled-dot-product',
  title: 'Scaled dot-product attention',
  source: 'Vaswani et al. 2017, eq. 1',

  inputs: [...vectorInputs, ...scoreInputs],

  parameters(inputs) {
    if (inputs['weights'] !== undefined) return [];
    const { Q, K } = inputs;
    const keys = extent(K, -2) || extent(inputs['scores'], -1);
    const pairs = inputs['scores'] === undefined && extent(Q, -1) % 2 === 0;
    const offered = attendParameters({ inputs, keys, pairs });
    if (inputs['scores'] !== undefined) {
      // d_k is not known from scores alone, so there is no √d_k to divide by: they are taken as they are.
      return offered.map((parameter) =>
        parameter.name === 'scaling' && parameter.kind === 'choice'
          ? {
              ...parameter,
              value: 'none',
              standard: 'none',
              choices: parameter.choices.filter(({ value }) => value !== 'sqrt'),
            }
          : parameter,
      );
    }
    const divides = (heads: number): boolean =>
      extent(inputs['V'], -1) % heads === 0 && fitsHeads(inputs, heads);
    return Q?.length === 2 && K?.length === 2
      ? [headsParameter(extent(Q, -1), divides), ...offered]
      : offered;
  },

  build(inputs, values) {
    const masks = scoreLeaves(inputs);
    const leaves = new Map(masks.leaves);
    const heads = readCount(values, 'heads', 1);
    const given = start(inputs, heads, leaves);
    const V = valueLeaf(inputs['V'], heads, given, leaves);

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
