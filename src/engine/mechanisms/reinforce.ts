import { input, label, positions, type Label, type StepDescription, type Value } from '../graph.js';
import {
  add,
  constant,
  divide,
  frequencies,
  full,
  insertAxis,
  multiply,
  noise,
  rowSum,
  subtract,
} from '../ops/index.js';
import { formatShape, ShapeError, type Shape } from '../tensor.js';
import { numeric } from './numeric.js';
import { axesOf, headsOf, symbolOf } from './heads.js';
import type { InputDescription } from './mechanism.js';
import { ParameterError, type Parameter, type ParameterValues } from './parameters.js';

/** What is subtracted from every reward: the estimate stays unbiased, and its variance falls. */
export type Baseline =
  | { readonly kind: 'none' }
  /** The expected reward of each query. */
  | { readonly kind: 'expected' }
  | { readonly kind: 'number'; readonly value: number };

export interface ReinforceParameters {
  readonly seed: number;
  /** N */
  readonly samples: number;
  readonly baseline: Baseline;
}

export const rewardInput: InputDescription = {
  name: 'reward',
  title: 'Reward',
  required: false,
  axes: [['query', 'key']],
};

/** @throws ShapeError where the reward is not one number for each query and key */
export function rewardLeaf(
  shape: Shape | undefined,
  distribution: Value,
  leaves: Map<string, Value>,
): Value | undefined {
  if (shape === undefined) return undefined;
  const wanted = distribution.shape.slice(-2);
  if (formatShape(shape) !== formatShape(wanted)) {
    throw new ShapeError(
      `The reward is (query ${wanted[0]}, key ${wanted[1]}), but ${formatShape(shape)} was given.`,
    );
  }
  const leaf = label(input(shape), {
    name: 'reward',
    symbol: 'R',
    element: 'r',
    axes: ['query', 'key'],
    step: {
      title: 'Reward',
      note: 'What each query is given for choosing each key.',
      scale: 'signed',
      phase: 'gradient',
      role: 'reward',
    },
  });
  leaves.set('reward', leaf);
  return leaf;
}

/**
 * How the expected reward changes with the scores: its exact gradient and its REINFORCE estimate
 * (r − b) ∇ log π(a) over N draws (Williams 1992; Xu et al. 2015, eq. 11).
 * @param distribution π (query, key) or (head, query, key)
 * @param reward (query, key)
 * @returns the labelled steps: reward, expected_reward, exact_gradient, reward_draws, drawn, advantage,
 *   estimate, error, second_moment, variance
 */
