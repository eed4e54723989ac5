import { input, label, type AxisName, type Value, type StepDescription } from '../graph.js';
import { divide, insertAxis, matmul, softmax, tanh, constant, dropAxis, add } from '../ops/index.js';
import { formatShape, ShapeError, type Shape } from '../tensor.js';
import { temperatureParameter } from './attend-parameters.js';
import type { ScoreTensors } from './attend-values.js';
import { maskParameters, readMask, readQueryPlaces, validKeysParameter } from './mask-parameters.js';
import { maskSteps, type MaskParameters } from './masks.js';
import { numeric } from './numeric.js';
import { placesOf, type Ending } from './places.js';
import type { InputDescription } from './mechanism.js';
import type { Parameter, ParameterValues } from './parameters.js';

/** Attention of a decoder over an encoder: decoder states are queries, encoder states are keys and values. */
export const stateInputs: readonly InputDescription[] = [
  { name: 'S', title: 'Decoder states', required: true, axes: [['query', 'model']] },
  { name: 'H', title: 'Encoder states', required: true, axes: [['key', 'model']] },
];

/** Labels decoder and encoder states; formulas start from them. */
export interface States {
  /** (query, model) */
  readonly S: Value;
  /** (key, model) */
  readonly H: Value;
}

export function labelStates({ S, H }: States): States {
  return {
    S: label(S, {
      name: 'S',
      symbol: 'S',
      element: 's',
      axes: ['query', 'model'],
      given: true,
      step: {
        title: 'Decoder states',
        note: 'One row for each output: what the decoder knows when it asks where to look.',
        scale: 'signed',
        phase: 'input',
        role: 'query-input',
      },
    }),
    H: label(H, {
      name: 'H',
      symbol: 'H',
      element: 'h',
      axes: ['key', 'model'],
      given: true,
      step: {
        title: 'Encoder states',
        note: 'One row for each input: what can be looked at, and what is then read.',
        scale: 'signed',
        phase: 'input',
        role: 'key-input',
      },
    }),
  };
}

/**
 * The leaves for S and H.
 * @throws ShapeError where one is missing, or is no matrix
 */
export function stateLeaves(inputs: Readonly<Record<string, Shape>>, leaves: Map<string, Value>): States {
  const leaf = (name: 'S' | 'H', what: string): Value => {
    const shape = inputs[name];
    if (shape === undefined)
      throw new ShapeError(`${what} are missing: ${name} has one row for each of them.`);
    if (shape.length !== 2 || shape.some((extent) => extent === 0)) {
      throw new ShapeError(
        `${name} has one row for each state, (${name === 'S' ? 'n, d_s' : 'm, d_h'}); its shape is ${formatShape(shape)}.`,
      );
    }
    return input(shape);
  };
  const states = labelStates({ S: leaf('S', 'Decoder states'), H: leaf('H', 'Encoder states') });
  leaves.set('S', states.S).set('H', states.H);
  return states;
}

/**
 * The leaf of a weight, labelled.
 * @throws ShapeError where it is missing or has other rows than what it multiplies
 */
export function weightLeaf(
  inputs: Readonly<Record<string, Shape>>,
  leaves: Map<string, Value>,
  name: string,
  wanted: Shape,
  why: string,
): Value {
  const shape = inputs[name];
  if (shape === undefined) throw new ShapeError(`${name} is missing: ${why}.`);
  const fits =
    shape.length === wanted.length && wanted.every((extent, axis) => extent < 0 || extent === shape[axis]);
  if (!fits || shape.some((extent) => extent === 0)) {
    const written = wanted.map((extent) => (extent < 0 ? 'any' : String(extent))).join(', ');
    throw new ShapeError(`${name} ${formatShape(shape)} has to be (${written}): ${why}.`);
  }
  const value = labelWeight(input(shape), name);
  leaves.set(name, value);
  return value;
}

const weightSymbols: Readonly<Record<string, readonly [symbol: string, axes: readonly AxisName[]]>> = {
  W_a: ['W_a', ['model', 'hidden']],
  U_a: ['U_a', ['model', 'hidden']],
  v_a: ['v_a', ['hidden']],
  W_c: ['W_c', ['model', 'hidden']],
  W_p: ['W_p', ['model', 'hidden']],
  v_p: ['v_p', ['hidden']],
};

export function labelWeight(value: Value, name: string): Value {
  const [symbol = name, axes = []] = weightSymbols[name] ?? [];
  return label(value, { name, symbol, axes, given: true });
}

