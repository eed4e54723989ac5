import { atom, binding, compose, inside } from '../expression.js';
import { apply, type Operation, type Value } from '../graph.js';
import { formatShape, ShapeError, type Region } from '../tensor.js';
import { mergeHeads } from './merge-heads.js';

/**
 * Cuts the model dimension into equal heads: (n, heads · d) → (heads, n, d). Head h has columns h · d to (h + 1) · d.
 * @param written whether formulas name these columns, or leave it to symbols inside that bear an h of their own
 */
export function splitHeads(value: Value, heads: number, written: 'columns' | 'inside' = 'inside'): Value {
  const [rows, width] = value.shape;
  if (value.shape.length !== 2 || rows === undefined || width === undefined) {
    throw new ShapeError(
      `Heads are cut from a matrix, not from a tensor of shape ${formatShape(value.shape)}.`,
    );
  }
  if (!Number.isInteger(heads) || heads < 1 || width % heads !== 0) {
    throw new ShapeError(`A model dimension of ${width} cannot be split into ${heads} equal heads.`);
  }
  return apply(operationFor(heads, width / heads, written), [value]);
}

function operationFor(heads: number, size: number, written: 'columns' | 'inside'): Operation {
  return {
    name: 'split-heads',
    moves: true,
    shape: ([shape = []]) => [heads, shape[0] ?? 0, size],

    // A box of several heads is cut as whole heads, so that its columns lie together.
    computes: (region): Region => {
      const [
        head = { start: 0, end: heads },
        rows = { start: 0, end: 0 },
        columns = { start: 0, end: size },
      ] = region;
      return head.end - head.start === 1 ? region : [head, rows, { ...columns, start: 0, end: size }];
    },
    reads(region): Region[] {
      const [
        head = { start: 0, end: heads },
        rows = { start: 0, end: 0 },
        columns = { start: 0, end: size },
      ] = region;
      return [[rows, { start: head.start * size + columns.start, end: (head.end - 1) * size + columns.end }]];
    },
    restrict(region) {
      const [head = { start: 0, end: heads }, , columns = { start: 0, end: size }] = region;
      return operationFor(head.end - head.start, columns.end - columns.start, written);
    },

    evaluate([tensor], shape) {
      const rows = shape[1] ?? 0;
      const out = new Float64Array(heads * rows * size);
      for (let at = 0; at < out.length; at++) {
        const column = at % size;
        const row = Math.floor(at / size) % rows;
        const head = Math.floor(at / (size * rows));
        out[at] = tensor?.data[row * heads * size + head * size + column] ?? 0;
      }
      return out;
    },

    onnx(emitter, [input = '']) {
      const split = emitter.node('Reshape', [input, emitter.integers([0, heads, size], [3])]); // (query, head, feature)
      return emitter.node('Transpose', [split], { perm: [1, 0, 2] }); // (head, query, feature)
    },

    print(language, inputs) {
      const [inner = atom('')] = inputs;
      if (language === 'tex') {
        return written === 'inside'
          ? inner
          : compose(
              `{${inside(inner, binding.atom, language)}}_{\\cdot,\\, ${size}h : ${size}(h+1)}`,
              binding.call,
              inputs,
            );
      }
      const text = inside(inner, binding.atom, language);
      return compose(
        language === 'numpy'
          ? `${text}.reshape(-1, ${heads}, ${size}).transpose(1, 0, 2)`
          : `${text}.reshape(-1, ${heads}, ${size}).permute(1, 0, 2)`,
        binding.atom,
        inputs,
      );
    },

    derive: (cell) => {
      const [head = 0, row = 0, column = 0] = cell.index;
      return cell.scalar(0, [row, head * size + column]);
    },

    vjp: (upstream) => [mergeHeads(upstream)],
  };
}
