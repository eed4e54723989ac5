import { label, type Value } from '../graph.js';
import { concat, matmul, slice, tanh, transpose } from '../ops/index.js';
import { formatShape, ShapeError, type Shape } from '../tensor.js';
import { extent } from './heads.js';
import { labelledLeaves, type InputDescription, type Mechanism } from './mechanism.js';
import { ParameterError, type Parameter, type ParameterValue } from './parameters.js';
import { maskInputs, scoreLeaves } from './score-tensors.js';
import {
  additiveScores,
  alignment,
  contextOf,
  labelStates,
  labelWeight,
  maskedScores,
  readStateParameters,
  scoresOf,
  standardStates,
  stateInputs,
  stateLeaves,
  stateParameters,
  weightLeaf,
  type StateParameters,
  type States,
} from './states.js';

type Shapes = Readonly<Record<string, Shape>>;

/** How a decoder state is compared with an encoder state: Luong et al. 2015, §3.1. */
export type LuongScore =
  /** sᵀh */
  | { readonly kind: 'dot' }
  /** sᵀ W_a h. // W_a: (d_s, d_h) */
  | { readonly kind: 'general'; readonly W_a: Value }
  /** v_aᵀ tanh(W_a [s; h]). // W_a: (d_s + d_h, d_a), v_a: (d_a) */
  | { readonly kind: 'concat'; readonly W_a: Value; readonly v_a: Value };

/**
 * Multiplicative attention of a decoder over an encoder. S holds the decoder's state after each step.
 * @param W_c (d_h + d_s, d_o): where given, h̃ = tanh(W_c [c; s])
 * @returns the labelled steps: S, H, …, scores, weights, context, and attentional where there is W_c
 */
export function luongAttention(
  states: States,
  score: LuongScore,
  W_c?: Value,
  parameters: StateParameters = standardStates,
): Value[] {
  const { S, H } = labelStates(states);
  const { steps, scores } = luongScores({ S, H }, score);
  const masked = maskedScores(scores, parameters);
  const weights = alignment(masked.at(-1) ?? scores);
  return [S, H, ...steps, ...masked, weights, ...afterWeights(weights, { S, H }, W_c)];
}

/** The labelled steps up to the scores, scores last. */
export function luongScores({ S, H }: States, score: LuongScore): { steps: Value[]; scores: Value } {
  switch (score.kind) {
    case 'dot': {
      checkSame(S, H);
      const scores = scoresOf(
        matmul(S, transpose(H)),
        'How well each decoder state matches each encoder state: their dot product.',
      );
      return { steps: [scores], scores };
    }
    case 'general': {
      const queries = label(matmul(S, labelWeight(score.W_a, 'W_a')), {
        name: 'queries',
        symbol: 'Q',
        element: 'q',
        axes: ['query', 'model'],
        step: {
          title: 'Queries',
          note: 'W_a turns each decoder state into what it looks for among encoder states.',
          scale: 'signed',
          phase: 'input',
          role: 'query-projection',
        },
      });
      const scores = scoresOf(
        matmul(queries, transpose(H)),
        'How well each turned decoder state matches each encoder state: their dot product.',
      );
      return { steps: [queries, scores], scores };
    }
    case 'concat': {
      // [s; h] W_a is s times its upper rows plus h times its lower rows.
      const W_a = labelWeight(score.W_a, 'W_a');
      const [d_s, d_h] = [extent(S.shape, 1), extent(H.shape, 1)];
      const half = (start: number, end: number, name: string, symbol: string): Value =>
        label(
          slice(W_a, [
            { start, end },
            { start: 0, end: extent(W_a.shape, 1) },
          ]),
          {
            name,
            symbol,
            axes: ['model', 'hidden'],
          },
        );
      const part = (state: Value, weight: Value, axis: 'query' | 'key'): Value =>
        label(matmul(state, weight), {
          name: axis === 'query' ? 'queries' : 'keys',
          symbol: axis === 'query' ? 'Q' : 'K',
          element: axis === 'query' ? 'q' : 'k',
          axes: [axis, 'hidden'],
          step: {
            title: axis === 'query' ? 'Queries' : 'Keys',
            note:
              axis === 'query'
                ? 'What the rows of W_a that belong to s make of each decoder state.'
                : 'What the rows of W_a that belong to h make of each encoder state.',
            scale: 'signed',
            phase: 'input',
            role: axis === 'query' ? 'query-projection' : 'key-projection',
          },
        });
      const queries = part(S, half(0, d_s, 'W_s', 'W_{a,s}'), 'query');
      const keys = part(H, half(d_s, d_s + d_h, 'W_h', 'W_{a,h}'), 'key');
      const { tanh: compared, scores } = additiveScores(queries, keys, labelWeight(score.v_a, 'v_a'));
      return { steps: [queries, keys, compared, scores], scores };
    }
  }
}

