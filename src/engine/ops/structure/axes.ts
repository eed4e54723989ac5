import { atom, binding, compose, inside } from '../../expression.js';
import { apply, type Operation, type Value } from '../../graph.js';
import { formatShape, ShapeError, type Region } from '../../tensor.js';
import { copyOf } from '../numbers.js';

/**
 * Gives a tensor one more axis, of extent 1: (n, a) → (n, 1, a), so that it can be repeated along it.
 * @param index what a formula counts the tensor's own rows by, "i" in q_i
 */
export function insertAxis(value: Value, axis: number, index?: string): Value {
  if (!(Number.isInteger(axis) && axis >= 0 && axis <= value.shape.length)) {
    throw new ShapeError(`An axis cannot be put at ${axis} of ${value.shape.length}.`);
  }
  return { ...apply(insertAxisOperation(axis, index), [value]), type: value.type };
}

function insertAxisOperation(axis: number, index: string | undefined): Operation {
  return {
    name: 'insert-axis',
    moves: true,
    shape: ([shape = []]) => shape.toSpliced(axis, 0, 1),
    reads: (region): Region[] => [region.toSpliced(axis, 1)],
    evaluate: ([tensor]) => copyOf(tensor),
    onnx: (emitter, [input = '']) => emitter.node('Unsqueeze', [input, emitter.integers([axis], [1])]),

    print(language, inputs, [shape = []]) {
      const [inner = atom('')] = inputs;
      if (language === 'tex') {
        return index === undefined
          ? inner
          : compose(`{${inside(inner, binding.atom, language)}}_{${index}}`, binding.atom, inputs);
      }
      const box = shape.map(() => ':').toSpliced(axis, 0, 'None');
      return compose(`${inside(inner, binding.atom, language)}[${box.join(', ')}]`, binding.atom, inputs);
    },

    derive: (cell) => cell.scalar(0, cell.index.toSpliced(axis, 1)),
    vjp: (upstream) => [dropAxis(upstream, axis)],
  };
}

/** Takes away an axis of extent 1: (n, m, 1) → (n, m). */
export function dropAxis(value: Value, axis: number): Value {
  return apply(dropAxisOperation(axis), [value]);
}

function dropAxisOperation(axis: number): Operation {
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
    evaluate: ([tensor]) => copyOf(tensor),
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
