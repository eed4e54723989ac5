import { input, label, positions, type Value } from '../graph.js';
import {
  add,
  constant,
  divide,
  mask,
  maskKeys,
  matmul,
  repeatHeads,
  softmax,
  squareRoot,
  transpose,
} from '../ops/index.js';
import { formatShape, ShapeError } from '../tensor.js';
import { ParameterError, type Parameter, type ParameterValue, type ParameterValues } from './parameters.js';

/** What happens to scores on their way to weights. */
export interface AttendParameters {
  /** The divisor of the scores: √d_k, none, or a number. */
  readonly scaling: 'sqrt' | 'none' | number;
  readonly mask:
    | { readonly kind: 'none' }
    | { readonly kind: 'causal' }
    | { readonly kind: 'sliding-window'; readonly window: number }
    | { readonly kind: 'prefix'; readonly prefix: number }
    /** 1 for a real key, 0 for padding. // (key) */
    | { readonly kind: 'padding'; readonly keep: Value }
    /** Added to the scores: 0 to keep, −∞ to mask. // (query, key) */
    | { readonly kind: 'matrix'; readonly matrix: Value }
    /** 1 to keep, 0 to mask. // (query, key) */
    | { readonly kind: 'keep-matrix'; readonly keep: Value };
  /** Divides the scores once more: above 1 flattens the weights, below 1 sharpens them. */
  readonly temperature: number;
}

/** As in the paper: √d_k, no mask, temperature 1. */
export const standardAttention: AttendParameters = {
  scaling: 'sqrt',
  mask: { kind: 'none' },
  temperature: 1,
};

/** The labelled steps from scores to weights. */
export interface Attended {
  readonly scores: Value;
  readonly scaled: Value;
  readonly masked: Value;
  readonly weights: Value;
}

/**
 * Q Kᵀ / √d_k, masked, softmax: Vaswani et al. 2017, eq. 1.
 * @param Q (head, query, feature) or (query, feature)
 * @param K (head, key, feature), (group, key, feature) or (key, feature)
 */
export function attend(Q: Value, K: Value, parameters: AttendParameters): Attended {
  const heads = headsOf(Q);
  const keys = heads === undefined ? K : repeatHeads(K, heads);
  const scores = label(matmul(Q, transpose(keys)), {
    name: 'scores',
    symbol: symbolOf('S', heads),
    axes: axesOf(heads),
    step: {
      title: 'Scores',
      note: 'How well each query matches each key: the dot product of their vectors.',
      scale: 'signed',
    },
  });
  return fromScores(scores, Q.shape.at(-1) ?? 1, parameters);
}

/**
 * What follows the scores.
 * @param scores (head, query, key) or (query, key), labelled
 * @param size d_k, for the scaling
 */
export function fromScores(scores: Value, size: number, parameters: AttendParameters): Attended {
  const heads = headsOf(scores);
  const axes = axesOf(heads);
  const { scaling, temperature } = parameters;
  const divisors = [
    ...(scaling === 'sqrt' ? [squareRoot(size)] : scaling === 'none' ? [] : [constant(scaling, 'c')]),
    ...(temperature === 1 ? [] : [constant(temperature, '\\tau')]),
  ];
  const scaled = label(divide(scores, divisors), {
    name: 'scaled',
    symbol: symbolOf('\\tilde{S}', heads),
    axes,
    step: { title: 'Scaled', note: scalingNote(scaling, temperature), scale: 'signed' },
  });
  const [masked, note] = applyMask(scaled, parameters.mask);
  const labelled = label(masked, {
    name: 'masked',
    symbol: symbolOf('\\hat{S}', heads),
    axes,
    step: { title: 'Masked', note, scale: 'signed' },
  });
  const weights = label(softmax(labelled), {
    name: 'weights',
    symbol: symbolOf('A', heads),
    element: symbolOf('a', heads),
    axes,
    step: {
      title: 'Weights',
      note: 'Softmax turns each row into shares that sum to 1: how much each query takes from each key.',
      scale: 'weights',
    },
  });
  return { scores, scaled, masked: labelled, weights };
}

function applyMask(scaled: Value, parameters: AttendParameters['mask']): [Value, string] {
  const [n = 0, m = 0] = scaled.shape.slice(-2);
  switch (parameters.kind) {
    case 'none':
      return [divide(scaled, []), 'No mask: every query may attend to every key.'];
    case 'padding':
      return [
        maskKeys(scaled, parameters.keep),
        'Keys that are only padding get −∞, so that their weight is 0.',
      ];
    case 'keep-matrix':
      checkMask(scaled, parameters.keep);
      return [
        maskKeys(scaled, parameters.keep),
        'Where the mask is 0, the key is taken away from the query: the score becomes −∞.',
      ];
    case 'matrix':
      return [addMask(scaled, parameters.matrix), 'The mask is added: −∞ takes a key away from a query.'];
    case 'causal':
    case 'sliding-window':
    case 'prefix': {
      const queries = label(positions(n), { name: 'i', symbol: 'i', axes: ['query'] });
      const keys = label(positions(m), { name: 'j', symbol: 'j', axes: ['key'] });
      return [mask(scaled, queries, keys, parameters), maskNote(parameters)];
    }
  }
}

