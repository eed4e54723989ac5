import { atom, compose, type Binding, type Expression, type Language } from '../expression.js';
import { apply, type OnnxEmitter, type Operation, type Value } from '../graph.js';
import { broadcastEvaluate, broadcastIndex, broadcastRegion, broadcastShape } from './broadcast.js';
import { sumTo } from './structure/spread.js';

/** An expression whose definitions, but for its own, come from its operands. */
interface Written {
  readonly text: string;
  readonly binding: Binding;
  readonly prelude?: readonly string[];
}

/** A function of one number that is applied to every entry. */
export interface Unary {
  readonly name: string;
  readonly attributes?: Operation['attributes'];
  compute(x: number): number;
  onnx(emitter: OnnxEmitter, x: string): string;
  print(language: Language, x: Expression): Written;
  /** The gradient at x, from the gradient of the result. */
  vjp(upstream: Value, x: Value, result: Value): Value;
}

/** A function of two numbers that is applied to every pair of entries. */
export interface Binary {
  readonly name: string;
  compute(a: number, b: number): number;
  onnx(emitter: OnnxEmitter, a: string, b: string): string;
  print(language: Language, a: Expression, b: Expression): Written;
  /** One cell in TeX, where that is written in another way than the whole. */
  printCell?(a: Expression, b: Expression): Written;
  remark?(a: number, b: number): string | undefined;
  /** The gradients at a and at b, each of the result's shape, from the gradient of the result. */
  vjp(upstream: Value, a: Value, b: Value): readonly [Value, Value];
}

/** Applies a function of one number to every entry of a value. */
export function unary(value: Value, each: Unary): Value {
  const general: Elementwise = {
    name: each.name,
    ...(each.attributes === undefined ? {} : { attributes: each.attributes }),
    compute: (numbers) => each.compute(numbers[0] ?? 0),
    onnx: (emitter, [x = '']) => each.onnx(emitter, x),
    print: (language, [x = atom('')]) => each.print(language, x),
    printCell: ([x = atom('')]) => each.print('tex', x),
    vjp: (upstream, [x], result) => [x && each.vjp(upstream, x, result)],
  };
  return apply(operationFor(general), [value]);
}

/** Applies a function of two numbers entry by entry, the smaller value repeated along the axes it lacks. */
export function binary(left: Value, right: Value, each: Binary): Value {
  const general: Elementwise = {
    name: each.name,
    compute: (numbers) => each.compute(numbers[0] ?? 0, numbers[1] ?? 0),
    onnx: (emitter, [a = '', b = '']) => each.onnx(emitter, a, b),
    print: (language, [a = atom(''), b = atom('')]) => each.print(language, a, b),
    printCell: ([a = atom(''), b = atom('')]) => each.printCell?.(a, b) ?? each.print('tex', a, b),
    remark: ([a = 0, b = 0]) => each.remark?.(a, b),
    vjp: (upstream, [a, b]) => (a === undefined || b === undefined ? [] : each.vjp(upstream, a, b)),
  };
  return apply(operationFor(general), [left, right]);
}

/** A function of as many numbers as there are inputs. */
interface Elementwise {
  readonly name: string;
  readonly attributes?: Operation['attributes'];
  compute(numbers: readonly number[]): number;
  onnx(emitter: OnnxEmitter, inputs: readonly string[]): string;
  print(language: Language, inputs: readonly Expression[]): Written;
  printCell(inputs: readonly Expression[]): Written;
  remark?(numbers: readonly number[]): string | undefined;
  vjp(upstream: Value, inputs: readonly Value[], result: Value): readonly (Value | undefined)[];
}

function operationFor(each: Elementwise): Operation {
  const composed = (written: Written, inputs: readonly Expression[]): Expression =>
    compose(written.text, written.binding, inputs, written.prelude);
  return {
    name: each.name,
    ...(each.attributes === undefined ? {} : { attributes: each.attributes }),
    shape: broadcastShape,
    reads: (region, shapes) => shapes.map((shape) => broadcastRegion(region, shape)),
    evaluate: (inputs, shape) => broadcastEvaluate(inputs, shape, (numbers) => each.compute(numbers)),
    onnx: (emitter, inputs) => each.onnx(emitter, inputs),
    print: (language, inputs) => composed(each.print(language, inputs), inputs),

    async derive(cell) {
      const operands = await Promise.all(
        cell.shapes.map((shape, input) => cell.scalar(input, broadcastIndex(cell.index, shape))),
      );
      const numbers = operands.map(({ numbers }) => numbers);
      const values = operands.map(({ value }) => value);
      const symbols = operands.flatMap(({ symbolic }) => (symbolic === undefined ? [] : [atom(symbolic)]));
      // What is said of an only operand holds for the result.
      const remark = each.remark?.(values) ?? (operands.length === 1 ? operands[0]?.remark : undefined);
      return {
        value: each.compute(values),
        ...(symbols.length < operands.length ? {} : { symbolic: each.printCell(symbols).text }),
        numbers: composed(each.printCell(numbers), numbers),
        sums: operands.flatMap(({ sums }) => sums),
        ...(remark === undefined ? {} : { remark }),
      };
    },

    vjp: (upstream, inputs, result) =>
      each.vjp(upstream, inputs, result).map((own, at) => own && sumTo(own, inputs[at]?.shape ?? [])),
  };
}
