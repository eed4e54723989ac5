import { atom, binding, compose } from '../expression.js';
import { apply, type Operation, type Value } from '../graph.js';
import { wherePositive } from './where-positive.js';

/** max(0, x). */
export function relu(value: Value): Value {
  return apply(operation, [value]);
}

const operation: Operation = {
  name: 'relu',
  shape: ([shape = []]) => shape,
  reads: (region) => [region],
  evaluate: ([tensor]) => Float64Array.from(tensor?.data ?? [], (value) => Math.max(0, value)),
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
