import { atom, binding, compose, number } from '../../expression.js';
import { apply, type Operation, type Value } from '../../graph.js';
import { ShapeError, type Region } from '../../tensor.js';

/**
 * Ones where row and column are the same place, zeros elsewhere.
 * @param rows positions (row)
 * @param columns positions (column)
 */
export function identity(rows: Value, columns: Value): Value {
  return apply(operation, [rows, columns]);
}

const operation: Operation = {
  name: 'identity',

  shape([rows = [], columns = []]) {
    if (rows.length !== 1 || columns.length !== 1) {
      throw new ShapeError(
        'An identity matrix takes the places of its rows and of its columns, a list each.',
      );
    }
    return [rows[0] ?? 0, columns[0] ?? 0];
  },

  reads: (region): Region[] => region.map((range) => [range]),

  evaluate([rows, columns], [, width = 1]) {
    const out = new Float64Array((rows?.data.length ?? 0) * width);
    for (let at = 0; at < out.length; at++) {
      out[at] = rows?.data[Math.floor(at / width)] === columns?.data[at % width] ? 1 : 0;
    }
    return out;
  },

  onnx(emitter, [rows = '', columns = '']) {
    const column = emitter.node('Unsqueeze', [rows, emitter.integers([1], [1])]); // (row, 1)
    return emitter.node('Cast', [emitter.node('Equal', [column, columns])], { to: 1 });
  },

  print(language, inputs) {
    const [rows = atom(''), columns = atom('')] = inputs;
    switch (language) {
      case 'tex':
        return atom('I');
      case 'numpy':
        return compose(
          `(${rows.text}[:, None] == ${columns.text}[None, :]).astype(float)`,
          binding.atom,
          inputs,
        );
      case 'pytorch':
        return compose(`(${rows.text}[:, None] == ${columns.text}[None, :]).float()`, binding.atom, inputs);
    }
  },

  async derive(cell) {
    const [row, column] = await Promise.all(cell.index.map((at, axis) => cell.scalar(axis, [at])));
    const value = row?.value === column?.value ? 1 : 0;
    return { value, numbers: number(value), sums: [] };
  },

  vjp: () => [undefined, undefined],
};
