import { atom, binding, compose, number } from '../../expression.js';
import { apply, type Operation, type Value } from '../../graph.js';
import { cellRegion, formatShape, ShapeError, wholeRows } from '../../tensor.js';
import { multiply } from '../elementwise/multiply.js';
import { subtract } from '../elementwise/subtract.js';
import { dropAxis, insertAxis } from '../structure/axes.js';
import { sumOfTerms } from '../terms.js';
import { rowSum } from './row-sum.js';
import { copyOf } from '../numbers.js';

/**
 * Softmax with a sink: one more logit in each row's sum that no key bears, so that weights may sum to less than 1
 * (gpt-oss model card, 2025, §2; Miller 2023 with a sink of 0). A row of −∞ alone gives its all to the sink.
 * @param scores (head, query, key), or (query, key)
 * @param sinks (head), or (1)
 */
export function sinkSoftmax(scores: Value, sinks: Value): Value {
  return apply(operation, [scores, sinks]);
}

const numpyDefinition = `def sink_softmax(x, sinks):
    """Over the last axis, with one more logit in each row's sum that no key bears."""
    sinks = sinks.reshape([-1] + [1] * (x.ndim - 1) if x.ndim == 3 else [1, 1])
    largest = np.maximum(x.max(axis=-1, keepdims=True), sinks)
    e = np.exp(x - largest)
    return e / (e.sum(axis=-1, keepdims=True) + np.exp(sinks - largest))`;

const pytorchDefinition = `def sink_softmax(x, sinks):
    """Over the last axis, with one more logit in each row's sum that no key bears."""
    sinks = sinks.reshape([-1, 1, 1] if x.ndim == 3 else [1, 1]).to(x.dtype).expand(*x.shape[:-1], 1)
    return torch.cat([x, sinks], dim=-1).softmax(dim=-1)[..., :-1]`;

const operation: Operation = {
  name: 'sink-softmax',

  shape([scores = [], sinks = []]) {
    const wanted = scores.length === 3 ? (scores[0] ?? 0) : 1;
    if (sinks.length !== 1 || sinks[0] !== wanted) {
      throw new ShapeError(
        `The sink logits are one a head, (${wanted},) for scores of ${formatShape(scores)}, but their shape is ${formatShape(sinks)}.`,
      );
    }
    return scores;
  },

  computes: wholeRows,
  reads: (region, [scores = []]) => {
    const [head = { start: 0, end: 1 }] = region;
    return [wholeRows(region, scores), [scores.length === 3 ? head : { start: 0, end: 1 }]];
  },

  evaluate([scores, sinks], shape) {
    const columns = shape.at(-1) ?? 1;
    const rows = shape.length === 3 ? (shape[1] ?? 1) : Infinity;
    const out = copyOf(scores);
    for (let start = 0; start < out.length; start += columns) {
      const row = out.subarray(start, start + columns);
      const sink = sinks?.data[Math.floor(start / columns / rows)] ?? 0;
      const maximum = row.reduce((most, value) => (Number.isNaN(value) || value > most ? value : most), sink);
      let sum = Math.exp(sink - maximum);
      for (let at = 0; at < columns; at++) sum += row[at] = Math.exp((row[at] ?? 0) - maximum);
      for (let at = 0; at < columns; at++) row[at] = (row[at] ?? 0) / sum;
    }
    return out;
  },

  onnx(emitter, [scores = '', sinks = '']) {
    const last = emitter.integers([-1], [1]);
    // (head) → (head, 1, 1), repeated for each query; for a single matrix, (1) → (1, 1, 1) → (query, 1).
    const shape = emitter.node('Shape', [scores]);
    const rows = emitter.node(
      'Concat',
      [emitter.node('Shape', [scores], { end: -1 }), emitter.integers([1], [1])],
      {
        axis: 0,
      },
    );
    const zeros = emitter.node('Expand', [emitter.floats([0], []), rows]); // (…, query, 1)
    const spread = emitter.node('Unsqueeze', [sinks, emitter.integers([1, 2], [2])]); // (head, 1, 1)
    const column = emitter.node('Reshape', [emitter.node('Add', [zeros, spread]), rows]);
    const wide = emitter.node('Softmax', [emitter.node('Concat', [scores, column], { axis: -1 })], {
      axis: -1,
    });
    const columns = emitter.node('Gather', [shape, last], { axis: 0 });
    return emitter.node('Slice', [wide, emitter.integers([0], [1]), columns, last]);
  },

  print(language, inputs) {
    const [scores = atom(''), sinks = atom('')] = inputs;
    if (language === 'tex') {
      return compose(
        `\\frac{\\exp\\left(${scores.text}\\right)}{e^{${sinks.text}} + \\sum_j \\exp\\left(${scores.text}\\right)_j}`,
        binding.call,
        inputs,
      );
    }
    return compose(`sink_softmax(${scores.text}, ${sinks.text})`, binding.atom, inputs, [
      language === 'numpy' ? numpyDefinition : pytorchDefinition,
    ]);
  },

  async derive(cell) {
    const shape = cell.shapes[0] ?? [];
    const picked = cell.index.at(-1) ?? 0;
    const region = wholeRows(cellRegion(cell.index), shape);
    const [scores, sink] = await Promise.all([
      cell.line(0, region),
      cell.scalar(1, [shape.length === 3 ? (cell.index[0] ?? 0) : 0]),
    ]);
    const maximum = scores.values.reduce((a, b) => Math.max(a, b), sink.value);
    const exponentials = scores.values.map((value) => Math.exp(value - maximum));
    const ofSink = Math.exp(sink.value - maximum);
    const total = exponentials.reduce((sum, value) => sum + value, 0);
    const weights = exponentials.map((value) => value / (total + ofSink));
    const kept = weights.reduce((sum, value) => sum + value, 0);
    const above = number(exponentials[picked] ?? 0).text;
    const power = (term: number): string => `e^{${number((scores.values[term] ?? 0) - maximum).text}}`;
    return {
      value: weights[picked] ?? Number.NaN,
      numbers: compose(
        `\\frac{${power(picked)}}{e^{${number(sink.value - maximum).text}} + ${sumOfTerms(exponentials, power).text}} = \\frac{${above}}{${number(total + ofSink).text}}`,
        binding.sum,
        [],
      ),
      sums: [
        {
          axis: scores.axis,
          columns: [
            { tex: `s = ${scores.tex}`, values: scores.values },
            { tex: 'e^{s - \\max s}', values: exponentials, total },
            { tex: '\\text{weight}', values: weights, total: kept },
          ],
          picked,
        },
      ],
      remark: `The sink takes ${(1 - kept).toPrecision(4)} of this row.`,
    };
  },

  // As for softmax; what is left of each row belongs to the sink, whose gradient is −(1 − Σ a) Σ a ḡ.
  vjp(upstream, [scores], weights) {
    const weighted = multiply(weights, upstream);
    const total = rowSum(weighted); // (…, query, 1)
    const own = subtract(weighted, multiply(weights, total));
    if (scores === undefined) return [];
    const heads = scores.shape.length === 3;
    const lost = subtract(multiply(rowSum(weights), total), total); // (…, query, 1)
    return [own, heads ? perHead(lost) : perHead(insertAxis(lost, 0))];
  },
};

/** (head, query, 1) → (head): each head's sum. */
function perHead(column: Value): Value {
  return dropLast(rowSum(dropLast(column)));
}

function dropLast(value: Value): Value {
  return dropAxis(value, value.shape.length - 1);
}
