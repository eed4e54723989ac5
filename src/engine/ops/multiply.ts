import { atom, binding, compose, inside } from '../expression.js';
import { apply, type Operation, type Value } from '../graph.js';
import { broadcastEvaluate, broadcastIndex, broadcastRegion, broadcastShape } from './broadcast.js';
import { sumTo } from './sum-to.js';

/** Entry by entry, the smaller one repeated along the axes it lacks. */
export function multiply(left: Value, right: Value): Value {
  return apply(operation, [left, right]);
}

const operation: Operation = {
  name: 'multiply',
  shape: broadcastShape,
  reads: (region, inputs) => inputs.map((shape) => broadcastRegion(region, shape)),
  evaluate: (inputs, shape) => broadcastEvaluate(inputs, shape, ([a = 0, b = 0]) => a * b),
  onnx: (emitter, inputs) => emitter.node('Mul', inputs),

  print(language, inputs) {
    const [left = atom(''), right = atom('')] = inputs;
    const a = inside(left, binding.product, language);
    const b = inside(right, binding.negation, language);
    // A ⊙ B C is read as A ⊙ (B C): where it is a factor of a matrix product, it stands in parentheses.
    return language === 'tex'
      ? compose(`${a} \\odot ${b}`, binding.sum, inputs)
      : compose(`${a} * ${b}`, binding.product, inputs);
  },

  async derive(cell) {
    const [left, right] = await Promise.all([
      cell.scalar(0, broadcastIndex(cell.index, cell.shapes[0] ?? [])),
      cell.scalar(1, broadcastIndex(cell.index, cell.shapes[1] ?? [])),
    ]);
    const symbolic =
      left.symbolic === undefined || right.symbolic === undefined
        ? {}
        : { symbolic: `${left.symbolic} \\cdot ${right.symbolic}` };
    const [a, b] = [left, right].map(({ numbers }) =>
      inside(numbers, numbers.text.startsWith('-') ? binding.atom : binding.product, 'tex'),
    );
    return {
      value: left.value * right.value,
      ...symbolic,
      numbers: compose(`${a} \\cdot ${b}`, binding.product, []),
      sums: [...left.sums, ...right.sums],
    };
  },

  vjp: (upstream, [left, right]) =>
    left === undefined || right === undefined
      ? []
      : [sumTo(multiply(upstream, right), left.shape), sumTo(multiply(upstream, left), right.shape)],
};
