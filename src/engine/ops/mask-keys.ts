import { atom, binding, compose, number } from '../expression.js';
import { apply, type Operation, type Value } from '../graph.js';
import { formatShape, ShapeError, type Region } from '../tensor.js';
import { cellOf } from './mask.js';

/**
 * Sets the scores of keys that are only padding to −∞.
 * @param scores (…, query, key)
 * @param keep 1 for a key that is real, 0 for padding (key)
 */
export function maskKeys(scores: Value, keep: Value): Value {
  return apply(operation, [scores, keep]);
}

const operation: Operation = {
  name: 'mask-keys',

  shape([scores = [], keep = []]) {
    if (keep.length !== 1 || keep[0] !== scores.at(-1)) {
      throw new ShapeError(
        `A padding mask has one entry a key, ${scores.at(-1)} here, but its shape is ${formatShape(keep)}.`,
      );
    }
    return scores;
  },

  reads(region): Region[] {
    const columns = region.at(-1);
    return [region, columns === undefined ? [] : [columns]];
  },

  evaluate([scores, keep]) {
    const columns = keep?.data.length ?? 1;
    return Float64Array.from(scores?.data ?? [], (value, at) =>
      keep?.data[at % columns] === 0 ? -Infinity : value,
    );
  },

  onnx(emitter, [scores = '', keep = '']) {
    const padding = emitter.node('Equal', [keep, emitter.floats([0], [])]);
    return emitter.node('Where', [padding, emitter.floats([-Infinity], []), scores]);
  },

  print(language, inputs) {
    const [scores = atom(''), keep = atom('')] = inputs;
    switch (language) {
      case 'tex':
        return compose(
          `\\begin{cases} ${cellOf(scores.text)} & ${keep.text}_j \\ne 0 \\\\ -\\infty & \\text{otherwise} \\end{cases}`,
          binding.call,
          inputs,
        );
      case 'numpy':
        return compose(`np.where(${keep.text} != 0, ${scores.text}, -np.inf)`, binding.atom, inputs);
      case 'pytorch':
        return compose(`torch.where(${keep.text} != 0, ${scores.text}, float("-inf"))`, binding.atom, inputs);
    }
  },

  async derive(cell) {
    const key = cell.index.at(-1) ?? 0;
    const keep = await cell.scalar(1, [key]);
    if (keep.value === 0) {
      return {
        value: -Infinity,
        numbers: number(-Infinity),
        sums: [],
        remark: `Masked: key ${key} is padding.`,
      };
    }
    return cell.scalar(0, cell.index);
  },
};
