import { atom, binding, compose, inside } from '../expression.js';
import { apply, type Operation, type Value } from '../graph.js';
import { formatShape, ShapeError, type Region } from '../tensor.js';
import { splitHeads } from './split-heads.js';

/** Sets the heads side by side again: (heads, n, d) → (n, heads · d). */
export function mergeHeads(value: Value): Value {
  const [heads, rows, size] = value.shape;
  if (value.shape.length !== 3 || heads === undefined || rows === undefined || size === undefined) {
    throw new ShapeError(`Heads are merged from (head, query, value), not from ${formatShape(value.shape)}.`);
  }
  return apply(operationFor(heads, size), [value]);
}

function operationFor(heads: number, size: number): Operation {
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
      return extent === 1 ? operationFor(1, 1) : operationFor(extent / size, size);
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
