import { atom, binding, compose, inside, number } from '../../expression.js';
import { apply, type Operation, type Value } from '../../graph.js';
import { cellRegion, formatShape, ShapeError, wholeRows, type Range, type Region } from '../../tensor.js';
import { constant, divide } from '../elementwise/divide.js';
import { inverseSquareRoot } from '../elementwise/inverse-square-root.js';
import { multiply } from '../elementwise/multiply.js';
import { subtract } from '../elementwise/subtract.js';
import { sumTo } from '../structure/spread.js';
import { rowSum } from './row-sum.js';
import { copyOf } from '../numbers.js';

/**
 * Layer normalisation over the last axis (Ba et al. 2016, eq. 4): (x − mean) / √(variance + ε) · weight + bias.
 * @param value (…, model)
 * @param weight (model)
 * @param bias (model)
 */
export function layerNorm(value: Value, weight: Value, bias: Value, epsilon: number): Value {
  return apply(operationFor(epsilon), [value, weight, bias]);
}

function moments(row: ArrayLike<number>, columns: number): { mean: number; variance: number } {
  let mean = 0;
  for (let at = 0; at < columns; at++) mean += (row[at] ?? 0) / columns;
  let variance = 0;
  for (let at = 0; at < columns; at++) variance += ((row[at] ?? 0) - mean) ** 2 / columns;
  return { mean, variance };
}

function operationFor(epsilon: number): Operation {
  const wholeRow = (columns: number): Range => ({ start: 0, end: columns });
  return {
    name: 'layer-norm',

    shape([shape = [], weight = [], bias = []]) {
      for (const each of [weight, bias]) {
        if (each.length !== 1 || each[0] !== shape.at(-1)) {
          throw new ShapeError(
            `A layer norm over ${formatShape(shape)} needs weight and bias of (${shape.at(-1)},), not ${formatShape(each)}.`,
          );
        }
      }
      return shape;
    },

    computes: wholeRows,
    reads: (region, [shape = []]): Region[] => {
      const columns = wholeRow(shape.at(-1) ?? 0);
      return [[...region.slice(0, -1), columns], [columns], [columns]];
    },

    evaluate([tensor, weight, bias]) {
      const columns = tensor?.shape.at(-1) ?? 1;
      const out = copyOf(tensor);
      for (let start = 0; start < out.length; start += columns) {
        const row = out.subarray(start, start + columns);
        const { mean, variance } = moments(row, columns);
        const scale = 1 / Math.sqrt(variance + epsilon);
        for (let at = 0; at < columns; at++) {
          row[at] = ((row[at] ?? 0) - mean) * scale * (weight?.data[at] ?? 1) + (bias?.data[at] ?? 0);
        }
      }
      return out;
    },

    onnx: (emitter, inputs) => emitter.node('LayerNormalization', inputs, { axis: -1, epsilon }),

    print(language, inputs) {
      const [value = atom(''), weight = atom(''), bias = atom('')] = inputs;
      switch (language) {
        case 'tex':
          return compose(`\\operatorname{LayerNorm}\\left(${value.text}\\right)`, binding.call, inputs);
        case 'numpy':
          return compose(
            `layer_norm(${value.text}, ${weight.text}, ${bias.text}, ${epsilon})`,
            binding.atom,
            inputs,
            [
              `def layer_norm(x, weight, bias, epsilon):
    mean = x.mean(axis=-1, keepdims=True)
    variance = x.var(axis=-1, keepdims=True)
    return (x - mean) / np.sqrt(variance + epsilon) * weight + bias`,
            ],
          );
        case 'pytorch':
          return compose(
            `torch.nn.functional.layer_norm(${value.text}, ${inside(weight, binding.atom, language)}.shape, ${weight.text}, ${bias.text}, ${epsilon})`,
            binding.atom,
            inputs,
          );
      }
    },

    async derive(cell) {
      const column = cell.index.at(-1) ?? 0;
      const columns = cell.shapes[0]?.at(-1) ?? 0;
      const row = cellRegion(cell.index.slice(0, -1));
      const [line, weight, bias] = await Promise.all([
        cell.line(0, [...row, wholeRow(columns)]),
        cell.scalar(1, [column]),
        cell.scalar(2, [column]),
      ]);
      const { mean, variance } = moments(line.values, columns);
      const value = line.values[column] ?? 0;
      const squares = line.values.map((each) => (each - mean) ** 2);
      return {
        value: ((value - mean) / Math.sqrt(variance + epsilon)) * weight.value + bias.value,
        numbers: compose(
          `\\frac{${number(value).text} - ${inside(number(mean), binding.atom, 'tex')}}{\\sqrt{${number(variance).text} + ${number(epsilon).text}}} \\cdot ${inside(weight.numbers, binding.atom, 'tex')} + ${inside(bias.numbers, binding.atom, 'tex')}`,
          binding.sum,
          [],
        ),
        sums: [
          {
            axis: line.axis,
            columns: [
              { tex: line.tex, values: line.values, total: mean * columns },
              { tex: '(x - \\bar x)^2', values: squares, total: variance * columns },
            ],
            picked: column,
          },
        ],
      };
    },

    vjp: (upstream, [value, weight, bias]) =>
      value === undefined || weight === undefined || bias === undefined
        ? []
        : gradients(upstream, value, weight, bias, epsilon),
  };
}

/** Those of x̂ ⊙ weight + bias, where x̂ = (x − mean) / √(variance + ε) and both moments depend on x. */
function gradients(upstream: Value, value: Value, weight: Value, bias: Value, epsilon: number): Value[] {
  const columns = value.shape.at(-1) ?? 1;
  const mean = (of: Value): Value => divide(rowSum(of), [constant(columns, 'd')]); // (…, 1)
  const centred = subtract(value, mean(value)); // (…, model)
  const scale = inverseSquareRoot(mean(multiply(centred, centred)), epsilon); // (…, 1)
  const normal = multiply(centred, scale); // (…, model)
  const inner = multiply(upstream, weight); // (…, model)
  const along = multiply(normal, mean(multiply(inner, normal))); // (…, model)
  return [
    multiply(subtract(subtract(inner, mean(inner)), along), scale), // (…, model)
    sumTo(multiply(upstream, normal), weight.shape), // (model)
    sumTo(upstream, bias.shape), // (model)
  ];
}
