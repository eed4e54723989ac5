import { atom, binding, compose, inside } from '../expression.js';
import { apply, type Operation, type Value } from '../graph.js';
import { formatShape, ShapeError } from '../tensor.js';
import { broadcastEvaluate, broadcastIndex, broadcastRegion, broadcastShape } from './broadcast.js';
import { sumTo } from './sum-to.js';

/**
 * Repeats a value along the axes it lacks, or has one entry of, until it has another's shape.
 * @param like only its shape matters
 */
export function spread(value: Value, like: Value): Value {
  return apply(operation, [value, like]);
}

const operation: Operation = {
  name: 'spread',
  moves: true,

  shape([shape = [], like = []]) {
    if (formatShape(broadcastShape([shape, like])) !== formatShape(like)) {
      throw new ShapeError(`${formatShape(shape)} cannot be repeated to ${formatShape(like)}.`);
    }
    return like;
  },

  reads: (region, [shape = []]) => [broadcastRegion(region, shape), region],
  evaluate: (inputs, shape) => broadcastEvaluate(inputs, shape, ([value = 0]) => value),
  onnx: (emitter, [value = '', like = '']) => emitter.node('Expand', [value, emitter.node('Shape', [like])]),

  print(language, inputs, [shape = [], size = []]) {
    const [inner = atom(''), like = atom('')] = inputs;
    switch (language) {
      case 'tex': {
        // A column becomes a matrix by a row of ones; other repetitions go without saying, as in X + b.
        const isColumn = shape.at(-1) === 1 && size.at(-1) !== 1;
        return isColumn
          ? compose(`${inside(inner, binding.product, language)} \\mathbf{1}^{\\top}`, binding.product, [
              inner,
            ])
          : inner;
      }
      case 'numpy':
        return compose(
          `np.broadcast_to(${inner.text}, ${inside(like, binding.atom, language)}.shape)`,
          binding.atom,
          inputs,
        );
      case 'pytorch':
        return compose(
          `${inside(inner, binding.atom, language)}.expand_as(${like.text})`,
          binding.atom,
          inputs,
        );
    }
  },

  derive: (cell) => cell.scalar(0, broadcastIndex(cell.index, cell.shapes[0] ?? [])),
  vjp: (upstream, [value]) => [value && sumTo(upstream, value.shape), undefined],
};
