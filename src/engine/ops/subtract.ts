import { atom, binding, compose, inside } from '../expression.js';
import { apply, type Operation, type Value } from '../graph.js';
import { broadcastEvaluate, broadcastIndex, broadcastRegion, broadcastShape } from './broadcast.js';
import { negate } from './negate.js';
import { sumTo } from './sum-to.js';

/** Entry by entry, the smaller one repeated along the axes it lacks. */
export function subtract(left: Value, right: Value): Value {
  return apply(operation, [left, right]);
}

const operation: Operation = {
  name: 'subtract',
  shape: broadcastShape,
  reads: (region, inputs) => inputs.map((shape) => broadcastRegion(region, shape)),
  evaluate: (inputs, shape) => broadcastEvaluate(inputs, shape, ([a = 0, b = 0]) => a - b),
  onnx: (emitter, inputs) => emitter.node('Sub', inputs),

  print(language, inputs) {
    const [left = atom(''), right = atom('')] = inputs;
    return compose(
      `${inside(left, binding.sum, language)} - ${inside(right, binding.product, language)}`,
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
        : { symbolic: `${left.symbolic} - ${right.symbolic}` };
    const second = inside(
      right.numbers,
      right.numbers.text.startsWith('-') ? binding.atom : binding.product,
      'tex',
    );
    return {
      value: left.value - right.value,
      ...symbolic,
      numbers: compose(`${left.numbers.text} - ${second}`, binding.sum, []),
      sums: [...left.sums, ...right.sums],
    };
  },

  vjp: (upstream, [left, right]) => [
    left && sumTo(upstream, left.shape),
    right && sumTo(negate(upstream), right.shape),
  ],
};