function addMask(scaled: Value, matrix: Value): Value {
  checkMask(scaled, matrix);
  return add(scaled, matrix);
}

function checkMask(scaled: Value, matrix: Value): void {
  const [n, m] = scaled.shape.slice(-2);
  if (matrix.shape.length !== 2 || matrix.shape[0] !== n || matrix.shape[1] !== m) {
    throw new ShapeError(`The mask is (query ${n}, key ${m}), but ${formatShape(matrix.shape)} was given.`);
  }
}

function maskNote(
  rule: { kind: 'causal' } | { kind: 'sliding-window'; window: number } | { kind: 'prefix'; prefix: number },
): string {
  switch (rule.kind) {
    case 'causal':
      return 'A query may attend to keys up to its own position, never ahead; the others get −∞ and so weight 0.';
    case 'sliding-window':
      return `A query may attend to keys at most ${rule.window} positions away; the others get −∞ and so weight 0.`;
    case 'prefix':
      return `All queries may attend to the first ${rule.prefix} keys, and otherwise never ahead.`;
  }
}

function scalingNote(scaling: AttendParameters['scaling'], temperature: number): string {
  const why =
    scaling === 'sqrt'
      ? 'A dot product of d_k independent terms varies by √d_k; dividing by it keeps the softmax from saturating and its gradients alive.'
      : scaling === 'none'
        ? 'No scaling: scores grow with d_k, and the softmax saturates.'
        : `Divided by ${scaling} instead of √d_k.`;
  return temperature === 1
    ? why
    : `${why} The temperature ${temperature} ${temperature > 1 ? 'flattens' : 'sharpens'} the weights.`;
}

/** The heads of (head, …, …); undefined for a single matrix. */
export function headsOf(value: Value): number | undefined {
  return value.shape.length === 3 ? value.shape[0] : undefined;
}

/** Symbols bear an h only where there are heads to tell apart, or a g where heads share their keys and values in groups. */
export function symbolOf(symbol: string, heads: number | undefined, grouped = false): string {
  return heads === undefined ? symbol : `${symbol}_${grouped ? 'g' : 'h'}`;
}

function axesOf(heads: number | undefined): ('head' | 'query' | 'key')[] {
  return heads === undefined ? ['query', 'key'] : ['head', 'query', 'key'];
}

/** The controls for what `attend` takes; `masks` may offer fewer kinds where no tensor for them is at hand. */
export function attendParameters(offered: {
  padding: boolean;
  matrix: boolean;
  keys: number;
}): readonly Parameter[] {
  const standard = offered.matrix ? 'matrix' : offered.padding ? 'padding' : 'none';
  return [
    {
      kind: 'choice',
      name: 'mask',
      title: 'Mask',
      note: 'Which keys a query may attend to.',
      value: standard,
      standard,
      choices: [
        { value: 'none', title: 'None' },
        { value: 'causal', title: 'Causal' },
        { value: 'sliding-window', title: 'Sliding window' },
        { value: 'prefix', title: 'Prefix' },
        ...(offered.padding ? [{ value: 'padding', title: 'Padding' }] : []),
        ...(offered.matrix ? [{ value: 'matrix', title: 'Given matrix' }] : []),
      ],
    },
    {
      kind: 'number',
      name: 'window',
      title: 'Window',
      note: 'How many positions away a key may be, to either side.',
      when: { parameter: 'mask', is: ['sliding-window'] },
      value: 4,
      standard: 4,
      minimum: 0,
      maximum: Math.max(4, offered.keys),
      step: 1,
    },
    {
      kind: 'number',
      name: 'prefix',
      title: 'Prefix',
      note: 'How many of the first keys all queries may attend to.',
      when: { parameter: 'mask', is: ['prefix'] },
      value: 1,
      standard: 1,
      minimum: 0,
      maximum: Math.max(1, offered.keys),
      step: 1,
    },
    {
      kind: 'choice',
      name: 'scaling',
      title: 'Scaling',
      note: 'What the scores are divided by before the softmax.',
      value: 'sqrt',
      standard: 'sqrt',
      choices: [
        { value: 'sqrt', title: '1 / √d_k' },
        { value: 'none', title: 'None' },
        { value: 'number', title: 'A number' },
      ],
    },
    {
      kind: 'number',
      name: 'divisor',
      title: 'Divisor',
      note: 'The scores are divided by it.',
      when: { parameter: 'scaling', is: ['number'] },
      value: 1,
      standard: 1,
      minimum: 1e-6,
      maximum: 1e6,
      step: 0,
      logarithmic: true,
    },
    {
      kind: 'number',
      name: 'temperature',
      title: 'Temperature',
      note: 'Above 1 flattens the weights, below 1 sharpens them.',
      value: 1,
      standard: 1,
      minimum: 0.01,
      maximum: 100,
      step: 0,
      logarithmic: true,
    },
  ];
}

