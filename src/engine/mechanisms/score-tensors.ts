import { input, label, type AxisName, type Value } from '../graph.js';
import { formatShape, ShapeError, type Shape } from '../tensor.js';
import type { ScoreTensors } from './attend-values.js';
import type { InputDescription } from './mechanism.js';

const overScores: readonly (readonly AxisName[])[] = [['key'], ['query', 'key'], ['head', 'query', 'key']];

/** The tensors that masks need. */
export const maskInputs: readonly InputDescription[] = [
  { name: 'mask', title: 'Mask', required: false, axes: overScores },
  { name: 'keep', title: 'Mask of ones and zeros', required: false, axes: overScores },
  { name: 'padding', title: 'Padding mask', required: false, axes: [['key']] },
  { name: 'lengths', title: 'Valid lengths', required: false, axes: [['sample']] },
];

/** The tensors that masks, biases and sinks need. */
export const scoreInputs: readonly InputDescription[] = [
  ...maskInputs,
  {
    name: 'bias',
    title: 'Position bias',
    required: false,
    axes: overScores,
  },
  { name: 'relative_bias', title: 'Relative bias', required: false, axes: [['vocabulary', 'head']] },
  { name: 'sinks', title: 'Sink logits', required: false, axes: [['head']] },
];

/** Whether the given masks, biases and sinks are for this number of heads. */
export function fitsHeads(inputs: Readonly<Record<string, Shape>>, heads: number): boolean {
  const { bias, mask, keep, relative_bias: relativeBias, sinks } = inputs;
  const repeated = [bias, mask, keep].flatMap((shape) =>
    shape?.length === 3 && shape[0] !== 1 ? shape[0] : [],
  );
  const counts = [sinks?.[0], relativeBias?.[1], ...repeated];
  return counts.every((count) => count === undefined || count === heads);
}

/**
 * The leaves for the tensors that masks, biases and sinks need, among the inputs.
 * @throws ShapeError where one has another number of axes
 */
export function scoreLeaves(
  inputs: Readonly<Record<string, Shape>>,
): ScoreTensors & { leaves: Map<string, Value> } {
  const leaves = new Map<string, Value>();
  const { padding, mask: matrix, keep: kept, bias, lengths } = inputs;
  const { relative_bias: relativeBias, sinks } = inputs;
  for (const [title, shape] of [
    ['The mask', matrix],
    ['The mask of ones and zeros', kept],
    ['A position bias', bias],
  ] as const) {
    if (shape !== undefined && (shape.length < 1 || shape.length > 3)) {
      throw new ShapeError(
        `${title} is (key), (query, key) or (head, query, key), but ${formatShape(shape)} was given.`,
      );
    }
  }
  if (padding !== undefined && padding.length !== 1) {
    throw new ShapeError(
      `A padding mask has one entry a key, (key), but its shape is ${formatShape(padding)}.`,
    );
  }
  if (lengths !== undefined && formatShape(lengths) !== '(1,)') {
    throw new ShapeError(`A valid length is one number, but its shape is ${formatShape(lengths)}.`);
  }
  if (relativeBias !== undefined && relativeBias.length !== 2) {
    throw new ShapeError(
      `A relative bias is (bucket, head), a matrix, but its shape is ${formatShape(relativeBias)}.`,
    );
  }
  if (sinks !== undefined && sinks.length !== 1) {
    throw new ShapeError(`Sink logits are one a head, (head), but their shape is ${formatShape(sinks)}.`);
  }
  const leaf = (
    key: string,
    shape: Shape | undefined,
    symbol: string,
    axes: readonly AxisName[],
    name = key,
  ): Value | undefined => {
    if (shape === undefined) return undefined;
    const value = label(input(shape), { name, symbol, axes });
    leaves.set(key, value);
    return value;
  };
  const over = (key: string, shape: Shape | undefined, symbol: string, name = key): Value | undefined => {
    const axes = (['head', 'query', 'key'] as const).slice(-(shape?.length ?? 1));
    return leaf(key, shape, shape?.length === 3 ? `${symbol}_h` : symbol, axes, name);
  };
  // One that is alone is shown, and saved, as the mask.
  const keepName = matrix === undefined ? 'mask' : 'keep';
  const tensors = {
    padding: leaf('padding', padding, 'p', ['key']),
    lengths: leaf('lengths', lengths, 'L', ['sample']),
    matrix: over('mask', matrix, 'M'),
    kept: over('keep', kept, matrix === undefined ? 'M' : 'M^{\\text{kept}}', keepName),
    bias: over('bias', bias, 'B'),
    relativeBias: leaf('relative_bias', relativeBias, 'R', ['vocabulary', 'head']),
    sinks: leaf('sinks', sinks, sinks?.[0] === 1 ? 's' : 's_h', ['head']),
  };
  const past = inputs['past_K']?.at(-2);
  return { leaves, past, ...tensors };
}
