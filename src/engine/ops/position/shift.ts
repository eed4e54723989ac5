import { atom, binding, compose, inside } from '../../expression.js';
import { apply, type Operation, type Value } from '../../graph.js';
import { formatShape, ShapeError, type Region } from '../../tensor.js';
import { mapped } from '../numbers.js';

/**
 * Positions that begin later: each plus one number, which is whole.
 * @param positions (place)
 * @param by (1)
 * @returns (place), whole numbers
 */
export function shift(positions: Value, by: Value): Value {
  return { ...apply(operation, [positions, by]), type: 'integer' };
}

const operation: Operation = {
  name: 'shift',

  shape([positions = [], by = []]) {
    if (positions.length !== 1 || formatShape(by) !== '(1,)') {
      throw new ShapeError(
        `Positions of ${formatShape(positions)} are moved by one number, not by ${formatShape(by)}.`,
      );
    }
    return positions;
  },

  reads: (region): Region[] => [region, [{ start: 0, end: 1 }]],
  evaluate: ([positions, by]) => mapped(positions, (position) => position + Math.round(by?.data[0] ?? 0)),

  onnx: (emitter, [positions = '', by = '']) =>
    emitter.node('Add', [positions, emitter.node('Cast', [emitter.node('Round', [by])], { to: 7 })]),

  print(language, inputs) {
    const [positions = atom(''), by = atom('')] = inputs;
    const whole =
      language === 'tex' ? by.text : language === 'numpy' ? `${by.text}.astype(int)` : `${by.text}.long()`;
    return compose(`${inside(positions, binding.sum, language)} + ${whole}`, binding.sum, inputs);
  },

  async derive(cell) {
    const [position, by] = await Promise.all([cell.scalar(0, cell.index), cell.scalar(1, [0])]);
    return {
      value: position.value + by.value,
      numbers: compose(`${position.value} + ${by.value}`, binding.sum, []),
      sums: [],
    };
  },

  vjp: () => [undefined, undefined],
};