/** The tensors that some masks need. */
export interface MaskTensors {
  readonly padding?: Value;
  /** Added to the scores. */
  readonly matrix?: Value;
  /** 1 to keep, 0 to mask. */
  readonly kept?: Value;
}

/**
 * Parameter values as `attend` takes them.
 * @throws ParameterError when a mask is chosen whose tensor is missing.
 */
export function readAttendParameters(values: ParameterValues, tensors: MaskTensors): AttendParameters {
  const numeric = (name: string, standard: number): number => {
    const value = values[name];
    return typeof value === 'number' ? value : standard;
  };
  return {
    scaling: readScaling(values['scaling'], numeric('divisor', 1)),
    temperature: numeric('temperature', 1),
    mask: readMask(String(values['mask'] ?? 'none'), numeric('window', 4), numeric('prefix', 1), tensors),
  };
}

function readScaling(value: ParameterValue | undefined, divisor: number): AttendParameters['scaling'] {
  if (value === undefined) return standardAttention.scaling;
  if (typeof value === 'number') return value;
  switch (value) {
    case 'sqrt':
    case 'none':
      return value;
    case 'number':
      return divisor;
    default:
      throw new ParameterError(`There is no scaling called “${value}”; it is sqrt, none or number.`);
  }
}

function readMask(
  kind: string,
  window: number,
  prefix: number,
  tensors: MaskTensors,
): AttendParameters['mask'] {
  switch (kind) {
    case 'none':
    case 'causal':
      return { kind };
    case 'sliding-window':
      return { kind, window };
    case 'prefix':
      return { kind, prefix };
    case 'padding':
      if (tensors.padding === undefined)
        throw new ParameterError('A padding mask needs a tensor named “padding”.');
      return { kind, keep: tensors.padding };
    case 'matrix':
      if (tensors.kept !== undefined) return { kind: 'keep-matrix', keep: tensors.kept };
      if (tensors.matrix === undefined) throw new ParameterError('A given mask needs a tensor named “mask”.');
      return { kind, matrix: tensors.matrix };
    default:
      throw new ParameterError(
        `There is no mask called “${kind}”; it is none, causal, sliding-window, prefix, padding or matrix.`,
      );
  }
}

/** The leaves for the mask tensors among the inputs. @throws ShapeError where there is one too many. */
export function maskLeaves(
  inputs: Readonly<Record<string, readonly number[]>>,
): MaskTensors & { leaves: Map<string, Value> } {
  const leaves = new Map<string, Value>();
  const { padding, mask: matrix, keep: kept } = inputs;
  if (matrix !== undefined && kept !== undefined) {
    throw new ShapeError('A mask is given as “mask” or as “keep”, but not as both.');
  }
  const square = matrix ?? kept;
  if (square !== undefined && square.length !== 2) {
    throw new ShapeError(`The mask is (query, key), a matrix, but ${formatShape(square)} was given.`);
  }
  if (padding !== undefined && padding.length !== 1) {
    throw new ShapeError(
      `A padding mask has one entry a key, (key), but its shape is ${formatShape(padding)}.`,
    );
  }
  if (padding !== undefined) {
    leaves.set('padding', label(input(padding), { name: 'padding', symbol: 'p', axes: ['key'] }));
  }
  if (matrix !== undefined) {
    leaves.set('mask', label(input(matrix), { name: 'mask', symbol: 'M', axes: ['query', 'key'] }));
  }
  if (kept !== undefined) {
    // In a reader's eyes it is the mask, and so is its file.
    leaves.set('keep', label(input(kept), { name: 'mask', symbol: 'M', axes: ['query', 'key'] }));
  }
  const [keep, given, ones] = [leaves.get('padding'), leaves.get('mask'), leaves.get('keep')];
  return {
    leaves,
    ...(keep === undefined ? {} : { padding: keep }),
    ...(given === undefined ? {} : { matrix: given }),
    ...(ones === undefined ? {} : { kept: ones }),
  };
}
