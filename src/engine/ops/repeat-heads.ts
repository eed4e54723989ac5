import { atom, binding, compose, inside } from '../expression.js';
import { apply, type Operation, type Value } from '../graph.js';
import { formatShape, ShapeError, type Region, type Shape } from '../tensor.js';
import { sumHeads } from './sum-heads.js';

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
  return groups === heads ? value : apply(operationFor(heads / groups), [value]);
}

/** @param share how many query heads share a group */
function operationFor(share: number): Operation {
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
    restrict: ([head = { start: 0, end: 0 }]) => operationFor(head.end - head.start === 1 ? 1 : share),

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
}
