import { atom, binding, compose, number } from '../../expression.js';
import { apply, type Operation, type Value } from '../../graph.js';
import { formatShape, ShapeError, type Region } from '../../tensor.js';
import { cellOf, printFill, unchanged } from '../cases.js';
import { mapped } from '../numbers.js';

/**
 * Sets the scores of keys beyond a sequence’s valid length to −∞: those are only padding.
 * @param scores (…, query, key)
 * @param keys positions of the keys (key)
 * @param length how many of the keys are real (1)
 * @param fill what the others become: −∞ for scores, 0 for their gradient
 */
export function maskBeyond(scores: Value, keys: Value, length: Value, fill = -Infinity): Value {
  return apply(operationFor(fill), [scores, keys, length]);
}

function operationFor(fill: number): Operation {
  return {
    name: 'mask-beyond',

    shape([scores = [], keys = [], length = []]) {
      if (formatShape(length) !== '(1,)' || keys.length !== 1 || keys[0] !== scores.at(-1)) {
        throw new ShapeError(
          `A valid length is one number for the ${scores.at(-1)} keys of a sequence, but its shape is ${formatShape(length)}.`,
        );
      }
      return scores;
    },

    reads: (region): Region[] => [region, region.slice(-1), [{ start: 0, end: 1 }]],

    evaluate([scores, keys, length]) {
      const count = keys?.data.length ?? 1;
      return mapped(scores, (value, at) =>
        (keys?.data[at % count] ?? 0) < (length?.data[0] ?? 0) ? value : fill,
      );
    },

    onnx(emitter, [scores = '', keys = '', length = '']) {
      const isReal = emitter.node('Less', [emitter.node('Cast', [keys], { to: 1 }), length]);
      return emitter.node('Where', [isReal, scores, emitter.floats([fill], [])]);
    },

    print(language, inputs) {
      const [scores = atom(''), keys = atom(''), length = atom('')] = inputs;
      if (language === 'tex') {
        return compose(
          `\\begin{cases} ${cellOf(scores.text)} & j < ${length.text} \\\\ ${printFill(fill, language)} & \\text{otherwise} \\end{cases}`,
          binding.call,
          inputs,
        );
      }
      const where = language === 'numpy' ? 'np.where' : 'torch.where';
      return compose(
        `${where}(${keys.text} < ${length.text}, ${scores.text}, ${printFill(fill, language)})`,
        binding.atom,
        inputs,
      );
    },

    async derive(cell) {
      const key = cell.index.at(-1) ?? 0;
      const [position, length] = await Promise.all([cell.scalar(1, [key]), cell.scalar(2, [0])]);
      if (position.value < length.value) return unchanged(cell);
      return {
        value: fill,
        numbers: number(fill),
        sums: [],
        remark: `Masked: key ${position.value} is padding, the sequence has ${length.value} keys.`,
      };
    },

    vjp: (upstream, [, keys, length]) => [
      keys && length && maskBeyond(upstream, keys, length, 0),
      undefined,
      undefined,
    ],
  };
}