export function reinforce(distribution: Value, reward: Value, parameters: ReinforceParameters): Value[] {
  const heads = headsOf(distribution);
  const { samples, seed } = parameters;
  const step = (
    value: Value,
    name: string,
    symbol: string,
    title: string,
    note: string,
    { role, ...more }: Partial<Label> & Pick<StepDescription, 'role'> = {},
  ): Value =>
    label(value, {
      name,
      symbol: symbolOf(symbol, heads),
      axes: axesOf(heads),
      step: {
        title,
        note,
        scale: name === 'drawn' ? 'weights' : 'signed',
        phase: 'gradient',
        ...(role === undefined ? {} : { role }),
      },
      ...more,
    });
  const column: Partial<Label> = {
    axes: heads === undefined ? ['query', 'value'] : ['head', 'query', 'value'],
  };

  const expected = step(
    rowSum(multiply(distribution, reward)),
    'expected_reward',
    '\\bar{r}',
    'Expected reward',
    'What a query is given on average: each key’s reward, weighted by its probability.',
    column,
  );
  const exact = step(
    multiply(distribution, subtract(reward, expected)),
    'exact_gradient',
    'G',
    'Exact gradient',
    'How the expected reward changes with each score: keys that give more than the average are to be chosen more often.',
    { role: 'exact-gradient' },
  );

  const queries = label(positions(reward.shape[0] ?? 0), { name: 'i', symbol: 'i', axes: ['query'] });
  const each = label(positions(samples), { name: 's', symbol: 's', axes: ['sample'] });
  const uniform = step(
    noise([...headPlaces(heads), queries, each], seed),
    'reward_draws',
    'U^{r}',
    'Draws for the estimate',
    `Uniform numbers from seed ${seed}, ${samples} for each query: each picks a key.`,
    { axes: heads === undefined ? ['query', 'sample'] : ['head', 'query', 'sample'] },
  );
  const drawn = step(
    frequencies(distribution, uniform),
    'drawn',
    'F',
    'Drawn keys',
    `How often each key was drawn, of ${samples} draws: the more there are, the closer to the distribution.`,
  );
  const beyond = advantageOf(reward, expected, queries, parameters.baseline);
  const perHead = beyond.shape.length === 3;
  const advantage = step(beyond, 'advantage', '', 'Advantage', 'What each key earns beyond the baseline.', {
    symbol: symbolOf('\\hat{R}', perHead ? heads : undefined),
    axes: axesOf(perHead ? heads : undefined),
  });
  const earned = multiply(drawn, advantage);
  const estimate = step(
    subtract(earned, multiply(distribution, rowSum(earned))),
    'estimate',
    '\\hat{G}',
    'REINFORCE estimate',
    `The mean over ${samples} draws of (r − b) ∇ log π(a): drawn keys are made more likely by what they earned, all others less.`,
    { role: 'estimate' },
  );
  const error = step(
    subtract(estimate, exact),
    'error',
    '\\Delta',
    'Error',
    'What the estimate is off by. It is not biased: over ever more draws, this goes to 0.',
    { role: 'estimate-error' },
  );
  const worth = multiply(distribution, multiply(advantage, advantage));
  const cross = multiply(distribution, add(worth, worth));
  const rest = multiply(multiply(distribution, distribution), rowSum(worth));
  const square = step(
    add(subtract(worth, cross), rest),
    'second_moment',
    'M^{(2)}',
    'Second moment',
    'The mean square of what a single draw adds to the estimate.',
  );
  const variance = step(
    divide(subtract(square, multiply(exact, exact)), [constant(samples, 'N')]),
    'variance',
    '\\mathrm{Var}',
    'Variance',
    'How much the estimate varies from one set of draws to another: with N draws, an Nth of what one draw does.',
    { role: 'estimate-variance' },
  );
  return [reward, expected, exact, uniform, drawn, advantage, estimate, error, square, variance];
}

function headPlaces(heads: number | undefined): Value[] {
  return heads === undefined ? [] : [label(positions(heads), { name: 'h', symbol: 'h', axes: ['head'] })];
}

/** r − b // (query, key) or (head, query, key) */
function advantageOf(reward: Value, expected: Value, queries: Value, baseline: Baseline): Value {
  switch (baseline.kind) {
    case 'none':
      return divide(reward, []);
    case 'expected':
      return subtract(reward, expected);
    case 'number':
      return subtract(reward, insertAxis(full(queries, baseline.value), 1));
  }
}

export const reinforceParameters: readonly Parameter[] = [
  {
    kind: 'number',
    name: 'samples',
    title: 'Samples N',
    note: 'How many keys are drawn for each query, to estimate the gradient.',
    value: 100,
    default: 100,
    minimum: 1,
    maximum: 10_000,
    step: 1,
    logarithmic: true,
  },
  {
    kind: 'choice',
    name: 'baseline',
    title: 'Baseline',
    note: 'What is taken from every reward before it counts: the estimate stays right, and varies less.',
    value: 'expected',
    default: 'expected',
    choices: [
      { value: 'none', title: 'None' },
      { value: 'expected', title: 'Expected reward' },
      { value: 'number', title: 'Custom' },
    ],
  },
  {
    kind: 'number',
    name: 'baselineValue',
    title: 'Baseline b',
    note: 'Taken from every reward.',
    when: { parameter: 'baseline', is: ['number'] },
    value: 0,
    default: 0,
    minimum: -1000,
    maximum: 1000,
    step: 0,
  },
];

export function readBaseline(values: ParameterValues): Baseline {
  const kind = String(values['baseline'] ?? 'expected');
  switch (kind) {
    case 'none':
    case 'expected':
      return { kind };
    case 'number':
      return { kind, value: numeric(values, 'baselineValue', 0) };
    default:
      throw new ParameterError(`There is no baseline called “${kind}”; it is none, expected or number.`);
  }
}
