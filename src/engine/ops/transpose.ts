import { atom, binding, compose, inside } from '../expression.js';
import { apply, type Operation, type Value } from '../graph.js';
import { ShapeError, type Region, type Shape, type Tensor } from '../tensor.js';
import { matmul } from './matmul.js';

/** Swaps the last two axes; of what is nothing but a transpose, gives back what was transposed. */
export function transpose(value: Value): Value {
  const [before] = operands(value, 'transpose');
  if (before !== undefined) return before;
  return apply(operationFor(value.shape.length), [value]);
}

function swapped<T>(items: readonly T[]): T[] {
  const [a, b] = items.slice(-2);
  if (a === undefined || b === undefined)
    throw new ShapeError('Only a tensor with two axes or more can be transposed.');
  return [...items.slice(0, -2), b, a];
}

function transposed(tensor: Tensor, shape: Shape): Float64Array {
  const [rows = 0, columns = 0] = shape.slice(-2);
  const out = new Float64Array(tensor.data.length);
  const area = rows * columns;
  for (let at = 0; at < out.length; at++) {
    const within = at % area;
    const row = Math.floor(within / columns);
    out[at] = tensor.data[at - within + (within - row * columns) * rows + row] ?? 0;
  }
  return out;
}

/** The inputs of an operator of this name, where its result has no name of its own to stand in a formula. */
function operands(value: Value, name: string): readonly Value[] {
  const { origin, label } = value;
  return label === undefined && origin.kind === 'operation' && origin.operation.name === name
    ? origin.inputs
    : [];
}

/** The transpose; of a product A Bᵀ or Aᵀ B as one of theirs, B Aᵀ or Bᵀ A, which reads as papers write it. */
function turned(value: Value): Value {
  const [left, right] = operands(value, 'matmul');
  const isPlain =
    left === undefined ||
    right === undefined ||
    left.shape.length !== right.shape.length ||
    [...operands(left, 'transpose'), ...operands(right, 'transpose')].length === 0;
  return isPlain ? transpose(value) : matmul(transpose(right), transpose(left));
}

function operationFor(rank: number): Operation {
  return {
    name: 'transpose',
    moves: true,
    shape: ([shape = []]) => swapped(shape),
    reads: (region): Region[] => [swapped(region)],
    evaluate: ([tensor], shape) => (tensor === undefined ? new Float64Array() : transposed(tensor, shape)),
    onnx: (emitter, inputs) =>
      emitter.node('Transpose', inputs, { perm: swapped(Array.from({ length: rank }, (_, axis) => axis)) }),

    print(language, inputs) {
      const [inner = atom('')] = inputs;
      const text = inside(inner, binding.atom, language);
      if (language === 'tex') {
        // Two superscripts in a row are no TeX.
        return compose(text.includes('^') ? `{${text}}^{\\top}` : `${text}^{\\top}`, binding.call, inputs);
      }
      if (rank === 2) return compose(`${text}.T`, binding.atom, inputs);
      return compose(language === 'numpy' ? `${text}.swapaxes(-1, -2)` : `${text}.mT`, binding.atom, inputs);
    },

    derive: (cell) => cell.scalar(0, swapped(cell.index)),

    vjp: (upstream) => [turned(upstream)],
  };
}