/** The parameters of what is done between scores and weights. */
export function stateParameters(inputs: Readonly<Record<string, Shape>>, keys: number): readonly Parameter[] {
  const { S } = inputs;
  const offered = { inputs, keys, ...(S === undefined ? {} : { queries: S.at(-2) ?? 0 }) };
  return [...maskParameters(offered), ...validKeysParameter(offered), temperatureParameter];
}

export interface StateParameters {
  readonly mask: MaskParameters;
  readonly ending?: Ending;
  readonly temperature: number;
}

export const standardStates: StateParameters = { mask: { kind: 'none' }, temperature: 1 };

export function readStateParameters(values: ParameterValues, tensors: ScoreTensors): StateParameters {
  const ending = readQueryPlaces(values, tensors);
  return {
    mask: readMask(values, tensors),
    temperature: numeric(values, 'temperature', 1),
    ...(ending === undefined ? {} : { ending }),
  };
}

/**
 * The additive score of every pair: v_aᵀ tanh(q_i + k_j).
 * @param queries (query, hidden), labelled
 * @param keys (key, hidden), labelled
 * @param v (hidden)
 * @returns the labelled steps tanh (query, key, hidden) and scores (query, key)
 */
export function additiveScores(
  queries: Value,
  keys: Value,
  v: Value,
): { readonly tanh: Value; readonly scores: Value } {
  const sum = add(insertAxis(queries, 1, 'i'), insertAxis(keys, 0, 'j')); // (query, key, hidden)
  const activated = label(tanh(sum), {
    name: 'tanh',
    symbol: 'T',
    element: 't',
    axes: ['query', 'key', 'hidden'],
    step: {
      title: 'Comparison',
      note: 'A hidden layer looks at one query and one key together: one row for each key, for the picked query.',
      scale: 'signed',
      phase: 'score',
    },
  });
  const column = insertAxis(v, 1); // (hidden, 1)
  return {
    tanh: activated,
    scores: scoresOf(
      dropAxis(matmul(activated, column), 2),
      'v_a weighs what the hidden layer found: one number for each query and key.',
    ),
  };
}

/** A matrix of scores, labelled. // (query, key) */
export function scoresOf(value: Value, note: string): Value {
  return label(value, {
    name: 'scores',
    symbol: 'E',
    element: 'e',
    axes: ['query', 'key'],
    step: { title: 'Scores', note, scale: 'signed', phase: 'score', role: 'scores' },
  });
}

type Described = Pick<StepDescription, 'title' | 'note' | 'role'>;

/** The scores after temperature and mask; no steps where neither is set. */
export function maskedScores(scores: Value, { mask, temperature, ending }: StateParameters): Value[] {
  const steps: Value[] = [];
  const step = (value: Value, name: string, symbol: string, described: Described): void => {
    steps.push(
      label(value, {
        name,
        symbol,
        axes: ['query', 'key'],
        step: { ...described, scale: 'signed', phase: 'score' },
      }),
    );
  };
  if (temperature !== 1) {
    const note = `The temperature ${temperature} ${temperature > 1 ? 'flattens' : 'sharpens'} the weights.`;
    step(divide(scores, [constant(temperature, '\\tau')]), 'scaled', '\\tilde{E}', { title: 'Scaled', note });
  }
  const [n = 0, m = 0] = scores.shape;
  steps.push(...maskSteps(steps.at(-1) ?? scores, mask, placesOf(n, m, undefined, ending), '\\hat{E}'));
  return steps;
}

/** Softmax of scores. // (query, key) */
export function alignment(scores: Value, name: 'weights' | 'alignment' = 'weights'): Value {
  return label(softmax(scores), {
    name,
    symbol: name === 'weights' ? 'A' : 'A^{\\circ}',
    element: name === 'weights' ? '\\alpha' : '\\alpha^{\\circ}',
    axes: ['query', 'key'],
    step: {
      title: name === 'weights' ? 'Weights' : 'Alignment',
      note: 'Softmax turns each row into shares that sum to 1: where each output looks.',
      scale: 'weights',
      phase: 'normalisation',
      ...(name === 'weights' ? { role: 'weights' } : {}),
    },
  });
}

/**
 * The weighted sum of encoder states: c_i = Σ_j α_ij h_j. // (query, model)
 * @param last whether it is the result of attention, so that nothing is computed from it
 */
export function contextOf(weights: Value, H: Value, last = true): Value {
  return label(matmul(weights, H), {
    name: 'context',
    symbol: 'C',
    element: 'c',
    axes: ['query', 'model'],
    step: {
      title: 'Context',
      note: 'What each output reads: the encoder states, weighted.',
      scale: 'signed',
      phase: 'sum',
      ...(last ? { role: 'output' } : {}),
    },
  });
}
