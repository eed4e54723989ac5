import { atom, binding, compose, inside } from '../expression.js';
import { apply, type Operation, type Value } from '../graph.js';
import { formatShape, ShapeError, type Region } from '../tensor.js';
import { scatterRows } from './scatter-rows.js';

/**
 * Looks rows up in a table: an embedding.
 * @param table (vocabulary, model)
 * @param indices whole numbers (n)
 */
export function gather(table: Value, indices: Value): Value {
  return apply(operation, [table, indices]);
}

const operation: Operation = {
  name: 'gather',

  shape([table = [], indices = []]) {
    if (table.length !== 2 || indices.length !== 1) {
      throw new ShapeError(
        `A look-up needs a table and a list of rows, not shapes ${formatShape(table)} and ${formatShape(indices)}.`,
      );
    }
    return [indices[0] ?? 0, table[1] ?? 0];
  },

  // Which rows of the table are meant is known only once the indices are: all of them may be.
  reads([rows = { start: 0, end: 0 }, columns = { start: 0, end: 0 }], [table = []]): Region[] {
    return [[{ start: 0, end: table[0] ?? 0 }, columns], [rows]];
  },

  evaluate([table, indices], shape) {
    const [height = 0, width = 0] = table?.shape ?? [];
    const out = new Float64Array((shape[0] ?? 0) * width);
    indices?.data.forEach((index, row) => {
      if (!(Number.isInteger(index) && index >= 0 && index < height)) {
        throw new RangeError(`Row ${index} was looked up in a table of ${height} rows.`);
      }
      for (let column = 0; column < width; column++)
        out[row * width + column] = table?.data[index * width + column] ?? 0;
    });
    return out;
  },

  onnx: (emitter, inputs) => emitter.node('Gather', inputs, { axis: 0 }),

  print(language, inputs) {
    const [table = atom(''), indices = atom('')] = inputs;
    const text = inside(table, binding.atom, language);
    return language === 'tex'
      ? compose(`{${text}}_{${indices.text}}`, binding.call, inputs)
      : compose(`${text}[${indices.text}]`, binding.atom, inputs);
  },

  async derive(cell) {
    const [row = 0, column = 0] = cell.index;
    const index = await cell.scalar(1, [row]);
    return cell.scalar(0, [index.value, column]);
  },

  vjp: (upstream, [table, indices]) => [
    table && indices && scatterRows(upstream, indices, table.shape[0] ?? 0),
    undefined,
  ],
};
