import { binding, inside, type Expression } from '../../expression.js';
import type { Value } from '../../graph.js';
import { binary, type Binary } from '../elementwise.js';

/** Entry by entry, the smaller one repeated along the axes it lacks. */
export function multiply(left: Value, right: Value): Value {
  return binary(left, right, description);
}

const description: Binary = {
  name: 'multiply',
  compute: (a, b) => a * b,
  onnx: (emitter, a, b) => emitter.node('Mul', [a, b]),

  print(language, left, right) {
    const a = inside(left, binding.product, language);
    const b = inside(right, binding.negation, language);
    // A ⊙ B C is read as A ⊙ (B C): where it is a factor of a matrix product, it stands in parentheses.
    return language === 'tex'
      ? { text: `${a} \\odot ${b}`, binding: binding.sum }
      : { text: `${a} * ${b}`, binding: binding.product };
  },

  printCell: (a, b) => ({ text: `${cellFactor(a)} \\cdot ${cellFactor(b)}`, binding: binding.product }),
  vjp: (upstream, a, b) => [multiply(upstream, b), multiply(upstream, a)],
};

function cellFactor(expression: Expression): string {
  return inside(expression, expression.text.startsWith('-') ? binding.atom : binding.product, 'tex');
}
