import { atom, binding, compose, inside } from '../expression.js';
import { apply, type Operation, type Value } from '../graph.js';
import { broadcastEvaluate, broadcastIndex, broadcastRegion, broadcastShape } from './broadcast.js';
import { sumTo } from './sum-to.js';

/** Element by element, the smaller one repeated along the axes it lacks. */
export function add(left: Value, right: Value): Value {
  return apply(operation, [left, right]);
}

const operation: Operation = {
  name: 'add',
  shape: broadcastShape,
  reads: (region, inputs) => inputs.map((shape) => broadcastRegion(region, shape)),
  evaluate: (inputs, shape) => broadcastEvaluate(inputs, shape, ([a = 0, b = 0]) => a + b),
  onnx: (emitter, inputs) => emitter.node('Add', inputs),

  print(language, inputs) {
    const [left = atom(''), right = atom('')] = inputs;
    return compose(
      `${inside(left, binding.sum, language)} + ${inside(right, binding.sum, language)}`,
      binding.sum,
      inputs,
    );
  },

  async derive(cell) {
    const [left, right] = await Promise.all([
      cell.scalar(0, broadcastIndex(cell.index, cell.shapes[0] ?? [])),
      cell.scalar(1, broadcastIndex(cell.index, cell.shapes[1] ?? [])),
    ]);
    const symbolic =
      left.symbolic === undefined || right.symbolic === undefined
        ? {}
        : { symbolic: `${left.symbolic} + ${right.symbolic}` };
    const second = right.numbers.text.startsWith('-')
      ? inside(right.numbers, binding.atom, 'tex')
      : inside(right.numbers, binding.sum, 'tex');
    // −∞ is only ever added by a mask.
    const masked = left.value !== -Infinity && right.value === -Infinity;
    return {
      value: left.value + right.value,
      ...symbolic,
      ...(masked ? { remark: 'Masked: the mask has −∞ here.' } : {}),
      numbers: compose(`${left.numbers.text} + ${second}`, binding.sum, []),
      sums: [...left.sums, ...right.sums],
    };
  },

  vjp: (upstream, inputs) => inputs.map(({ shape }) => sumTo(upstream, shape)),
};
