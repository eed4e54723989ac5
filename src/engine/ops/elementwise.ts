import { atom, compose, type Binding, type Expression, type Language } from '../expression.js';
import { apply, type OnnxEmitter, type Operation, type Value } from '../graph.js';

/** A function of one number that is applied to every entry. */
export interface Elementwise {
  readonly name: string;
  readonly attributes?: Operation['attributes'];
  compute(x: number): number;
  onnx(emitter: OnnxEmitter, input: string): string;
  print(
    language: Language,
    inner: Expression,
  ): { text: string; binding: Binding; prelude?: readonly string[] };
  /** The gradient at x, from the gradient of the result. */
  vjp(upstream: Value, x: Value, result: Value): Value;
}

/** Applies a function of one number to every entry of a value. */
export function elementwise(value: Value, each: Elementwise): Value {
  return apply(operationFor(each), [value]);
}

function operationFor(each: Elementwise): Operation {
  const print = (language: Language, inner: Expression): Expression => {
    const { text, binding, prelude } = each.print(language, inner);
    return compose(text, binding, [inner], prelude);
  };
  return {
    name: each.name,
    ...(each.attributes === undefined ? {} : { attributes: each.attributes }),
    shape: ([shape = []]) => shape,
    reads: (region) => [region],
    evaluate: ([tensor]) => Float64Array.from(tensor?.data ?? [], (x) => each.compute(x)),
    onnx: (emitter, [input = '']) => each.onnx(emitter, input),
    print: (language, [inner = atom('')]) => print(language, inner),

    async derive(cell) {
      const inner = await cell.scalar(0, cell.index);
      const { symbolic } = inner;
      return {
        value: each.compute(inner.value),
        ...(symbolic === undefined ? {} : { symbolic: print('tex', atom(symbolic)).text }),
        numbers: print('tex', inner.numbers),
        sums: inner.sums,
        ...(inner.remark === undefined ? {} : { remark: inner.remark }),
      };
    },

    vjp: (upstream, [x], result) => [x && each.vjp(upstream, x, result)],
  };
}
