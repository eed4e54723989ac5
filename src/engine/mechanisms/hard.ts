import { label, positions, type Value } from '../graph.js';
import { add, argmax, constant, divide, frequencies, gumbel, noise, softmax } from '../ops/index.js';
import { ShapeError } from '../tensor.js';
import { readAttendParameters } from './attend-values.js';
import { numeric } from './numeric.js';
import { attend, fromScores } from './attend.js';
import { axesOf, extent, headsOf, readCount, symbolOf } from './heads.js';
import type { Mechanism } from './mechanism.js';
import { ParameterError, type Parameter, type ParameterValues } from './parameters.js';
import { reinforce, reinforceParameters, readBaseline, rewardInput, rewardLeaf } from './reinforce.js';
import { scoreInputs, scoreLeaves } from './score-tensors.js';
import { outputOf, start, valueLeaf, vectorInputs, vectorParameters } from './vectors.js';

/** How one key is chosen for each query. */
export type Choice =
  /** The key of the largest score. */
  | { readonly kind: 'argmax' }
  /** A draw from the softmax of the scores (Xu et al. 2015, §4.1). */
  | { readonly kind: 'sample'; readonly seed: number }
  /** softmax((scores + Gumbel noise) / τ), which is nearly one-hot (Jang et al. 2017, eq. 2). */
  | { readonly kind: 'gumbel-softmax'; readonly seed: number; readonly temperature: number }
  /** One-hot like argmax, but with the gradient of the above (Jang et al. 2017, §2.2). */
  | { readonly kind: 'straight-through'; readonly seed: number; readonly temperature: number };

/**
 * Hard attention: each query attends to one key.
 * @param logits the input of the softmax (query, key) or (head, query, key), labelled
 * @param distribution its softmax, labelled
 * @returns the labelled steps after the distribution, weights last
 */
export function choose(logits: Value, distribution: Value, choice: Choice): Value[] {
  const heads = headsOf(logits);
  const weights = (value: Value, note: string): Value =>
    label(value, {
      name: 'weights',
      symbol: symbolOf('A', heads),
      element: symbolOf('a', heads),
      axes: axesOf(heads),
      step: { title: 'Weights', note, scale: 'weights', phase: 'normalisation', role: 'weights' },
    });
  switch (choice.kind) {
    case 'argmax':
      return [weights(argmax(logits), 'Each query attends to the one key with the largest score.')];
    case 'sample': {
      const drawn = draws(distribution, choice.seed, 1);
      return [
        drawn,
        weights(
          frequencies(distribution, drawn),
          'Each query attends to one key, drawn with the probabilities above.',
        ),
      ];
    }
    case 'gumbel-softmax':
    case 'straight-through': {
      const [noisy, relaxed] = relax(logits, choice.seed, choice.temperature);
      if (choice.kind === 'gumbel-softmax') {
        const note = `The softmax of noisy scores: the lower the temperature ${choice.temperature}, the closer to a draw.`;
        return [noisy, weights(relaxed, note)];
      }
      const soft = label(relaxed, {
        name: 'relaxed',
        symbol: symbolOf('Y', heads),
        axes: axesOf(heads),
        step: {
          title: 'Relaxed choice',
          note: 'The softmax of noisy scores, which has a gradient.',
          scale: 'weights',
          phase: 'normalisation',
        },
      });
      const note =
        'The one key with the largest relaxed weight; a gradient passes as if nothing had been chosen.';
      return [noisy, soft, weights(argmax(soft, 'straight-through'), note)];
    }
  }
}

function relax(logits: Value, seed: number, temperature: number): [noisy: Value, relaxed: Value] {
  const heads = headsOf(logits);
  const [n = 0, m = 0] = logits.shape.slice(-2);
  const keys = label(positions(m), { name: 'j', symbol: 'j', axes: ['key'] });
  const noisy = label(add(logits, gumbel(noise([...placesOf(heads, n), keys], seed))), {
    name: 'noisy',
    symbol: symbolOf('\\breve{S}', heads),
    axes: axesOf(heads),
    step: {
      title: 'With Gumbel noise',
      note: 'The key with the largest noisy score is a draw from the softmax of the scores.',
      scale: 'signed',
      phase: 'score',
    },
  });
  return [noisy, softmax(divide(noisy, temperature === 1 ? [] : [constant(temperature, '\\tau')]))];
}

function placesOf(heads: number | undefined, n: number): Value[] {
  const queries = label(positions(n), { name: 'i', symbol: 'i', axes: ['query'] });
  return heads === undefined
    ? [queries]
    : [label(positions(heads), { name: 'h', symbol: 'h', axes: ['head'] }), queries];
}

/** Uniform numbers to draw keys with, the first ones the same however many there are. // (query, sample) or (head, query, sample) */
export function draws(distribution: Value, seed: number, samples: number): Value {
  const heads = headsOf(distribution);
  const places = label(positions(samples), { name: 's', symbol: 's', axes: ['sample'] });
  return label(noise([...placesOf(heads, distribution.shape.at(-2) ?? 0), places], seed), {
    name: 'draws',
    symbol: symbolOf('U', heads),
    element: symbolOf('u', heads),
    axes: heads === undefined ? ['query', 'sample'] : ['head', 'query', 'sample'],
    step: {
      title: samples === 1 ? 'Draw' : 'Draws',
      note: `Uniform numbers from seed ${seed}: each picks the first key at which the running sum of the probabilities exceeds it.`,
      scale: 'signed',
      phase: 'normalisation',
    },
  });
}

