import { remembered } from '../remembered.js';
import { atom, binding, compose, factor, inside } from '../../expression.js';
import { apply, type Operation, type Value } from '../../graph.js';
import {
  cellRegion,
  formatShape,
  ShapeError,
  sizeOf,
  type Range,
  type Region,
  type Shape,
  type Tensor,
} from '../../tensor.js';
import { sumTo } from '../structure/spread.js';
import { sumOfTerms } from '../terms.js';

/** The matrix product over the last two axes; leading axes are the same on both sides, or missing on the right. */
export function matmul(left: Value, right: Value): Value {
  return apply(matmulOperation, [left, right]);
}

interface Sizes {
  readonly batch: Shape;
  readonly rows: number;
  readonly inner: number;
  readonly columns: number;
  /** Whether the right side is one matrix for all of the batch. */
  readonly shared: boolean;
}

function sizes([left = [], right = []]: readonly Shape[]): Sizes {
  const fail = (why: string): never => {
    throw new ShapeError(
      `The product of ${formatShape(left)} and ${formatShape(right)} is not defined: ${why}.`,
    );
  };
  if (left.length < 2 || right.length < 2) return fail('both need at least two axes');
  const [rows = 0, inner = 0] = left.slice(-2);
  const [height = 0, columns = 0] = right.slice(-2);
  if (inner !== height) fail(`the inner sizes ${inner} and ${height} differ`);
  const batch = left.slice(0, -2);
  const other = right.slice(0, -2);
  const shared = other.length === 0;
  if (!shared && (other.length !== batch.length || other.some((extent, axis) => extent !== batch[axis]))) {
    fail(`the leading sizes ${formatShape(batch)} and ${formatShape(other)} differ`);
  }
  return { batch, rows, inner, columns, shared };
}

/** What a box of the product needs: rows of the left with all of their columns, columns of the right with all of their rows. */
function reads(region: Region, shapes: readonly Shape[]): readonly Region[] {
  const { inner, shared } = sizes(shapes);
  const batch = region.slice(0, -2);
  const [rows, columns] = region.slice(-2);
  if (rows === undefined || columns === undefined) throw new ShapeError('A product has at least two axes.');
  const whole: Range = { start: 0, end: inner };
  return [
    [...batch, rows, whole],
    [...(shared ? [] : batch), whole, columns],
  ];
}

/** So many rows of a product are made together, so that the right side is read from memory once for all of them. */
const together = 16;

export const matmulOperation: Operation = {
  name: 'matmul',

  shape(inputs) {
    const { batch, rows, columns } = sizes(inputs);
    return [...batch, rows, columns];
  },

  reads,

  evaluate([left, right]) {
    if (left === undefined || right === undefined) throw new ShapeError('A product has two factors.');
    const { batch, rows, inner, columns, shared } = sizes([left.shape, right.shape]);
    const count = sizeOf(batch);
    const out = new Float64Array(count * rows * columns);
    const [a, b] = [left.data, right.data];
    for (let block = 0; block < count; block++) {
      const from = shared ? 0 : block * inner * columns;
      for (let top = 0; top < rows; top += together) {
        const bottom = Math.min(rows, top + together);
        let term = 0;
        // Four rows of the right side at once, so that each sum is loaded and stored a quarter as often.
        for (; term + 4 <= inner; term += 4) {
          const first = from + term * columns;
          const [second, third, fourth] = [first + columns, first + 2 * columns, first + 3 * columns];
          for (let row = top; row < bottom; row++) {
            const start = (block * rows + row) * columns;
            const line = (block * rows + row) * inner + term;
            const [a0, a1] = [a[line] ?? 0, a[line + 1] ?? 0];
            const [a2, a3] = [a[line + 2] ?? 0, a[line + 3] ?? 0];
            for (let column = 0; column < columns; column++) {
              out[start + column] =
                (out[start + column] ?? 0) +
                a0 * (b[first + column] ?? 0) +
                a1 * (b[second + column] ?? 0) +
                a2 * (b[third + column] ?? 0) +
                a3 * (b[fourth + column] ?? 0);
            }
          }
        }
        for (; term < inner; term++) {
          for (let row = top; row < bottom; row++) {
            const start = (block * rows + row) * columns;
            const factor = a[(block * rows + row) * inner + term] ?? 0;
            for (let column = 0; column < columns; column++) {
              out[start + column] =
                (out[start + column] ?? 0) + factor * (b[from + term * columns + column] ?? 0);
            }
          }
        }
      }
    }
    return out;
  },

  onnx: (emitter, inputs) => emitter.node('MatMul', inputs),

  print(language, inputs) {
    const [left = atom(''), right = atom('')] = inputs;
    const a = inside(left, binding.product, language);
    const b = inside(right, binding.negation, language);
    return compose(language === 'tex' ? `${a} ${b}` : `${a} @ ${b}`, binding.product, inputs);
  },

  async derive(cell) {
    const [leftRegion = [], rightRegion = []] = reads(cellRegion(cell.index), cell.shapes);
    const [left, right] = await Promise.all([cell.line(0, leftRegion), cell.line(1, rightRegion)]);
    const products = left.values.map((value, term) => value * (right.values[term] ?? 0));
    const total = products.reduce((sum, product) => sum + product, 0);
    return {
      value: total,
      symbolic: `${left.tex} \\cdot ${right.tex}`,
      numbers: sumOfTerms(
        products,
        (term) => `${factor(left.values[term] ?? 0)} \\cdot ${factor(right.values[term] ?? 0)}`,
      ),
      sums: [
        {
          axis: left.axis,
          columns: [
            { tex: left.tex, values: left.values },
            { tex: right.tex, values: right.values },
            { tex: '\\text{product}', values: products, total },
          ],
        },
      ],
    };
  },

  vjp: (upstream, [left, right]) =>
    left === undefined || right === undefined
      ? []
      : [
          matmul(upstream, transpose(right)), // (…, rows, inner)
          sumTo(matmul(transpose(left), upstream), right.shape), // (…, inner, columns)
        ],
};

/** Swaps the last two axes; of what is nothing but a transpose, gives back what was transposed. */
export function transpose(value: Value): Value {
  const [before] = operands(value, 'transpose');
  if (before !== undefined) return before;
  return apply(transposeOperation(value.shape.length), [value]);
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

const transposeOperation = remembered((rank: number): Operation => {
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
});
