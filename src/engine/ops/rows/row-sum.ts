import { atom, binding, compose, inside, number } from '../../expression.js';
import { apply, type Operation, type Value } from '../../graph.js';
import { cellRegion, ShapeError, wholeRows } from '../../tensor.js';
import { spread } from '../structure/spread.js';
import { sumOfTerms } from '../terms.js';

/** Each row's sum, as a column: (…, n, m) → (…, n, 1). */
export function rowSum(value: Value): Value {
  return apply(operation, [value]);
}

const operation: Operation = {
  name: 'row-sum',

  shape([shape = []]) {
    if (shape.length === 0) throw new ShapeError('A single number has no rows to sum.');
    return [...shape.slice(0, -1), 1];
  },

  reads: (region, [shape = []]) => [wholeRows(region, shape)],

  evaluate([tensor], shape) {
    const columns = tensor?.shape.at(-1) ?? 0;
    const out = new Float64Array(shape.reduce((product, extent) => product * extent, 1));
    for (let row = 0; row < out.length; row++) {
      let sum = 0;
      for (let at = row * columns; at < (row + 1) * columns; at++) sum += tensor?.data[at] ?? 0;
      out[row] = sum;
    }
    return out;
  },

  onnx: (emitter, [input = '']) =>
    emitter.node('ReduceSum', [input, emitter.integers([-1], [1])], { keepdims: 1 }),

  print(language, inputs) {
    const [inner = atom('')] = inputs;
    if (language === 'tex') {
      return compose(`${inside(inner, binding.negation, language)} \\mathbf{1}`, binding.product, inputs);
    }
    const text = inside(inner, binding.atom, language);
    return compose(
      language === 'numpy' ? `${text}.sum(axis=-1, keepdims=True)` : `${text}.sum(dim=-1, keepdim=True)`,
      binding.atom,
      inputs,
    );
  },

  async derive(cell) {
    const { values, tex, axis } = await cell.line(0, wholeRows(cellRegion(cell.index), cell.shapes[0] ?? []));
    const total = values.reduce((sum, value) => sum + value, 0);
    return {
      value: total,
      numbers: sumOfTerms(values, (term) => number(values[term] ?? 0).text),
      sums: [{ axis, columns: [{ tex, values, total }] }],
    };
  },

  vjp: (upstream, [value]) => [value && spread(upstream, value)],
};
