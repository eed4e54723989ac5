import { atom, binding, compose, number } from '../../expression.js';
import { apply, type Operation, type Value } from '../../graph.js';
import { formatShape, ShapeError, type Region } from '../../tensor.js';
import { negate } from '../elementwise/negate.js';
import { rowSum } from '../rows/row-sum.js';

/**
 * How far each key lies from each query's centre: j − p_i.
 * @param centres (query, 1)
 * @param keys positions (key)
 * @returns (query, key)
 */
export function offset(centres: Value, keys: Value): Value {
  return apply(operation, [centres, keys]);
}

const operation: Operation = {
  name: 'offset',

  shape([centres = [], keys = []]) {
    if (centres.length !== 2 || centres[1] !== 1 || keys.length !== 1) {
      throw new ShapeError(
        `Centres are one a query, (query, 1), and positions one a key, not ${formatShape(centres)} and ${formatShape(keys)}.`,
      );
    }
    return [centres[0] ?? 0, keys[0] ?? 0];
  },

  reads: ([rows = { start: 0, end: 0 }, columns = { start: 0, end: 0 }]): Region[] => [
    [rows, { start: 0, end: 1 }],
    [columns],
  ],

  evaluate([centres, keys], [, m = 1]) {
    const out = new Float64Array((centres?.data.length ?? 0) * m);
    for (let at = 0; at < out.length; at++) {
      out[at] = (keys?.data[at % m] ?? 0) - (centres?.data[Math.floor(at / m)] ?? 0);
    }
    return out;
  },

  // Centres that are places themselves are whole numbers.
  onnx(emitter, [centres = '', keys = '']) {
    const float = (input: string): string => emitter.node('Cast', [input], { to: 1 });
    return emitter.node('Sub', [float(keys), float(centres)]);
  },

  print(language, inputs) {
    const [centres = atom(''), keys = atom('')] = inputs;
    return language === 'tex'
      ? compose(`j - {${centres.text}}_i`, binding.sum, inputs)
      : compose(`${keys.text}[None, :] - ${centres.text}`, binding.sum, inputs);
  },

  async derive(cell) {
    const [row = 0, column = 0] = cell.index;
    const [centre, key] = await Promise.all([cell.scalar(0, [row, 0]), cell.scalar(1, [column])]);
    return {
      value: key.value - centre.value,
      ...(centre.symbolic === undefined ? {} : { symbolic: `j - ${centre.symbolic}` }),
      numbers: compose(`${key.value} - ${number(centre.value).text}`, binding.sum, []),
      sums: [],
    };
  },

  vjp: (upstream) => [negate(rowSum(upstream)), undefined],
};
