import { input, label, type AxisName, type Value } from '../graph.js';
import { formatShape, ShapeError, type Shape } from '../tensor.js';
import type { ScoreTensors } from './attend-values.js';
import type { InputDescription } from './mechanism.js';

/** The tensors that masks need. */
export const maskInputs: readonly InputDescription[] = [
  { name: 'mask', title: 'Mask', required: false, axes: [['query', 'key']] },
  { name: 'keep', title: 'Mask of ones and zeros', required: false, axes: [['query', 'key']] },
  { name: 'padding', title: 'Padding', required: false, axes: [['key']] },
];

/** The tensors that masks, biases and sinks need. */
export const scoreInputs: readonly InputDescription[] = [
  ...maskInputs,
  {
    name: 'bias',
    title: 'Position bias',
    required: false,
    axes: [
      ['query', 'key'],
      ['head', 'query', 'key'],
    ],
  },
  { name: 'relative_bias', title: 'Relative bias', required: false, axes: [['vocabulary', 'head']] },
  { name: 'sinks', title: 'Sink logits', required: false, axes: [['head']] },
];

/** Whether the given biases and sinks are for this number of heads. */
export function fitsHeads(inputs: Readonly<Record<string, Shape>>, heads: number): boolean {
  const { bias, relative_bias: relativeBias, sinks } = inputs;
  const counts = [sinks?.[0], relativeBias?.[1], bias?.length === 3 ? bias[0] : undefined];
  return counts.every((count) => count === undefined || count === heads);
}

/**
 * The leaves for the tensors that masks, biases and sinks need, among the inputs.
 * @throws ShapeError where two exclude each other, or one has another number of axes
 */
export function scoreLeaves(
  inputs: Readonly<Record<string, Shape>>,
): ScoreTensors & { leaves: Map<string, Value> } {
  const leaves = new Map<string, Value>();
  const { padding, mask: matrix, keep: kept, bias, relative_bias: relativeBias, sinks } = inputs;
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
  if (bias !== undefined && bias.length !== 2 && bias.length !== 3) {
    throw new ShapeError(
      `A position bias is (query, key) or (head, query, key), but its shape is ${formatShape(bias)}.`,
    );
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
  const biasAxes: readonly AxisName[] = bias?.length === 3 ? ['head', 'query', 'key'] : ['query', 'key'];
  const tensors = {
    padding: leaf('padding', padding, 'p', ['key']),
    matrix: leaf('mask', matrix, 'M', ['query', 'key']),
    // It is shown, and saved, as the mask.
    kept: leaf('keep', kept, 'M', ['query', 'key'], 'mask'),
    bias: leaf('bias', bias, bias?.length === 3 ? 'B_h' : 'B', biasAxes),
    relativeBias: leaf('relative_bias', relativeBias, 'R', ['vocabulary', 'head']),
    sinks: leaf('sinks', sinks, sinks?.[0] === 1 ? 's' : 's_h', ['head']),
  };
  return { leaves, ...tensors };
}
