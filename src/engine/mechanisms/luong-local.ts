import { label, positions, type Value } from '../graph.js';
import {
  gaussian,
  insertAxis,
  matmul,
  multiply,
  offset,
  scale,
  sigmoid,
  tanh,
  within,
} from '../ops/index.js';
import { extent } from './heads.js';
import {
  afterWeights,
  attentionalLeaf,
  luongInputs,
  luongScores,
  readScore,
  scoreParameter,
  type LuongScore,
} from './luong.js';
import { numeric } from './numeric.js';
import { labelledLeaves, type Mechanism } from './mechanism.js';
import { maskInputs, scoreLeaves } from './score-tensors.js';
import {
  alignment,
  labelStates,
  labelWeight,
  maskedScores,
  readStateParameters,
  standardStates,
  stateLeaves,
  stateParameters,
  weightLeaf,
  type StateParameters,
  type States,
} from './states.js';

/** Where each output looks: at its own position, or at one that it predicts. */
export type LocalAlignment =
  | { readonly kind: 'monotonic' }
  /** p = m · sigmoid(v_pᵀ tanh(W_p s)). // W_p: (d_s, d_p), v_p: (d_p) */
  | { readonly kind: 'predictive'; readonly W_p: Value; readonly v_p: Value };

export interface LocalParameters extends StateParameters {
  /** D: keys within [p − D, p + D] can be attended to. */
  readonly window: number;
  /** Whether weights are multiplied by exp(−(j − p)² / 2σ²) with σ = D / 2. */
  readonly gaussian: boolean;
}

/**
 * Local attention: Luong et al. 2015, §3.2. Weights of predictive alignment are multiplied by a Gaussian around p_i (eq. 10)
 * and are not normalised again, so that their rows sum to less than 1.
 * @param W_c (d_h + d_s, d_o): where given, h̃ = tanh(W_c [c; s])
 * @returns the labelled steps: S, H, position, …, scores, window, weights, context, …
 */
export function localAttention(
  states: States,
  score: LuongScore,
  where: LocalAlignment,
  W_c?: Value,
  parameters: LocalParameters = { ...standardStates, window: 2, gaussian: where.kind === 'predictive' },
): Value[] {
  const { S, H } = labelStates(states);
  const m = extent(H.shape, 0);
  const position = positionOf(S, m, where);
  const { steps, scores } = luongScores({ S, H }, score);
  const masked = maskedScores(scores, parameters);
  const keys = label(positions(m), { name: 'j', symbol: 'j', axes: ['key'] });
  const distance = label(offset(position, keys), {
    name: 'offset',
    symbol: '\\Delta',
    axes: ['query', 'key'],
    step: {
      title: 'Distance',
      note: 'How far each key lies from where the output looks.',
      scale: 'signed',
      phase: 'score',
    },
  });
  const window = label(within(masked.at(-1) ?? scores, distance, parameters.window), {
    name: 'window',
    symbol: '\\hat{E}^{D}',
    axes: ['query', 'key'],
    step: {
      title: 'Window',
      note: `Keys further than ${parameters.window} from where the output looks get −∞ and so weight 0.`,
      scale: 'signed',
      phase: 'score',
      role: 'masked',
    },
  });
  return [
    ...[S, H, position],
    ...steps,
    ...masked,
    ...[distance, window],
    ...localWeights(window, distance, parameters),
  ].flatMap((step, at, all) =>
    at === all.length - 1 ? [step, ...afterWeights(step, { S, H }, W_c)] : [step],
  );
}

function localWeights(window: Value, distance: Value, parameters: LocalParameters): Value[] {
  if (!parameters.gaussian) return [alignment(window)];
  const aligned = alignment(window, 'alignment');
  const favour = label(gaussian(distance, parameters.window / 2), {
    name: 'gaussian',
    symbol: 'G',
    axes: ['query', 'key'],
    step: {
      title: 'Gaussian',
      note: 'What favours keys near the predicted place: 1 there, less further away.',
      scale: 'weights',
      phase: 'normalisation',
    },
  });
  const weights = label(multiply(aligned, favour), {
    name: 'weights',
    symbol: 'A',
    element: '\\alpha',
    axes: ['query', 'key'],
    step: {
      title: 'Weights',
      note: 'Alignment times Gaussian. They are not normalised again, so that a row may sum to less than 1.',
      scale: 'weights',
      phase: 'normalisation',
      role: 'weights',
    },
  });
  return [aligned, favour, weights];
}

