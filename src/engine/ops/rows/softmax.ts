import { atom, binding, compose, inside, number } from '../../expression.js';
import { apply, type Operation, type Value } from '../../graph.js';
import { cellRegion, wholeRows } from '../../tensor.js';
import { multiply } from '../elementwise/multiply.js';
import { subtract } from '../elementwise/subtract.js';
import { sumOfTerms } from '../terms.js';
import { rowSum } from './row-sum.js';
import { copyOf } from '../numbers.js';

/**
 * Softmax over the last axis. The row's maximum is subtracted first, so that large scores neither overflow nor lose the
 * row's sum. A row of −∞ alone has no maximum and gives “not a number” throughout: there is nothing to attend to.
 */
export function softmax(value: Value): Value {
  return apply(operation, [value]);
}

const numpyDefinition = `def softmax(x):
    """Over the last axis; the row's maximum is subtracted, so that nothing overflows."""
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)`;

const operation: Operation = {
  name: 'softmax',
  shape: ([shape = []]) => shape,
  computes: wholeRows,
  reads: (region, [shape = []]) => [wholeRows(region, shape)],

  evaluate([tensor]) {
    if (tensor === undefined) return new Float64Array();
    const columns = tensor.shape.at(-1) ?? 1;
    const out = copyOf(tensor);
    for (let start = 0; start < out.length; start += columns) {
      const row = out.subarray(start, start + columns);
      let maximum = -Infinity;
      for (const value of row) if (value > maximum || Number.isNaN(value)) maximum = value;
      let sum = 0;
      for (let at = 0; at < columns; at++) sum += row[at] = Math.exp((row[at] ?? 0) - maximum);
      for (let at = 0; at < columns; at++) row[at] = (row[at] ?? 0) / sum;
    }
    return out;
  },

  onnx: (emitter, inputs) => emitter.node('Softmax', inputs, { axis: -1 }),

  print(language, inputs) {
    const [inner = atom('')] = inputs;
    switch (language) {
      case 'tex':
        return compose(`\\operatorname{softmax}\\left(${inner.text}\\right)`, binding.call, inputs);
      case 'numpy':
        return compose(`softmax(${inner.text})`, binding.atom, inputs, [numpyDefinition]);
      case 'pytorch':
        return compose(`${inside(inner, binding.atom, language)}.softmax(dim=-1)`, binding.atom, inputs);
    }
  },

  async derive(cell) {
    const picked = cell.index.at(-1) ?? 0;
    const scores = await cell.line(0, wholeRows(cellRegion(cell.index), cell.shapes[0] ?? []));
    const maximum = scores.values.reduce((a, b) => Math.max(a, b), -Infinity);
    if (maximum === -Infinity) {
      return {
        value: Number.NaN,
        numbers: number(Number.NaN),
        sums: [],
        remark: 'Nothing to attend to: every key of this row is masked.',
      };
    }
    const exponentials = scores.values.map((value) => Math.exp(value - maximum));
    const total = exponentials.reduce((sum, value) => sum + value, 0);
    const weights = exponentials.map((value) => value / total);
    const power = (term: number): string => `e^{${number((scores.values[term] ?? 0) - maximum).text}}`;
    const masked = scores.values[picked] === -Infinity;
    const above = number(exponentials[picked] ?? 0).text;
    const below = number(total).text;
    return {
      value: weights[picked] ?? Number.NaN,
      symbolic: `\\frac{e^{s_j - \\max_k s_k}}{\\sum_{k} e^{s_k - \\max_k s_k}}`,
      numbers: compose(
        `\\frac{${power(picked)}}{${sumOfTerms(exponentials, power).text}} = \\frac{${above}}{${below}}`,
        binding.sum,
        [],
      ),
      sums: [
        {
          axis: scores.axis,
          columns: [
            { tex: `s = ${scores.tex}`, values: scores.values },
            { tex: 'e^{s - \\max s}', values: exponentials, total },
            { tex: '\\text{weight}', values: weights, total: weights.reduce((sum, value) => sum + value, 0) },
          ],
          picked,
        },
      ],
      ...(masked ? { remark: 'Masked: the score is −∞, so that the weight is 0.' } : {}),
    };
  },

  // A ⊙ (Ḡ − (Ḡ ⊙ A) 1 1ᵀ): each row's Jacobian is diag(a) − aᵀ a.
  vjp: (upstream, _, result) => [multiply(result, subtract(upstream, rowSum(multiply(upstream, result))))],
};
