import type { Parameter, Phase, Role, Step } from '../../../src/protocol.js';
import type { Attention, StepName } from './attention.js';

interface Formula {
  readonly title: string;
  readonly tex: string;
  readonly symbol: string;
  readonly note: string;
  readonly phase: Phase;
  readonly role?: Role;
}

export const formulas: Readonly<Record<StepName, Formula>> = {
  X: {
    title: 'Inputs',
    tex: 'X',
    symbol: 'X',
    note: 'One row for each token.',
    phase: 'input',
    role: 'input',
  },
  Q: {
    title: 'Queries',
    tex: 'Q_h = X W^Q_h',
    symbol: 'Q_h',
    note: 'What each token looks for.',
    phase: 'input',
    role: 'query',
  },
  K: {
    title: 'Keys',
    tex: 'K_h = X W^K_h',
    symbol: 'K_h',
    note: 'What each token offers to be found by.',
    phase: 'input',
    role: 'key',
  },
  V: {
    title: 'Values',
    tex: 'V_h = X W^V_h',
    symbol: 'V_h',
    note: 'What each token hands on.',
    phase: 'input',
    role: 'value',
  },
  tanh: {
    title: 'Hidden units',
    tex: 'T_{ij} = \\tanh(q_i + k_j)',
    symbol: 'T',
    note: 'What a query and a key say together.',
    phase: 'score',
  },
  scores: {
    title: 'Scores',
    tex: 'S_h = Q_h K_h^{\\top}',
    symbol: 'S_h',
    note: 'How well each query fits each key: their dot product.',
    phase: 'score',
    role: 'scores',
  },
  scaled: {
    title: 'Scaled scores',
    tex: '\\tilde{S}_h = \\frac{S_h}{\\sqrt{d_k}}',
    symbol: '\\tilde{S}_h',
    note: 'Divided by the square root of the key width, so that the softmax does not saturate.',
    phase: 'score',
  },
  masked: {
    title: 'Masked scores',
    tex: '\\hat{S}_h = \\tilde{S}_h + M',
    symbol: '\\hat{S}_h',
    note: 'What may not be attended to is set to −∞.',
    phase: 'score',
    role: 'masked',
  },
  weights: {
    title: 'Weights',
    tex: 'A_h = \\operatorname{softmax}(\\hat{S}_h)',
    symbol: 'A_h',
    note: 'Each row sums to 1: how much each query takes from each key.',
    phase: 'normalisation',
    role: 'weights',
  },
  output: {
    title: 'Head output',
    tex: 'O_h = A_h V_h',
    symbol: 'O_h',
    note: 'The values, weighted and summed.',
    phase: 'sum',
    role: 'output',
  },
};

/** What another mechanism, or another parameter, writes otherwise. */
function formulaOf(name: StepName, { size }: Attention): string {
  const scores = size.mechanism === 'additive' ? 'S_h' : size.scaling === 'none' ? 'S_h' : '\\tilde{S}_h';
  if (name === 'scores' && size.mechanism === 'additive') return 'S_{ij} = v^{\\top} T_{ij}';
  if (name === 'masked') return `\\hat{S}_h = ${scores} + M`;
  return formulas[name].tex;
}

const pairwise: readonly StepName[] = ['scores', 'scaled', 'masked', 'weights'];

export function describeStep(
  name: StepName,
  attention: Attention,
  tex: Readonly<Record<string, string>>,
): Step {
  const { title, symbol, note, phase, role } = formulas[name];
  const byKey = name === 'K' || name === 'V' || name === 'tanh';
  return {
    name,
    title,
    tex: tex[name] ?? formulaOf(name, attention),
    symbol,
    note,
    phase,
    ...(role === undefined ? {} : { role }),
    rows: { axis: byKey ? 'key' : 'query', size: attention.rows(name) },
    columns: {
      axis: pairwise.includes(name)
        ? 'key'
        : name === 'X'
          ? 'model'
          : name === 'tanh'
            ? 'hidden'
            : name === 'V' || name === 'output'
              ? 'value'
              : 'feature',
      size: attention.columns(name),
    },
    scale: name === 'weights' ? 'weights' : 'signed',
    perHead: name !== 'X',
    perQuery: name === 'tanh',
  };
}

/** Offered where a test wants more than one. */
export const mechanismParameter: Parameter = {
  name: 'mechanism',
  title: 'Mechanism',
  note: 'What the input is run through.',
  kind: 'choice',
  value: 'dot',
  default: 'dot',
  choices: [
    { value: 'dot', title: 'Multi-head attention' },
    { value: 'additive', title: 'Additive attention' },
  ],
};

export const parameters: readonly Parameter[] = [
  {
    name: 'mask',
    title: 'Mask',
    note: 'Which keys a query may attend to.',
    kind: 'choice',
    value: 'none',
    default: 'none',
    choices: [
      { value: 'none', title: 'None' },
      { value: 'causal', title: 'Causal' },
      { value: 'window', title: 'Sliding window' },
    ],
  },
  {
    name: 'window',
    title: 'Window',
    note: 'Keys further than this are masked.',
    when: { parameter: 'mask', is: ['window'] },
    kind: 'number',
    value: 4,
    default: 4,
    minimum: 1,
    maximum: 64,
    step: 1,
  },
  {
    name: 'scaling',
    title: 'Scaling',
    note: 'What the scores are multiplied by.',
    kind: 'choice',
    value: 'sqrt',
    default: 'sqrt',
    choices: [
      { value: 'sqrt', title: '1 / √d_k' },
      { value: 'none', title: 'None' },
    ],
  },
  {
    name: 'temperature',
    title: 'Temperature',
    note: 'Divides the scores once more: below 1 sharpens, above 1 flattens.',
    kind: 'number',
    value: 1,
    default: 1,
    minimum: 0.1,
    maximum: 10,
    step: 0,
    logarithmic: true,
  },
];