/** The context, and the attentional vector where there is a weight for it. */
export function afterWeights(weights: Value, { S, H }: States, W_c: Value | undefined): Value[] {
  const context = contextOf(weights, H, W_c === undefined);
  if (W_c === undefined) return [context];
  const attentional = label(tanh(matmul(concat([context, S], 'columns'), labelWeight(W_c, 'W_c'))), {
    name: 'attentional',
    symbol: '\\tilde{H}',
    element: '\\tilde{h}',
    axes: ['query', 'hidden'],
    step: {
      title: 'Attentional vector',
      note: 'What was read and the decoder’s own state, put together: the next word is told from it.',
      scale: 'signed',
      phase: 'sum',
      role: 'output',
    },
  });
  return [context, attentional];
}

function checkSame(S: Value, H: Value): void {
  if (extent(S.shape, 1) !== extent(H.shape, 1)) {
    throw new ShapeError(
      `S ${formatShape(S.shape)} and H ${formatShape(H.shape)} cannot be compared by their dot product: their last axis is ${extent(S.shape, 1)} in S and ${extent(H.shape, 1)} in H.`,
    );
  }
}

/** The weights that some scores need, and W_c. */
export const luongInputs: readonly InputDescription[] = [
  ...stateInputs,
  { name: 'W_a', title: 'W_a', required: false, axes: [['model', 'hidden']] },
  { name: 'v_a', title: 'v_a', required: false, axes: [['hidden']] },
  { name: 'W_c', title: 'W_c', required: false, axes: [['model', 'hidden']] },
];

/** The scores that the given shapes allow; the default is the one that uses most of the tensors. */
export function scoreParameter(inputs: Shapes): Parameter {
  const [d_s, d_h] = [extent(inputs['S'], -1), extent(inputs['H'], -1)];
  const rows = inputs['W_a'] === undefined ? 0 : extent(inputs['W_a'], 0);
  const fits = {
    dot: d_s === d_h,
    general: rows === d_s && extent(inputs['W_a'], 1) === d_h,
    concat: rows === d_s + d_h && inputs['v_a'] !== undefined,
  };
  const wanted = inputs['v_a'] !== undefined ? 'concat' : inputs['W_a'] !== undefined ? 'general' : 'dot';
  const choices = [
    { value: 'dot', title: 'Dot', fits: fits.dot },
    { value: 'general', title: 'General', fits: fits.general },
    { value: 'concat', title: 'Concat', fits: fits.concat },
  ].filter((choice) => choice.fits || choice.value === wanted);
  return {
    kind: 'choice',
    name: 'score',
    title: 'Score',
    note: 'How a decoder state is compared with an encoder state: sᵀh, sᵀW_a h, or v_aᵀ tanh(W_a[s; h]).',
    value: wanted,
    default: wanted,
    choices: choices.map(({ value, title }) => ({ value, title })),
  };
}

/** The chosen score with its weights' leaves. @throws ShapeError where a weight is missing or does not fit */
export function readScore(
  value: ParameterValue | undefined,
  inputs: Shapes,
  leaves: Map<string, Value>,
  { S, H }: States,
): LuongScore {
  const [d_s, d_h] = [extent(S.shape, 1), extent(H.shape, 1)];
  const kind = String(value ?? scoreParameter(inputs).value);
  switch (kind) {
    case 'dot':
      return { kind };
    case 'general': {
      const why = 'it turns the features of a decoder state into those of an encoder state';
      return { kind, W_a: weightLeaf(inputs, leaves, 'W_a', [d_s, d_h], why) };
    }
    case 'concat': {
      const why = 'it reads decoder state and encoder state side by side';
      const W_a = weightLeaf(inputs, leaves, 'W_a', [d_s + d_h, -1], why);
      const d_a = extent(W_a.shape, 1);
      return {
        kind,
        W_a,
        v_a: weightLeaf(inputs, leaves, 'v_a', [d_a], 'it has one entry for each column of W_a'),
      };
    }
    default:
      throw new ParameterError(`There is no score called “${kind}”; it is dot, general or concat.`);
  }
}

/** W_c’s leaf, where it is given. */
export function attentionalLeaf(
  inputs: Shapes,
  leaves: Map<string, Value>,
  { S, H }: States,
): Value | undefined {
  if (inputs['W_c'] === undefined) return undefined;
  const rows = extent(H.shape, 1) + extent(S.shape, 1);
  return weightLeaf(inputs, leaves, 'W_c', [rows, -1], 'it reads context and decoder state side by side');
}

/** Multiplicative attention of a decoder over an encoder: dot, general or concat. */
export const luong: Mechanism = {
  id: 'luong',
  title: 'Luong (multiplicative) attention',
  source: 'Luong et al. 2015, §3.1',

  inputs: [...luongInputs, ...maskInputs],

  parameters: (inputs) => [scoreParameter(inputs), ...stateParameters(inputs, extent(inputs['H'], 0))],

  build(inputs, values) {
    const masks = scoreLeaves(inputs);
    const leaves = new Map(masks.leaves);
    const states = stateLeaves(inputs, leaves);
    const score = readScore(values['score'], inputs, leaves, states);
    const W_c = attentionalLeaf(inputs, leaves, states);
    const steps = luongAttention(states, score, W_c, readStateParameters(values, masks));
    return {
      inputs: labelledLeaves(leaves, steps),
      steps,
      heads: 1,
      queries: extent(states.S.shape, 0),
      keys: extent(states.H.shape, 0),
    };
  },
};
