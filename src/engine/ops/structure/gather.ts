import { atom, binding, compose, inside, number } from '../../expression.js';
import { apply, type Operation, type Value } from '../../graph.js';
import { formatShape, ShapeError, sizeOf, type Range, type Region } from '../../tensor.js';
import { sumOfTerms } from '../terms.js';

/**
 * Looks rows up in a table: an embedding.
 * @param table (vocabulary, model)
 * @param indices whole numbers (n)
 */
export function gather(table: Value, indices: Value): Value {
  return apply(gatherOperation, [table, indices]);
}

const gatherOperation: Operation = {
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

/**
 * Adds rows into a table of zeros, the reverse of `gather`: row r of the result is the sum of the rows whose index is r.
 * @param rows (n, model)
 * @param indices whole numbers (n)
 * @param height how many rows the table has
 */
export function scatterRows(rows: Value, indices: Value, height: number): Value {
  return apply(scatterRowsOperation({ start: 0, end: height }), [rows, indices]);
}

/** @param kept the rows of the table that are made; others are left out */
function scatterRowsOperation(kept: Range): Operation {
  const height = kept.end - kept.start;
  return {
    name: 'scatter-rows',

    shape([rows = [], indices = []]) {
      if (rows.length !== 2 || indices.length !== 1 || rows[0] !== indices[0]) {
        throw new ShapeError(
          `Rows of shape ${formatShape(rows)} need one place each, not places of shape ${formatShape(indices)}.`,
        );
      }
      return [height, rows[1] ?? 0];
    },

    // Which rows go where is known only once the indices are: all of them may be meant.
    reads([, columns = { start: 0, end: 0 }], [rows = []]) {
      const whole = { start: 0, end: rows[0] ?? 0 };
      return [[whole, columns], [whole]];
    },
    restrict: ([rows = { start: 0, end: height }]) =>
      scatterRowsOperation({ start: kept.start + rows.start, end: kept.start + rows.end }),

    evaluate([rows, indices], shape) {
      const width = shape[1] ?? 0;
      const out = new Float64Array(sizeOf(shape));
      indices?.data.forEach((index, row) => {
        if (index < kept.start || index >= kept.end) return;
        const start = (index - kept.start) * width;
        for (let column = 0; column < width; column++)
          out[start + column] = (out[start + column] ?? 0) + (rows?.data[row * width + column] ?? 0);
      });
      return out;
    },

    onnx(emitter, [rows = '', indices = '']) {
      const integer = (value: number): string => emitter.integers([value], [1]);
      const places = emitter.node('Sub', [indices, integer(kept.start)]);
      const isKept = emitter.node('And', [
        emitter.node('GreaterOrEqual', [places, integer(0)]),
        emitter.node('Less', [places, integer(height)]),
      ]);
      // One row more than is kept takes the others, and is cut off again.
      const target = emitter.node('Where', [isKept, places, integer(height)]);
      const width = emitter.node('Shape', [rows], { start: 1 });
      const size = emitter.node('Concat', [integer(height + 1), width], { axis: 0 });
      const zeros = emitter.node('Expand', [emitter.floats([0], []), size]);
      const list = emitter.node('Unsqueeze', [target, integer(1)]);
      const table = emitter.node('ScatterND', [zeros, list, rows], { reduction: 'add' });
      return emitter.node('Slice', [table, integer(0), integer(height), integer(0)]);
    },

    print(language, inputs) {
      const [rows = atom(''), indices = atom('')] = inputs;
      switch (language) {
        case 'tex':
          return compose(
            `\\sum_{t:\\, {${indices.text}}_t = r} {${inside(rows, binding.atom, language)}}_t`,
            binding.sum,
            inputs,
          );
        case 'numpy':
          return compose(`scatter_rows(${rows.text}, ${indices.text}, ${height})`, binding.atom, inputs, [
            'def scatter_rows(rows, indices, height):\n    table = np.zeros((height, rows.shape[1]), rows.dtype)\n    np.add.at(table, indices, rows)\n    return table',
          ]);
        case 'pytorch':
          return compose(
            `${inside(rows, binding.atom, language)}.new_zeros(${height}, ${inside(rows, binding.atom, language)}.shape[1]).index_add(0, ${indices.text}, ${rows.text})`,
            binding.atom,
            inputs,
          );
      }
    },

    async derive(cell) {
      const [row = 0, column = 0] = cell.index;
      const [count = 0] = cell.shapes[1] ?? [];
      const whole = { start: 0, end: count };
      const [indices, line] = await Promise.all([
        cell.line(1, [whole]),
        cell.line(0, [whole, { start: column, end: column + 1 }]),
      ]);
      const values = line.values.map((value, at) => (indices.values[at] === row + kept.start ? value : 0));
      const total = values.reduce((sum, value) => sum + value, 0);
      return {
        value: total,
        numbers: sumOfTerms(values, (term) => number(values[term] ?? 0).text),
        sums: [
          {
            axis: line.axis,
            columns: [
              { tex: '\\text{row}', values: indices.values },
              { tex: line.tex, values: line.values },
              { tex: '\\text{added}', values, total },
            ],
          },
        ],
      };
    },

    vjp: (upstream, [, indices]) => [indices && gather(upstream, indices), undefined],
  };
}