/** p_i, as a column. // (query, 1) */
function positionOf(S: Value, m: number, where: LocalAlignment): Value {
  const named = (value: Value, note: string): Value =>
    label(value, {
      name: 'position',
      symbol: 'p',
      element: 'p',
      axes: ['query', 'value'],
      step: { title: 'Position', note, scale: 'signed', phase: 'input' },
    });
  if (where.kind === 'monotonic') {
    const i = label(positions(extent(S.shape, 0)), { name: 'i', symbol: 'i', axes: ['query'] });
    return named(insertAxis(i, 1), 'Each output looks at the input of its own place.');
  }
  const hidden = tanh(matmul(S, labelWeight(where.W_p, 'W_p'))); // (query, hidden)
  const share = sigmoid(matmul(hidden, insertAxis(labelWeight(where.v_p, 'v_p'), 1))); // (query, 1)
  return named(scale(share, m, 'm'), `Each output predicts where to look, from 0 to ${m}.`);
}

/** Local attention of a decoder over an encoder. */
export const luongLocal: Mechanism = {
  id: 'luong-local',
  title: 'Luong local attention',
  source: 'Luong et al. 2015, §3.2',

  inputs: [
    ...luongInputs,
    { name: 'W_p', title: 'W_p', required: false, axes: [['model', 'hidden']] },
    { name: 'v_p', title: 'v_p', required: false, axes: [['hidden']] },
    ...maskInputs,
  ],

  parameters(inputs) {
    const predictive = inputs['W_p'] !== undefined && inputs['v_p'] !== undefined;
    const standard = predictive ? 'predictive' : 'monotonic';
    const keys = extent(inputs['H'], 0);
    return [
      scoreParameter(inputs),
      {
        kind: 'choice',
        name: 'alignment',
        title: 'Alignment',
        note: 'Where each output looks: at the input of its own place, or at one that W_p and v_p predict.',
        value: standard,
        default: standard,
        choices: [
          { value: 'monotonic', title: 'Monotonic' },
          ...(predictive ? [{ value: 'predictive', title: 'Predictive' }] : []),
        ],
      },
      {
        kind: 'number',
        // Not “window”: that is the parameter of a sliding-window mask.
        name: 'reach',
        title: 'Window D',
        note: 'How far from its place an output may look, to either side.',
        value: 2,
        default: 2,
        minimum: 1,
        maximum: Math.max(10, keys),
        step: 1,
      },
      {
        kind: 'choice',
        name: 'gaussian',
        title: 'Gaussian',
        note: 'Whether weights are multiplied by a Gaussian around the place, with σ = D/2.',
        value: 'paper',
        default: 'paper',
        choices: [
          { value: 'paper', title: 'If predictive, as in the paper' },
          { value: 'on', title: 'On' },
          { value: 'off', title: 'Off' },
        ],
      },
      ...stateParameters(inputs, keys),
    ];
  },

  build(inputs, values) {
    const masks = scoreLeaves(inputs);
    const leaves = new Map(masks.leaves);
    const states = stateLeaves(inputs, leaves);
    const score = readScore(values['score'], inputs, leaves, states);
    const W_c = attentionalLeaf(inputs, leaves, states);
    const standard = inputs['W_p'] !== undefined && inputs['v_p'] !== undefined ? 'predictive' : 'monotonic';
    const predictive = (values['alignment'] ?? standard) === 'predictive';
    const where = ((): LocalAlignment => {
      if (!predictive) return { kind: 'monotonic' };
      const d_s = extent(states.S.shape, 1);
      const W_p = weightLeaf(
        inputs,
        leaves,
        'W_p',
        [d_s, -1],
        'it reads the decoder states, a row for each of their features',
      );
      const why = 'it has one entry for each column of W_p';
      return { kind: 'predictive', W_p, v_p: weightLeaf(inputs, leaves, 'v_p', [extent(W_p.shape, 1)], why) };
    })();
    const gaussian_ = values['gaussian'] ?? 'paper';
    const parameters: LocalParameters = {
      ...readStateParameters(values, masks),
      window: numeric(values, 'reach', 2),
      gaussian: gaussian_ === 'on' || (gaussian_ === 'paper' && predictive),
    };
    const steps = localAttention(states, score, where, W_c, parameters);
    return {
      inputs: labelledLeaves(leaves, steps),
      steps,
      heads: 1,
      queries: extent(states.S.shape, 0),
      keys: extent(states.H.shape, 0),
    };
  },
};
