import { atom, binding, compose, inside, number } from '../../expression.js';
import { apply, type Operation, type Value } from '../../graph.js';
import { cellRegion, formatShape, ShapeError, wholeRows, type Range, type Region } from '../../tensor.js';
import { add } from '../elementwise/add.js';
import { constant, divide } from '../elementwise/divide.js';
import { inverseSquareRoot } from '../elementwise/inverse-square-root.js';
import { multiply } from '../elementwise/multiply.js';
import { subtract } from '../elementwise/subtract.js';
import { sumTo } from '../structure/spread.js';
import { rowSum } from './row-sum.js';
import { copyOf } from '../numbers.js';

/**
 * Root-mean-square normalisation over the last axis (Zhang & Sennrich 2019, eq. 4): x / √(mean(x²) + ε) · weight.
 * @param value (…, model)
 * @param weight (model)
 * @param offset what is added to the weight: 1 where it is kept as its distance from 1, as Gemma does
 */
export function rmsNorm(value: Value, weight: Value, epsilon: number, offset: 0 | 1 = 0): Value {
  return apply(operationFor(epsilon, offset), [value, weight]);
}

function meanSquare(row: ArrayLike<number>, columns: number): number {
  let mean = 0;
  for (let at = 0; at < columns; at++) mean += (row[at] ?? 0) ** 2 / columns;
  return mean;
}

function operationFor(epsilon: number, offset: 0 | 1): Operation {
  const wholeRow = (columns: number): Range => ({ start: 0, end: columns });
  return {
    name: 'rms-norm',

    shape([shape = [], weight = []]) {
      if (weight.length !== 1 || weight[0] !== shape.at(-1)) {
        throw new ShapeError(
          `A root-mean-square norm over ${formatShape(shape)} needs a weight of (${shape.at(-1)},), not ${formatShape(weight)}.`,
        );
      }
      return shape;
    },

    computes: wholeRows,
    reads: (region, [shape = []]): Region[] => {
      const columns = wholeRow(shape.at(-1) ?? 0);
      return [[...region.slice(0, -1), columns], [columns]];
    },

    evaluate([tensor, weight]) {
      const columns = tensor?.shape.at(-1) ?? 1;
      const out = copyOf(tensor);
      for (let start = 0; start < out.length; start += columns) {
        const row = out.subarray(start, start + columns);
        const scale = 1 / Math.sqrt(meanSquare(row, columns) + epsilon);
        for (let at = 0; at < columns; at++) {
          row[at] = (row[at] ?? 0) * scale * ((weight?.data[at] ?? 1) + offset);
        }
      }
      return out;
    },

    onnx(emitter, [value = '', weight = '']) {
      const squares = emitter.node('Mul', [value, value]);
      const mean = emitter.node('ReduceMean', [squares, emitter.integers([-1], [1])], { keepdims: 1 });
      const root = emitter.node('Sqrt', [emitter.node('Add', [mean, emitter.floats([epsilon], [])])]);
      const factor = offset === 0 ? weight : emitter.node('Add', [weight, emitter.floats([offset], [])]);
      return emitter.node('Mul', [emitter.node('Div', [value, root]), factor]);
    },

    print(language, inputs) {
      const [value = atom(''), weight = atom('')] = inputs;
      if (language === 'tex') {
        return compose(`\\operatorname{RMSNorm}\\left(${value.text}\\right)`, binding.call, inputs);
      }
      const factor = offset === 0 ? weight.text : `${offset} + ${inside(weight, binding.sum, language)}`;
      const mean =
        language === 'numpy' ? '(x ** 2).mean(axis=-1, keepdims=True)' : '(x ** 2).mean(-1, keepdim=True)';
      const root = language === 'numpy' ? `np.sqrt(${mean} + epsilon)` : `torch.sqrt(${mean} + epsilon)`;
      return compose(`rms_norm(${value.text}, ${factor}, ${epsilon})`, binding.atom, inputs, [
        `def rms_norm(x, weight, epsilon):\n    return x / ${root} * weight`,
      ]);
    },

    async derive(cell) {
      const column = cell.index.at(-1) ?? 0;
      const columns = cell.shapes[0]?.at(-1) ?? 0;
      const row = cellRegion(cell.index.slice(0, -1));
      const [line, weight] = await Promise.all([
        cell.line(0, [...row, wholeRow(columns)]),
        cell.scalar(1, [column]),
      ]);
      const mean = meanSquare(line.values, columns);
      const value = line.values[column] ?? 0;
      const factor = inside(weight.numbers, offset === 0 ? binding.atom : binding.sum, 'tex');
      return {
        value: (value / Math.sqrt(mean + epsilon)) * (weight.value + offset),
        numbers: compose(
          `\\frac{${number(value).text}}{\\sqrt{${number(mean).text} + ${number(epsilon).text}}} \\cdot ${offset === 0 ? factor : `\\left(${offset} + ${factor}\\right)`}`,
          binding.product,
          [],
        ),
        sums: [
          {
            axis: line.axis,
            columns: [
              { tex: line.tex, values: line.values },
              { tex: 'x^2', values: line.values.map((each) => each ** 2), total: mean * columns },
            ],
            picked: column,
          },
        ],
      };
    },

    vjp: (upstream, [value, weight]) =>
      value === undefined || weight === undefined
        ? []
        : gradients(upstream, value, weight, { epsilon, offset }),
  };
}

/** Those of x̂ ⊙ (weight + offset), where x̂ = x / √(mean(x²) + ε) and the mean depends on x. */
function gradients(
  upstream: Value,
  value: Value,
  weight: Value,
  { epsilon, offset }: { epsilon: number; offset: 0 | 1 },
): Value[] {
  const columns = value.shape.at(-1) ?? 1;
  const mean = (of: Value): Value => divide(rowSum(of), [constant(columns, 'd')]); // (…, 1)
  const scale = inverseSquareRoot(mean(multiply(value, value)), epsilon); // (…, 1)
  const normal = multiply(value, scale); // (…, model)
  const weighted = multiply(upstream, weight); // (…, model)
  const inner = offset === 0 ? weighted : add(weighted, upstream); // (…, model)
  const along = multiply(normal, mean(multiply(inner, normal))); // (…, model)
  return [
    multiply(subtract(inner, along), scale), // (…, model)
    sumTo(multiply(upstream, normal), weight.shape), // (model)
  ];
}
