import { remembered } from '../remembered.js';
import { atom, binding, compose, inside } from '../../expression.js';
import { apply, type Operation, type Value } from '../../graph.js';
import { formatShape, ShapeError, type Region } from '../../tensor.js';

/**
 * Cuts the model dimension into equal heads: (n, heads · d) → (heads, n, d). Head h has columns h · d to (h + 1) · d.
 * @param written whether formulas write the selection of columns; not needed where symbols inside have the subscript h
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
  return apply(splitHeadsOperation(heads, width / heads, written), [value]);
}

const splitHeadsOperation = remembered(
  (heads: number, size: number, written: 'columns' | 'inside'): Operation => {
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
        return [
          [rows, { start: head.start * size + columns.start, end: (head.end - 1) * size + columns.end }],
        ];
      },
      restrict(region) {
        const [head = { start: 0, end: heads }, , columns = { start: 0, end: size }] = region;
        return splitHeadsOperation(head.end - head.start, columns.end - columns.start, written);
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
  },
);

/** Sets the heads side by side again: (heads, n, d) → (n, heads · d). */
export function mergeHeads(value: Value): Value {
  const [heads, rows, size] = value.shape;
  if (value.shape.length !== 3 || heads === undefined || rows === undefined || size === undefined) {
    throw new ShapeError(`Heads are merged from (head, query, value), not from ${formatShape(value.shape)}.`);
  }
  return apply(mergeHeadsOperation(heads, size), [value]);
}

function mergeHeadsOperation(heads: number, size: number): Operation {
  const width = heads * size;
  return {
    name: 'merge-heads',
    moves: true,
    shape: ([shape = []]) => [shape[1] ?? 0, width],
    computes: (region): Region => {
      const [rows = { start: 0, end: 0 }, columns = { start: 0, end: width }] = region;
      const start = Math.floor(columns.start / size) * size;
      return [rows, { start, end: Math.max(start, Math.ceil(columns.end / size) * size) }];
    },
    reads(region): Region[] {
      const [rows = { start: 0, end: 0 }, columns = { start: 0, end: width }] = region;
      return [
        [
          { start: Math.floor(columns.start / size), end: Math.ceil(columns.end / size) },
          rows,
          columns.end - columns.start === 1
            ? { start: columns.start % size, end: (columns.start % size) + 1 }
            : { start: 0, end: size },
        ],
      ];
    },
    restrict(region) {
      const columns = region[1] ?? { start: 0, end: width };
      const extent = columns.end - columns.start;
      return extent === 1 ? mergeHeadsOperation(1, 1) : mergeHeadsOperation(extent / size, size);
    },

    evaluate([tensor], shape) {
      const rows = shape[0] ?? 0;
      const out = new Float64Array(rows * width);
      for (let at = 0; at < out.length; at++) {
        const row = Math.floor(at / width);
        const head = Math.floor((at % width) / size);
        out[at] = tensor?.data[(head * rows + row) * size + (at % size)] ?? 0;
      }
      return out;
    },

    onnx(emitter, [input = '']) {
      const moved = emitter.node('Transpose', [input], { perm: [1, 0, 2] }); // (query, head, value)
      return emitter.node('Reshape', [moved, emitter.integers([0, width], [2])]); // (query, model)
    },

    print(language, inputs) {
      const [inner = atom('')] = inputs;
      const text = inside(inner, binding.atom, language);
      switch (language) {
        case 'tex':
          return compose(
            heads === 1
              ? inner.text
              : `\\operatorname{Concat}_{h=1}^{${heads}} ${inside(inner, binding.call, language)}`,
            binding.call,
            inputs,
          );
        case 'numpy':
          return compose(`${text}.transpose(1, 0, 2).reshape(-1, ${width})`, binding.atom, inputs);
        case 'pytorch':
          return compose(`${text}.permute(1, 0, 2).reshape(-1, ${width})`, binding.atom, inputs);
      }
    },

    derive: (cell) => {
      const [row = 0, column = 0] = cell.index;
      return cell.scalar(0, [Math.floor(column / size), row, column % size]);
    },

    vjp: (upstream) => [splitHeads(upstream, heads, 'columns')],
  };
}
