import { remembered } from '../remembered.js';
import { atom, binding, compose, inside, number } from '../../expression.js';
import { apply, type Operation, type Value } from '../../graph.js';
import { cellRegion, formatShape, ShapeError, sizeOf, type Region, type Shape } from '../../tensor.js';
import { sumOfTerms } from '../terms.js';

/**
 * Gives every query head the key or value head of its group: (groups, m, d) → (heads, m, d); head h has that of group
 * ⌊h · groups / heads⌋ (Ainslie et al. 2023; with one group, Shazeer 2019).
 */
export function repeatHeads(value: Value, heads: number): Value {
  const [groups] = value.shape;
  if (value.shape.length !== 3 || groups === undefined) {
    throw new ShapeError(
      `Heads are repeated along (head, key, feature), not in a tensor of shape ${formatShape(value.shape)}.`,
    );
  }
  if (heads % groups !== 0) {
    throw new ShapeError(`${heads} query heads cannot share ${groups} key/value heads evenly.`);
  }
  return groups === heads ? value : apply(repeatHeadsOperation(heads / groups), [value]);
}

/** @param share how many query heads share a group */
const repeatHeadsOperation = remembered((share: number): Operation => {
  const extent = ([groups = 0, rows = 0, size = 0]: Shape): Shape => [groups * share, rows, size];
  return {
    name: 'repeat-heads',
    moves: true,
    shape: ([shape = []]) => extent(shape),
    computes: ([head = { start: 0, end: 0 }, ...rest]): Region =>
      head.end - head.start === 1
        ? [head, ...rest]
        : [
            { start: Math.floor(head.start / share) * share, end: Math.ceil(head.end / share) * share },
            ...rest,
          ],
    reads: ([head = { start: 0, end: 0 }, ...rest]): Region[] => [
      [{ start: Math.floor(head.start / share), end: Math.ceil(head.end / share) }, ...rest],
    ],
    restrict: ([head = { start: 0, end: 0 }]) =>
      repeatHeadsOperation(head.end - head.start === 1 ? 1 : share),

    evaluate([tensor], shape) {
      const block = (shape[1] ?? 0) * (shape[2] ?? 0);
      const out = new Float64Array((shape[0] ?? 0) * block);
      for (let at = 0; at < out.length; at++) {
        out[at] = tensor?.data[Math.floor(at / block / share) * block + (at % block)] ?? 0;
      }
      return out;
    },

    onnx(emitter, [input = '']) {
      if (share === 1) return emitter.node('Identity', [input]);
      // Each group's block is written `share` times in a row: (group, 1, key, feature) → (group, share, key, feature).
      const spread = emitter.node('Unsqueeze', [input, emitter.integers([1], [1])]);
      const repeated = emitter.node('Tile', [spread, emitter.integers([1, share, 1, 1], [4])]);
      const size = emitter.node('Shape', [input], { start: 1 });
      const shape = emitter.node('Concat', [emitter.integers([-1], [1]), size], { axis: 0 });
      return emitter.node('Reshape', [repeated, shape]); // (head, key, feature)
    },

    print(language, inputs) {
      const [inner = atom('')] = inputs;
      switch (language) {
        case 'tex':
          return { ...inner, text: inner.text.replace(/_g$/, `_{\\lfloor h / ${share} \\rfloor}`) };
        case 'numpy':
          return compose(`np.repeat(${inner.text}, ${share}, axis=0)`, binding.atom, inputs);
        case 'pytorch':
          return compose(
            `${inside(inner, binding.atom, language)}.repeat_interleave(${share}, dim=0)`,
            binding.atom,
            inputs,
          );
      }
    },

    derive: (cell) => {
      const [head = 0, ...rest] = cell.index;
      return cell.scalar(0, [Math.floor(head / share), ...rest]);
    },

    vjp: (upstream, [value]) => [sumHeads(upstream, value?.shape[0] ?? 1)],
  };
});

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
  return groups === heads ? value : apply(sumHeadsOperation(heads / groups), [value]);
}

/** @param share how many heads make a group */
function sumHeadsOperation(share: number): Operation {
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
