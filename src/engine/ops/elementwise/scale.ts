import { atom, binding, compose, factor, inside } from '../../expression.js';
import { apply, type Operation, type Value } from '../../graph.js';
import { mapped } from '../numbers.js';

/**
 * Multiplies every entry by a constant.
 * @param tex how formulas write the constant: "m"
 */
export function scale(value: Value, by: number, tex: string): Value {
  return apply(operationFor(by, tex), [value]);
}

function operationFor(by: number, tex: string): Operation {
  return {
    name: 'scale',
    shape: ([shape = []]) => shape,
    reads: (region) => [region],
    evaluate: ([tensor]) => mapped(tensor, (each) => each * by),
    onnx: (emitter, [input = '']) => emitter.node('Mul', [input, emitter.floats([by], [])]),

    print(language, inputs) {
      const [inner = atom('')] = inputs;
      const text = inside(inner, binding.product, language);
      return compose(language === 'tex' ? `${tex} \\, ${text}` : `${by} * ${text}`, binding.product, inputs);
    },

    async derive(cell) {
      const inner = await cell.scalar(0, cell.index);
      return {
        value: inner.value * by,
        ...(inner.symbolic === undefined ? {} : { symbolic: `${tex} \\, ${inner.symbolic}` }),
        numbers: compose(
          `${factor(by)} \\cdot ${inside(inner.numbers, binding.product, 'tex')}`,
          binding.product,
          [],
        ),
        sums: inner.sums,
      };
    },

    vjp: (upstream) => [scale(upstream, by, tex)],
  };
}
