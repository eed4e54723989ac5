import { atom, binding, compose, inside } from '../../expression.js';
import { apply, type OnnxEmitter, type Operation, type Value } from '../../graph.js';
import { matmulOperation } from './matmul.js';

/**
 * The sum of values by their weights: a product in which a weight of 0 takes nothing, also from a value that is no number or
 * infinite, where a plain product has 0 · NaN = NaN.
 * @param weights (…, query, key)
 * @param values (…, key, value), or one matrix for all
 */
export function weightedSum(weights: Value, values: Value): Value {
  return apply(operation, [weights, values]);
}

const numpyDefinition = `def weighted_sum(weights, values):
    """A product in which a weight of 0 takes nothing, not even from what is no number."""
    terms = weights[..., :, :, None] * values[..., None, :, :]
    return np.where(weights[..., :, :, None] == 0, 0, terms).sum(axis=-2)`;

const pytorchDefinition = `def weighted_sum(weights, values):
    """A product in which a weight of 0 takes nothing, not even from what is no number."""
    terms = weights[..., :, :, None] * values[..., None, :, :]
    return terms.masked_fill(weights[..., :, :, None] == 0, 0).sum(dim=-2)`;

const operation: Operation = {
  name: 'weighted-sum',
  shape: matmulOperation.shape,
  reads: matmulOperation.reads,

  evaluate(inputs, shape) {
    const [weights, values] = inputs;
    const [rows = 1, columns = 1] = shape.slice(-2);
    const keys = weights?.shape.at(-1) ?? 0;
    const shared = values?.shape.length === 2;
    const out = new Float64Array(shape.reduce((product, extent) => product * extent, 1));
    for (let at = 0; at < out.length; at++) {
      const [column, row] = [at % columns, Math.floor(at / columns)];
      const block = shared ? 0 : Math.floor(row / rows) * keys * columns;
      let sum = 0;
      for (let key = 0; key < keys; key++) {
        const weight = weights?.data[row * keys + key] ?? 0;
        if (weight !== 0) sum += weight * (values?.data[block + key * columns + column] ?? 0);
      }
      out[at] = sum;
    }
    return out;
  },

  // The finite part as a product; what is not finite is counted where its weight is not 0, and comes in afterwards.
  onnx(emitter, [weights = '', values = '']) {
    const zero = emitter.floats([0], []);
    const isNumber = emitter.node('Not', [emitter.node('IsNaN', [values])]);
    const isInfinite = emitter.node('IsInf', [values]);
    const isFinite = emitter.node('And', [isNumber, emitter.node('Not', [isInfinite])]);
    const finite = emitter.node('MatMul', [weights, emitter.node('Where', [isFinite, values, zero])]);
    const takes = float(emitter, emitter.node('Not', [emitter.node('Equal', [weights, zero])]));
    const special = (of: string, becomes: number): string => {
      const count = emitter.node('MatMul', [takes, float(emitter, of)]);
      const some = emitter.node('Greater', [count, zero]);
      return emitter.node('Where', [some, emitter.floats([becomes], []), zero]);
    };
    const above = emitter.node('Greater', [values, zero]);
    const below = emitter.node('Less', [values, zero]);
    return [
      special(emitter.node('Not', [isNumber]), Number.NaN),
      special(emitter.node('And', [isInfinite, above]), Infinity),
      special(emitter.node('And', [isInfinite, below]), -Infinity),
    ].reduce((sum, each) => emitter.node('Add', [sum, each]), finite);
  },

  print(language, inputs) {
    const [weights = atom(''), values = atom('')] = inputs;
    if (language === 'tex') {
      const [a, b] = [inside(weights, binding.product, language), inside(values, binding.negation, language)];
      return compose(`${a} ${b}`, binding.product, inputs);
    }
    return compose(`weighted_sum(${weights.text}, ${values.text})`, binding.atom, inputs, [
      language === 'numpy' ? numpyDefinition : pytorchDefinition,
    ]);
  },

  async derive(cell) {
    const [weightRegion = [], valueRegion = []] = operation.reads(
      cell.index.map((at) => ({ start: at, end: at + 1 })),
      cell.shapes,
    );
    const weights = await cell.line(0, weightRegion);
    return matmulOperation.derive({
      ...cell,
      // What nothing is taken from stands as 0, so that its product is 0.
      line: async (input) => {
        if (input === 0) return weights;
        const line = await cell.line(1, valueRegion);
        return { ...line, values: line.values.map((value, at) => (weights.values[at] === 0 ? 0 : value)) };
      },
    });
  },

  vjp: (upstream, inputs, result) => matmulOperation.vjp(upstream, inputs, result),
};

function float(emitter: OnnxEmitter, condition: string): string {
  return emitter.node('Cast', [condition], { to: 1 });
}
