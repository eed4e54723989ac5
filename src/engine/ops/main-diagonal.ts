import { atom, binding, compose, inside } from '../expression.js';
import { apply, type Operation, type Value } from '../graph.js';
import { formatShape, ShapeError, type Region } from '../tensor.js';
import { diagonal } from './diagonal.js';

/** The entries on the diagonal of a square matrix: (m, m) → (m). */
export function mainDiagonal(value: Value): Value {
  return apply(operation, [value]);
}

const operation: Operation = {
  name: 'main-diagonal',

  shape([shape = []]) {
    const [rows, columns] = shape;
    if (shape.length !== 2 || rows === undefined || rows !== columns) {
      throw new ShapeError(`Only a square matrix has a diagonal, not ${formatShape(shape)}.`);
    }
    return [rows];
  },

  reads: ([range = { start: 0, end: 0 }]): Region[] => [[range, range]],
  evaluate: ([tensor], [size = 0]) =>
    Float64Array.from({ length: size }, (_, at) => tensor?.data[at * (size + 1)] ?? 0),

  onnx(emitter, [input = '']) {
    const integer = (value: number): string => emitter.integers([value], []);
    const size = emitter.node('Gather', [emitter.node('Shape', [input]), integer(0)], { axis: 0 });
    const places = emitter.node('Range', [integer(0), size, integer(1)]);
    const rows = emitter.node('Unsqueeze', [places, emitter.integers([1], [1])]); // (row, 1)
    const isOn = emitter.node('Equal', [rows, places]); // (row, column)
    const others = emitter.node('Where', [isOn, input, emitter.floats([0], [])]);
    return emitter.node('ReduceSum', [others, emitter.integers([1], [1])], { keepdims: 0 });
  },

  print(language, inputs) {
    const [inner = atom('')] = inputs;
    switch (language) {
      case 'tex':
        return compose(`\\operatorname{diagonal}\\left(${inner.text}\\right)`, binding.call, inputs);
      case 'numpy':
        return compose(`np.diagonal(${inner.text})`, binding.atom, inputs);
      case 'pytorch':
        return compose(`${inside(inner, binding.atom, language)}.diagonal()`, binding.atom, inputs);
    }
  },

  derive: (cell) => {
    const [at = 0] = cell.index;
    return cell.scalar(0, [at, at]);
  },

  vjp: (upstream) => [diagonal(upstream)],
};