/** The softmax of the scores, from which hard attention chooses. */
function distributionOf(logits: Value): Value {
  const heads = headsOf(logits);
  return label(softmax(logits), {
    name: 'distribution',
    symbol: symbolOf('\\pi', heads),
    element: symbolOf('\\pi', heads),
    axes: axesOf(heads),
    step: {
      title: 'Distribution',
      note: 'Softmax turns each row into probabilities: how likely each key is to be chosen.',
      scale: 'weights',
      phase: 'normalisation',
      role: 'distribution',
    },
  });
}

const choices = [
  { value: 'argmax', title: 'Largest score' },
  { value: 'sample', title: 'Draw' },
  { value: 'gumbel-softmax', title: 'Gumbel-softmax' },
  { value: 'straight-through', title: 'Straight-through' },
] as const;

const choiceParameters: readonly Parameter[] = [
  {
    kind: 'choice',
    name: 'choice',
    title: 'Choice',
    note: 'How the one key is chosen: the largest score, a draw, or a relaxed draw that has a gradient.',
    value: 'argmax',
    default: 'argmax',
    choices,
  },
  {
    kind: 'number',
    name: 'seed',
    title: 'Seed',
    note: 'What the random numbers are made from: the same seed gives the same draws.',
    value: 1,
    default: 1,
    minimum: 0,
    maximum: 2 ** 31 - 1,
    step: 1,
  },
  {
    kind: 'number',
    name: 'temperature',
    title: 'Temperature',
    note: 'Of the relaxed choice: the lower, the closer to one key alone.',
    when: { parameter: 'choice', is: ['gumbel-softmax', 'straight-through'] },
    value: 1,
    default: 1,
    minimum: 0.01,
    maximum: 100,
    step: 0,
    logarithmic: true,
  },
];

function readChoice(values: ParameterValues): Choice {
  const kind = String(values['choice'] ?? 'argmax');
  const [seed, temperature] = [numeric(values, 'seed', 1), numeric(values, 'temperature', 1)];
  switch (kind) {
    case 'argmax':
      return { kind };
    case 'sample':
      return { kind, seed };
    case 'gumbel-softmax':
    case 'straight-through':
      return { kind, seed, temperature };
    default:
      throw new ParameterError(
        `There is no choice called “${kind}”; it is argmax, sample, gumbel-softmax or straight-through.`,
      );
  }
}

/** One key per query and, where a reward is given, the REINFORCE estimate of its gradient. */
export const hard: Mechanism = {
  id: 'hard',
  title: 'Hard attention',
  source: 'Xu et al. 2015, §4.1; Jang et al. 2017',

  inputs: [
    ...vectorInputs.filter(({ name }) => name !== 'weights'),
    rewardInput,
    ...scoreInputs.filter(({ name }) => name !== 'sinks'),
  ],

  parameters(inputs) {
    const { heads, scores } = vectorParameters(inputs);
    return [
      ...choiceParameters,
      ...(inputs['reward'] === undefined ? [] : reinforceParameters),
      ...heads,
      // The temperature here is that of the choice; the distribution has none of its own, and no sink.
      ...scores.filter(({ name }) => name !== 'temperature' && !name.startsWith('sink')),
    ];
  },

  build(inputs, values) {
    const tensors = scoreLeaves(inputs);
    const leaves = new Map(tensors.leaves);
    const heads = readCount(values, 'heads', 1);
    const given = start(inputs, heads, leaves);
    const V = valueLeaf(inputs, heads, given, leaves);
    // The temperature applies to the relaxed choice, not to the scores.
    const {
      temperature: _,
      sink: __,
      ...rest
    } = readAttendParameters(given.kind === 'scores' ? { scaling: 'none', ...values } : values, tensors);
    const parameters = { ...rest, temperature: 1 };
    if (given.kind === 'weights') throw new ShapeError('Hard attention starts from Q and K, or from scores.');
    const attended =
      given.kind === 'scores'
        ? fromScores(given.scores, 1, parameters)
        : attend(given.Q, given.K, parameters);
    const before = attended.steps.slice(0, -1);
    const logits = before.at(-1) ?? attended.weights;
    const distribution = distributionOf(logits);
    const chosen = choose(logits, distribution, readChoice(values));
    const weights = chosen.at(-1) ?? distribution;
    const reward = rewardLeaf(inputs['reward'], distribution, leaves);
    return {
      inputs: leaves,
      steps: [
        ...(given.kind === 'vectors' ? [given.Q, given.K] : []),
        ...(V === undefined ? [] : [V]),
        ...before,
        distribution,
        ...chosen,
        ...(V === undefined ? [] : [outputOf(weights, V)]),
        ...(reward === undefined
          ? []
          : reinforce(distribution, reward, {
              seed: numeric(values, 'seed', 1),
              samples: numeric(values, 'samples', 100),
              baseline: readBaseline(values),
            })),
      ],
      heads: headsOf(weights) ?? 1,
      queries: extent(weights.shape, -2),
      keys: extent(weights.shape, -1),
    };
  },
};
