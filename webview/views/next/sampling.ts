import type { ContinueRequest, Parameter } from '../../../src/protocol.js';

/** How a text is gone on with, as controls like those of any mechanism. */
export const samplingParameters: readonly Parameter[] = [
  {
    kind: 'number',
    name: 'tokens',
    title: 'Max new tokens',
    note: 'Generation ends earlier at an end-of-text token.',
    value: 32,
    default: 32,
    minimum: 1,
    maximum: 512,
    step: 1,
    logarithmic: true,
  },
  {
    kind: 'choice',
    name: 'method',
    title: 'Decoding',
    note: 'Always the most probable token, or one sampled by its probability.',
    value: 'greedy',
    default: 'greedy',
    choices: [
      { value: 'greedy', title: 'Greedy' },
      { value: 'sample', title: 'Sample' },
    ],
  },
  {
    kind: 'number',
    name: 'temperature',
    title: 'Sampling temperature',
    note: 'Logits are divided by it: above 1 samples vary more, below 1 less.',
    when: { parameter: 'method', is: ['sample'] },
    value: 1,
    default: 1,
    minimum: 0.05,
    maximum: 5,
    step: 0,
    logarithmic: true,
  },
  {
    kind: 'number',
    name: 'topP',
    title: 'Top-p',
    note: 'Sampled among the fewest tokens whose probabilities sum to at least this.',
    when: { parameter: 'method', is: ['sample'] },
    value: 0.95,
    default: 0.95,
    minimum: 0.01,
    maximum: 1,
    step: 0,
  },
  {
    kind: 'number',
    name: 'seed',
    title: 'Seed',
    note: 'The same seed gives the same tokens.',
    when: { parameter: 'method', is: ['sample'] },
    value: 0,
    default: 0,
    minimum: 0,
    maximum: 9999,
    step: 1,
  },
];

/** What the controls ask for. */
export function requestOf(parameters: readonly Parameter[]): Omit<ContinueRequest, 'inspection'> {
  const numberOf = (name: string): number =>
    Number(parameters.find((each) => each.name === name)?.value ?? 0);
  const drawn = parameters.some(({ name, value }) => name === 'method' && value === 'sample');
  return {
    tokens: numberOf('tokens'),
    sampling: {
      method: drawn ? 'sample' : 'greedy',
      temperature: numberOf('temperature'),
      topP: numberOf('topP'),
      seed: numberOf('seed'),
    },
  };
}
