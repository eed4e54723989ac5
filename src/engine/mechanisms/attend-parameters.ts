import type { Shape } from '../tensor.js';
import type { AttendParameters } from './attend.js';
import { maskParameters, maskValues, validKeysParameter } from './mask-parameters.js';
import { withDefaults, type Parameter, type ParameterValues } from './parameters.js';

type Shapes = Readonly<Record<string, Shape>>;

/** What decides which parameters apply: the given tensors, by input name, and the number of keys. */
export interface Offered {
  readonly inputs: Shapes;
  readonly keys: number;
  /** n; as many as keys where left out. */
  readonly queries?: number;
  /** Whether queries and keys have an even number of features, so that rotary positions can apply. */
  readonly pairs?: boolean;
  /** Whether a position bias can be chosen; true where left out. */
  readonly bias?: boolean;
  /** The defaults of mask, scaling and cap; those of the paper where left out. */
  readonly standard?: AttendParameters;
}

/** The parameters of `attend`. */
export function attendParameters(offered: Offered): readonly Parameter[] {
  const parameters = [
    ...maskParameters(offered),
    ...(offered.standard === undefined ? validKeysParameter(offered) : []),
    ...scalingParameters,
    temperatureParameter,
    ...capParameters,
    ...(offered.bias === false ? [] : biasParameters(offered.inputs)),
    ...(offered.pairs === true ? rotaryParameters : []),
    ...sinkParameters(offered.inputs),
  ];
  return offered.standard === undefined ? parameters : withDefaults(parameters, valuesOf(offered.standard));
}

/** Attention's settings as parameter values. */
function valuesOf({ mask, scaling, temperature, softcap = 0 }: AttendParameters): ParameterValues {
  return {
    ...maskValues(mask),
    ...(typeof scaling === 'number' ? { scaling: 'number', divisor: scaling } : { scaling }),
    temperature,
    softcap,
  };
}

const scalingParameters: readonly Parameter[] = [
  {
    kind: 'choice',
    name: 'scaling',
    title: 'Scaling',
    note: 'What the scores are divided by before the softmax.',
    value: 'sqrt',
    default: 'sqrt',
    choices: [
      { value: 'sqrt', title: '1 / √d_k' },
      { value: 'none', title: 'None' },
      { value: 'number', title: 'Custom' },
    ],
  },
  {
    kind: 'number',
    name: 'divisor',
    title: 'Divisor',
    note: 'The scores are divided by it.',
    when: { parameter: 'scaling', is: ['number'] },
    value: 1,
    default: 1,
    minimum: 1e-6,
    maximum: 1e6,
    step: 0,
    logarithmic: true,
  },
];

export const temperatureParameter: Parameter = {
  kind: 'number',
  name: 'temperature',
  title: 'Temperature',
  note: 'Above 1 flattens the weights, below 1 sharpens them.',
  value: 1,
  default: 1,
  minimum: 0.01,
  maximum: 100,
  step: 0,
  logarithmic: true,
};

const capParameters: readonly Parameter[] = [
  {
    kind: 'number',
    name: 'softcap',
    title: 'Soft cap',
    note: 'Keeps scaled scores between −c and c by c · tanh(score / c); 0 for no cap.',
    value: 0,
    default: 0,
    minimum: 0,
    maximum: 1000,
    step: 0,
  },
];

function biasParameters(inputs: Shapes): readonly Parameter[] {
  const table = inputs['relative_bias'];
  const matrix = inputs['bias'] !== undefined;
  const standard = matrix ? 'matrix' : table !== undefined ? 't5' : 'none';
  return [
    {
      kind: 'choice',
      name: 'bias',
      title: 'Position bias',
      note: 'What is added to the scores for the places of query and key.',
      value: standard,
      default: standard,
      choices: [
        { value: 'none', title: 'None' },
        { value: 'alibi', title: 'ALiBi' },
        ...(table === undefined ? [] : [{ value: 't5', title: 'T5 buckets' }]),
        ...(matrix ? [{ value: 'matrix', title: 'Given matrix' }] : []),
      ],
    },
    ...(table === undefined ? [] : bucketParameters),
  ];
}

const bucketParameters: readonly Parameter[] = [
  {
    kind: 'choice',
    name: 'direction',
    title: 'Buckets',
    note: 'Whether keys after the query have buckets of their own, as in an encoder, or not, as in a decoder.',
    when: { parameter: 'bias', is: ['t5'] },
    value: 'both',
    default: 'both',
    choices: [
      { value: 'both', title: 'Both directions' },
      { value: 'backward', title: 'Backward only' },
    ],
  },
  {
    kind: 'number',
    name: 'maxDistance',
    title: 'Farthest bucket',
    note: 'Distances from here on share the last bucket.',
    when: { parameter: 'bias', is: ['t5'] },
    value: 128,
    default: 128,
    minimum: 16,
    maximum: 4096,
    step: 1,
  },
];

const rotaryParameters: readonly Parameter[] = [
  {
    kind: 'choice',
    name: 'rotary',
    title: 'Rotary positions',
    note: 'Turns pairs of features of Q and K by their positions before the scores.',
    value: 'none',
    default: 'none',
    choices: [
      { value: 'none', title: 'None' },
      { value: 'neighbours', title: 'Interleaved (GPT-J)' },
      { value: 'halves', title: 'Half-split (NeoX, Llama)' },
    ],
  },
  {
    kind: 'number',
    name: 'rotaryBase',
    title: 'Rotary base',
    note: 'θ: pair k turns by position · θ^(−2k/d). The larger, the slower the last pairs turn.',
    when: { parameter: 'rotary', is: ['neighbours', 'halves'] },
    value: 10_000,
    default: 10_000,
    minimum: 1,
    maximum: 1e9,
    step: 0,
    logarithmic: true,
  },
];

function sinkParameters(inputs: Shapes): readonly Parameter[] {
  const given = inputs['sinks'] !== undefined;
  const standard = given ? 'given' : 'none';
  return [
    {
      kind: 'choice',
      name: 'sink',
      title: 'Sink',
      note: 'One more logit in each row’s sum that no key bears, so that a query may attend to nothing.',
      value: standard,
      default: standard,
      choices: [
        { value: 'none', title: 'None' },
        { value: 'logit', title: 'Learned logit' },
        ...(given ? [{ value: 'given', title: 'Given logits' }] : []),
      ],
    },
    {
      kind: 'number',
      name: 'sinkLogit',
      title: 'Sink logit',
      note: 'The logit of the sink, the same for all heads.',
      when: { parameter: 'sink', is: ['logit'] },
      value: 0,
      default: 0,
      minimum: -1e4,
      maximum: 1e4,
      step: 0,
    },
  ];
}
