import { atom, binding, compose, number } from '../expression.js';
import { apply, type Operation, type Value } from '../graph.js';
import {
  formatShape,
  hullOf,
  regionShape,
  ShapeError,
  sizeOf,
  wholeOf,
  type Range,
  type Region,
} from '../tensor.js';
import { insertAxis } from './insert-axis.js';
import { mainDiagonal } from './main-diagonal.js';

/** The square matrix with a vector (m) or row (1, m) on its diagonal and zeros elsewhere: (m, m). */
export function diagonal(value: Value): Value {
  return apply(operationFor(undefined), [value]);
}

/** What is cut out of the matrix: its rows and columns, counted from the start of the vector's part that they need. */
interface Box {
  readonly rows: Range;
  readonly columns: Range;
}

/** The part of the vector that a box needs: from the first of its rows and columns to the last. */
function hull([rows = { start: 0, end: 0 }, columns = rows]: Region): Range {
  const [range = rows] = hullOf([rows], [columns]);
  return range;
}

function operationFor(box: Box | undefined): Operation {
  return {
    name: 'diagonal',

    shape([shape = []]) {
      const isVector = shape.length === 1 || (shape.length === 2 && shape[0] === 1);
      if (!isVector) {
        throw new ShapeError(
          `A diagonal is made of a vector or of one row, not of a tensor of shape ${formatShape(shape)}.`,
        );
      }
      const size = shape.at(-1) ?? 0;
      return box === undefined ? [size, size] : regionShape([box.rows, box.columns]);
    },

    reads: (region, [shape = []]) => [[...wholeOf(shape.slice(0, -1)), hull(region)]],
    restrict(region) {
      const { start } = hull(region);
      const [rows, columns] = region.map((range) => ({ start: range.start - start, end: range.end - start }));
      return operationFor(rows && columns && { rows, columns });
    },

    evaluate([tensor], shape) {
      const out = new Float64Array(sizeOf(shape));
      const [height = 0, width = 0] = shape;
      const shift = (box?.rows.start ?? 0) - (box?.columns.start ?? 0);
      for (let row = 0; row < height; row++) {
        const column = row + shift;
        if (column >= 0 && column < width)
          out[row * width + column] = tensor?.data[row + (box?.rows.start ?? 0)] ?? 0;
      }
      return out;
    },

    onnx(emitter, [input = '']) {
      const vector = emitter.node('Reshape', [input, emitter.integers([-1], [1])]);
      const integer = (value: number): string => emitter.integers([value], []);
      const size = emitter.node('Squeeze', [emitter.node('Shape', [vector])]);
      const places = emitter.node('Range', [integer(0), size, integer(1)]);
      const part = (of: string, range: Range | undefined): string =>
        range === undefined
          ? of
          : emitter.node('Slice', [
              of,
              emitter.integers([range.start], [1]),
              emitter.integers([range.end], [1]),
            ]);
      const rows = emitter.node('Unsqueeze', [part(places, box?.rows), emitter.integers([1], [1])]); // (row, 1)
      const isOn = emitter.node('Equal', [rows, part(places, box?.columns)]); // (row, column)
      return emitter.node('Where', [isOn, part(vector, box?.columns), emitter.floats([0], [])]);
    },

    print(language, inputs) {
      const [inner = atom('')] = inputs;
      switch (language) {
        case 'tex':
          return compose(`\\operatorname{diag}\\left(${inner.text}\\right)`, binding.call, inputs);
        case 'numpy':
          return compose(`np.diagflat(${inner.text})`, binding.atom, inputs);
        case 'pytorch':
          return compose(`torch.diagflat(${inner.text})`, binding.atom, inputs);
      }
    },

    async derive(cell) {
      const [row = 0, column = 0] = cell.index;
      const at = row + (box?.rows.start ?? 0);
      return at === column + (box?.columns.start ?? 0)
        ? cell.scalar(0, cell.shapes[0]?.length === 1 ? [at] : [0, at])
        : { value: 0, numbers: number(0), sums: [], remark: 'Zero: off the diagonal.' };
    },

    vjp(upstream, [value]) {
      const vector = mainDiagonal(upstream); // (m)
      return [value?.shape.length === 1 ? vector : insertAxis(vector, 0)];
    },
  };
}
