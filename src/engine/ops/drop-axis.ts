import { atom, binding, compose, inside } from '../expression.js';
import { apply, type Operation, type Value } from '../graph.js';
import { formatShape, ShapeError, type Region } from '../tensor.js';
import { insertAxis } from './insert-axis.js';

/** Takes away an axis of extent 1: (n, m, 1) → (n, m). */
export function dropAxis(value: Value, axis: number): Value {
  return apply(operationFor(axis), [value]);
}

function operationFor(axis: number): Operation {
  return {
    name: 'drop-axis',
    moves: true,

    shape([shape = []]) {
      if (shape[axis] !== 1) {
        throw new ShapeError(`Axis ${axis} of ${formatShape(shape)} is not 1, and cannot be taken away.`);
      }
      return shape.toSpliced(axis, 1);
    },

    reads: (region): Region[] => [region.toSpliced(axis, 0, { start: 0, end: 1 })],
    evaluate: ([tensor]) => Float64Array.from(tensor?.data ?? []),
    onnx: (emitter, [input = '']) => emitter.node('Squeeze', [input, emitter.integers([axis], [1])]),

    print(language, inputs, [shape = []]) {
      const [inner = atom('')] = inputs;
      if (language === 'tex') return inner;
      const box = shape.map((_, at) => (at === axis ? '0' : ':'));
      return compose(`${inside(inner, binding.atom, language)}[${box.join(', ')}]`, binding.atom, inputs);
    },

    derive: (cell) => cell.scalar(0, cell.index.toSpliced(axis, 0, 0)),
    vjp: (upstream) => [insertAxis(upstream, axis)],
  };
}
