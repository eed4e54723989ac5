import { atom, binding, compose, inside, number } from '../expression.js';
import { apply, type Operation, type Value } from '../graph.js';
import { formatShape, ShapeError, sizeOf, type Region, cellRegion } from '../tensor.js';
import { repeatHeads } from './repeat-heads.js';
import { sumOfTerms } from './terms.js';

/**
 * Sums over the query heads of each group, the reverse of `repeatHeads`: (heads, m, d) → (groups, m, d); group g has the
 * sum of the heads from g · heads / groups on, heads / groups of them.
 */
export function sumHeads(value: Value, groups: number): Value {
  const [heads] = value.shape;
  if (value.shape.length !== 3 || heads === undefined) {
    throw new ShapeError(
      `Heads are summed along (head, key, feature), not in a tensor of shape ${formatShape(value.shape)}.`,
    );
  }
  if (!Number.isInteger(groups) || groups < 1 || heads % groups !== 0) {
    throw new ShapeError(`${heads} heads cannot be summed into ${groups} equal groups.`);
  }
  return groups === heads ? value : apply(operationFor(heads / groups), [value]);
}

/** @param share how many heads make a group */
function operationFor(share: number): Operation {
  const reads = ([group = { start: 0, end: 0 }, ...rest]: Region): Region => [
    { start: group.start * share, end: group.end * share },
    ...rest,
  ];
  return {
    name: 'sum-heads',
    shape([shape = []]) {
      const [heads = 0, ...rest] = shape;
      return [heads / share, ...rest];
    },
    reads: (region) => [reads(region)],

    evaluate([tensor], shape) {
      const block = (shape[1] ?? 0) * (shape[2] ?? 0);
      const out = new Float64Array(sizeOf(shape));
      tensor?.data.forEach((value, at) => {
        const place = Math.floor(at / block / share) * block + (at % block);
        out[place] = (out[place] ?? 0) + value;
      });
      return out;
    },

    onnx(emitter, [input = '']) {
      const size = emitter.node('Shape', [input], { start: 1 });
      const groups = emitter.node('Concat', [emitter.integers([-1, share], [2]), size], { axis: 0 });
      const grouped = emitter.node('Reshape', [input, groups]); // (group, share, key, feature)
      return emitter.node('ReduceSum', [grouped, emitter.integers([1], [1])], { keepdims: 0 }); // (group, key, feature)
    },

    print(language, inputs, [shape = []]) {
      const [inner = atom('')] = inputs;
      const text = inside(inner, binding.atom, language);
      if (language === 'tex') {
        return compose(
          `\\sum_{h = ${share}g}^{${share}g + ${share - 1}} ${inside(inner, binding.product, language)}`,
          binding.sum,
          inputs,
        );
      }
      const [, ...rest] = shape;
      const grouped = `${text}.reshape(-1, ${share}, ${rest.join(', ')})`;
      return compose(`${grouped}.sum(${language === 'numpy' ? 'axis' : 'dim'}=1)`, binding.atom, inputs);
    },

    async derive(cell) {
      const box = cellRegion(cell.index);
      const { values, tex, axis } = await cell.line(0, reads(box));
      const total = values.reduce((sum, value) => sum + value, 0);
      return {
        value: total,
        numbers: sumOfTerms(values, (term) => number(values[term] ?? 0).text),
        sums: [{ axis, columns: [{ tex, values, total }] }],
      };
    },

    vjp: (upstream, [value]) => [repeatHeads(upstream, value?.shape[0] ?? 1)],
  };
}
