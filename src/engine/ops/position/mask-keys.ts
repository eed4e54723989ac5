import { atom, binding, compose, number } from '../../expression.js';
import { apply, type Operation, type Value } from '../../graph.js';
import { formatShape, ShapeError, type Region } from '../../tensor.js';
import { cellOf, printFill } from '../cases.js';

/**
 * Sets the scores of keys that are not to be attended to to −∞.
 * @param scores (…, query, key)
 * @param keep 0 for a key that is only padding, 1 for a real one (key), or the same for each query (query, key)
 * @param fill what the others become: −∞ for scores, 0 for their gradient
 */
export function maskKeys(scores: Value, keep: Value, fill = -Infinity): Value {
  return apply(operationFor(fill), [scores, keep]);
}

function operationFor(fill: number): Operation {
  return {
    name: 'mask-keys',

    shape([scores = [], keep = []]) {
      if (keep.length === 2 && keep[0] === scores.at(-2) && keep[1] === scores.at(-1)) return scores;
      if (keep.length !== 1 || keep[0] !== scores.at(-1)) {
        throw new ShapeError(
          `A padding mask has one entry a key, ${scores.at(-1)} here, but its shape is ${formatShape(keep)}.`,
        );
      }
      return scores;
    },

    reads: (region, [, keep = []]): Region[] => [region, region.slice(-keep.length)],

    evaluate([scores, keep]) {
      const length = keep?.data.length ?? 1;
      return Float64Array.from(scores?.data ?? [], (value, at) =>
        keep?.data[at % length] === 0 ? fill : value,
      );
    },

    onnx(emitter, [scores = '', keep = '']) {
      const padding = emitter.node('Equal', [keep, emitter.floats([0], [])]);
      return emitter.node('Where', [padding, emitter.floats([fill], []), scores]);
    },

    print(language, inputs, [, kept = []]) {
      const [scores = atom(''), keep = atom('')] = inputs;
      switch (language) {
        case 'tex':
          return compose(
            `\\begin{cases} ${cellOf(scores.text)} & ${keep.text}_${kept.length === 1 ? 'j' : '{ij}'} \\ne 0 \\\\ ${printFill(fill, language)} & \\text{otherwise} \\end{cases}`,
            binding.call,
            inputs,
          );
        case 'numpy':
          return compose(
            `np.where(${keep.text} != 0, ${scores.text}, ${printFill(fill, language)})`,
            binding.atom,
            inputs,
          );
        case 'pytorch':
          return compose(
            `torch.where(${keep.text} != 0, ${scores.text}, ${printFill(fill, language)})`,
            binding.atom,
            inputs,
          );
      }
    },

    async derive(cell) {
      const at = cell.index.slice(-(cell.shapes[1]?.length ?? 1));
      const keep = await cell.scalar(1, at);
      if (keep.value === 0) {
        return {
          value: fill,
          numbers: number(fill),
          sums: [],
          remark:
            at.length === 1
              ? `Masked: key ${at[0]} is padding.`
              : `Masked: the mask is 0 for query ${at[0]} and key ${at[1]}.`,
        };
      }
      return cell.scalar(0, cell.index);
    },

    vjp: (upstream, [, keep]) => [keep && maskKeys(upstream, keep, 0), undefined],
  };
}
