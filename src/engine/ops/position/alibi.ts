import { atom, binding, compose, number } from '../../expression.js';
import { apply, type Operation, type Value } from '../../graph.js';
import { ShapeError, type Region } from '../../tensor.js';

/**
 * Attention with linear biases (Press et al. 2022, §3): −m_h · |i − j|, a penalty for distance with a slope of its own for
 * each head, 2^(−8(h + 1)/H). Where H is no power of two, the heads beyond the last power take every other slope of the
 * next one, as the authors' code does.
 * @param heads the heads' numbers (head)
 * @param queries positions (query)
 * @param keys positions (key)
 * @param count H
 * @returns (head, query, key)
 */
export function alibi(heads: Value, queries: Value, keys: Value, count: number): Value {
  return apply(operationFor(alibiSlopes(count)), [heads, queries, keys]);
}

/** The slope m_h of each head. */
export function alibiSlopes(count: number): number[] {
  const power = 2 ** Math.floor(Math.log2(count));
  return Array.from({ length: count }, (_, head) =>
    head < power ? 2 ** ((-8 * (head + 1)) / power) : 2 ** ((-4 * (2 * (head - power) + 1)) / power),
  );
}

function operationFor(slopes: readonly number[]): Operation {
  const list = `[${slopes.join(', ')}]`;
  return {
    name: 'alibi',

    shape([heads = [], queries = [], keys = []]) {
      if (![heads, queries, keys].every((shape) => shape.length === 1)) {
        throw new ShapeError('ALiBi takes the numbers of heads, queries and keys, a list each.');
      }
      return [heads[0] ?? 0, queries[0] ?? 0, keys[0] ?? 0];
    },

    reads: (region): Region[] => region.map((range) => [range]),

    evaluate([heads, queries, keys], [, n = 0, m = 0]) {
      const out = new Float64Array((heads?.data.length ?? 0) * n * m);
      for (let at = 0; at < out.length; at++) {
        const slope = slopes[heads?.data[Math.floor(at / (n * m))] ?? 0] ?? 0;
        out[at] = -slope * Math.abs((queries?.data[Math.floor(at / m) % n] ?? 0) - (keys?.data[at % m] ?? 0));
      }
      return out;
    },

    onnx(emitter, [heads = '', queries = '', keys = '']) {
      const all = emitter.floats(
        slopes.map((slope) => -slope),
        [slopes.length],
      );
      const own = emitter.node('Gather', [all, heads], { axis: 0 });
      const slope = emitter.node('Unsqueeze', [own, emitter.integers([1, 2], [2])]); // (head, 1, 1)
      const i = emitter.node('Unsqueeze', [queries, emitter.integers([1], [1])]); // (query, 1)
      const distance = emitter.node('Abs', [emitter.node('Sub', [i, keys])]); // (query, key)
      return emitter.node('Mul', [slope, emitter.node('Cast', [distance], { to: 1 })]);
    },

    print(language, inputs) {
      const [heads = atom(''), queries = atom(''), keys = atom('')] = inputs;
      if (language === 'tex') return compose('-m_h \\lvert i - j \\rvert', binding.negation, inputs);
      const array = language === 'numpy' ? `np.array(${list})` : `torch.tensor(${list})`;
      return compose(
        `-${array}[${heads.text}][:, None, None] * abs(${queries.text}[:, None] - ${keys.text}[None, :])`,
        binding.negation,
        inputs,
      );
    },

    async derive(cell) {
      const [h, i, j] = await Promise.all(
        cell.index.map((at, axis) => cell.scalar(axis, [at]).then(({ value }) => value)),
      );
      const slope = slopes[h ?? 0] ?? 0;
      const distance = Math.abs((i ?? 0) - (j ?? 0));
      return {
        value: -slope * distance,
        symbolic: '-m_h \\lvert i - j \\rvert',
        numbers: compose(`-${number(slope).text} \\cdot ${distance}`, binding.negation, []),
        sums: [],
      };
    },

    vjp: () => [undefined, undefined, undefined],
  };
}
