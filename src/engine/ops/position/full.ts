import { binding, compose, number } from '../../expression.js';
import { apply, type Operation, type Value } from '../../graph.js';

/** The same number for each of some places: (head) → (head). */
export function full(positions: Value, value: number): Value {
  return apply(operationFor(value), [positions]);
}

function operationFor(value: number): Operation {
  return {
    name: 'full',
    shape: ([shape = []]) => shape,
    reads: (region) => [region],
    evaluate: ([tensor]) => new Float64Array(tensor?.data.length ?? 0).fill(value),
    onnx: (emitter, [input = '']) =>
      emitter.node('Expand', [emitter.floats([value], []), emitter.node('Shape', [input])]),

    print(language, inputs) {
      const places = inputs[0]?.text ?? '';
      // A whole number would make an array of whole numbers.
      const python = `float(${value})`;
      switch (language) {
        case 'tex':
          return { ...number(value) };
        case 'numpy':
          return compose(`np.full(len(${places}), ${python})`, binding.atom, inputs);
        case 'pytorch':
          return compose(`torch.full((len(${places}),), ${python})`, binding.atom, inputs);
      }
    },

    derive: () => Promise.resolve({ value, numbers: number(value), sums: [] }),
    vjp: () => [undefined],
  };
}
