import { label, type Value } from '../graph.js';
import { matmul } from '../ops/index.js';
import { extent } from './heads.js';
import { labelledLeaves, type Mechanism } from './mechanism.js';
import { maskInputs, scoreLeaves } from './score-tensors.js';
import {
  additiveScores,
  alignment,
  contextOf,
  labelStates,
  labelWeight,
  maskedScores,
  readStateParameters,
  standardStates,
  stateInputs,
  stateLeaves,
  stateParameters,
  weightLeaf,
  type StateParameters,
} from './states.js';

export interface AdditiveInputs {
  /** The decoder's states before each step. // (query, d_s) */
  readonly S: Value;
  /** The encoder's states. // (key, d_h) */
  readonly H: Value;
  /** (d_s, d_a) */
  readonly W_a: Value;
  /** (d_h, d_a) */
  readonly U_a: Value;
  /** (d_a) */
  readonly v_a: Value;
}

/**
 * Additive attention: e_ij = v_aᵀ tanh(W_a s_i + U_a h_j), α = softmax(e), c_i = Σ_j α_ij h_j (Bahdanau et al. 2015, §A.1.2,
 * and eq. 5–6).
 * @returns the labelled steps: S, H, queries, keys, tanh, scores, weights, context
 */
export function additiveAttention(
  inputs: AdditiveInputs,
  parameters: StateParameters = standardStates,
): Value[] {
  const { S, H } = labelStates(inputs);
  const queries = label(matmul(S, labelWeight(inputs.W_a, 'W_a')), {
    name: 'queries',
    symbol: 'Q',
    element: 'q',
    axes: ['query', 'hidden'],
    step: {
      title: 'Queries',
      note: 'W_a projects each decoder state to where it can be compared.',
      scale: 'signed',
      phase: 'input',
      role: 'query-projection',
    },
  });
  const keys = label(matmul(H, labelWeight(inputs.U_a, 'U_a')), {
    name: 'keys',
    symbol: 'K',
    element: 'k',
    axes: ['key', 'hidden'],
    step: {
      title: 'Keys',
      note: 'U_a projects each encoder state to where it can be compared; it is worked out once for all outputs.',
      scale: 'signed',
      phase: 'input',
      role: 'key-projection',
    },
  });
  const { tanh, scores } = additiveScores(queries, keys, labelWeight(inputs.v_a, 'v_a'));
  const masked = maskedScores(scores, parameters);
  const weights = alignment(masked.at(-1) ?? scores);
  return [S, H, queries, keys, tanh, scores, ...masked, weights, contextOf(weights, H)];
}

/** Additive attention of a decoder over an encoder. */
export const bahdanau: Mechanism = {
  id: 'bahdanau',
  title: 'Bahdanau (additive) attention',
  source: 'Bahdanau et al. 2015',

  inputs: [
    ...stateInputs,
    { name: 'W_a', title: 'W_a', required: true, axes: [['model', 'hidden']] },
    { name: 'U_a', title: 'U_a', required: true, axes: [['model', 'hidden']] },
    { name: 'v_a', title: 'v_a', required: true, axes: [['hidden']] },
    ...maskInputs,
  ],

  parameters: (inputs) => stateParameters(inputs, extent(inputs['H'], 0)),

  build(inputs, values) {
    const masks = scoreLeaves(inputs);
    const leaves = new Map(masks.leaves);
    const { S, H } = stateLeaves(inputs, leaves);
    const [d_s, d_h] = [extent(S.shape, 1), extent(H.shape, 1)];
    const W_a = weightLeaf(
      inputs,
      leaves,
      'W_a',
      [d_s, -1],
      'it projects the decoder states, a row for each of their features',
    );
    const d_a = extent(W_a.shape, 1);
    const U_a = weightLeaf(
      inputs,
      leaves,
      'U_a',
      [d_h, d_a],
      'it projects the encoder states to as many columns as W_a has',
    );
    const v_a = weightLeaf(inputs, leaves, 'v_a', [d_a], 'it has one entry for each column of W_a');
    const steps = additiveAttention({ S, H, W_a, U_a, v_a }, readStateParameters(values, masks));
    return {
      inputs: labelledLeaves(leaves, steps),
      steps,
      heads: 1,
      queries: extent(S.shape, 0),
      keys: extent(H.shape, 0),
    };
  },
};
