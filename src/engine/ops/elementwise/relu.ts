import { atom, binding, compose, number } from '../../expression.js';
import { apply, type Operation, type Value } from '../../graph.js';
import { formatShape, ShapeError, type Region } from '../../tensor.js';
import { cellOf } from '../cases.js';
import { mapped } from '../numbers.js';

/** max(0, x). */
export function relu(value: Value): Value {
  return apply(reluOperation, [value]);
}

const reluOperation: Operation = {
  name: 'relu',
  shape: ([shape = []]) => shape,
  reads: (region) => [region],
  evaluate: ([tensor]) => mapped(tensor, (value) => Math.max(0, value)),
  onnx: (emitter, inputs) => emitter.node('Relu', inputs),

  print(language, inputs) {
    const [inner = atom('')] = inputs;
    switch (language) {
      case 'tex':
        return compose(`\\max\\left(0, ${inner.text}\\right)`, binding.call, inputs);
      case 'numpy':
        return compose(`np.maximum(0, ${inner.text})`, binding.atom, inputs);
      case 'pytorch':
        return compose(`torch.relu(${inner.text})`, binding.atom, inputs);
    }
  },

  async derive(cell) {
    const inner = await cell.scalar(0, cell.index);
    return {
      value: Math.max(0, inner.value),
      numbers: compose(`\\max\\left(0, ${inner.numbers.text}\\right)`, binding.call, []),
      sums: inner.sums,
    };
  },

  vjp: (upstream, [value]) => [value && wherePositive(upstream, value)],
};

/**
 * The entries of a value where another is above 0, and 0 elsewhere: what a ReLU lets through of a gradient.
 * @param deciding of the same shape
 */
export function wherePositive(value: Value, deciding: Value): Value {
  return apply(wherePositiveOperation, [value, deciding]);
}

const wherePositiveOperation: Operation = {
  name: 'where-positive',

  shape([shape = [], deciding = []]) {
    if (formatShape(shape) !== formatShape(deciding)) {
      throw new ShapeError(
        `What is kept, ${formatShape(shape)}, and what decides about it, ${formatShape(deciding)}, are not of one shape.`,
      );
    }
    return shape;
  },

  reads: (region): Region[] => [region, region],
  evaluate: ([tensor, deciding]) =>
    mapped(tensor, (value, at) => ((deciding?.data[at] ?? 0) > 0 ? value : 0)),

  onnx(emitter, [value = '', deciding = '']) {
    const zero = emitter.floats([0], []);
    return emitter.node('Where', [emitter.node('Greater', [deciding, zero]), value, zero]);
  },

  print(language, inputs) {
    const [value = atom(''), deciding = atom('')] = inputs;
    if (language === 'tex') {
      return compose(
        `\\begin{cases} ${cellOf(value.text)} & ${cellOf(deciding.text)} > 0 \\\\ 0 & \\text{otherwise} \\end{cases}`,
        binding.call,
        inputs,
      );
    }
    const where = language === 'numpy' ? 'np.where' : 'torch.where';
    return compose(`${where}((${deciding.text}) > 0, ${value.text}, 0)`, binding.atom, inputs);
  },

  async derive(cell) {
    const deciding = await cell.scalar(1, cell.index);
    if (deciding.value > 0) return cell.scalar(0, cell.index);
    return {
      value: 0,
      numbers: number(0),
      sums: [],
      remark: `Nothing passes: ${deciding.value.toPrecision(4)} is not above 0.`,
    };
  },

  vjp: (upstream, [, deciding]) => [deciding && wherePositive(upstream, deciding), undefined],
};
