import type { Parameter, ParameterValues } from '../../../src/engine/mechanisms/index.js';
import type { Shape, Tensor } from '../../../src/engine/tensor.js';
import { randomTensor } from './numbers.js';

export type Shapes = Readonly<Record<string, Shape>>;

/** Inputs for each mechanism that between them offer every parameter it has, with every choice. */
export const everyInput: Readonly<Record<string, readonly Shapes[]>> = {
  'scaled-dot-product': [
    { Q: [3, 4], K: [5, 4], V: [5, 4] },
    {
      ...{ Q: [4, 3, 4], K: [2, 5, 4], V: [2, 5, 2], relative_bias: [32, 4], sinks: [4], bias: [4, 3, 5] },
      ...{ padding: [5], mask: [3, 5] },
    },
    { Q: [4, 3, 4], K: [2, 3, 4], V: [2, 3, 2], past_K: [2, 2, 4], past_V: [2, 2, 2], mask: [4, 1, 5] },
    { Q: [3, 4], K: [5, 4], V: [5, 4], lengths: [1], mask: [5], keep: [1, 5], bias: [5] },
    { Q: [3, 4], K: [5, 4], V: [5, 2], relative_bias: [6, 1], sinks: [1], bias: [3, 5], keep: [3, 5] },
    { scores: [2, 3, 5], V: [2, 5, 2], padding: [5] },
    { weights: [3, 5], V: [5, 2] },
  ],
  'multi-head': [
    {
      X: [4, 8],
      W_Q: [8, 8],
      W_K: [8, 8],
      W_V: [8, 8],
      W_O: [8, 6],
      b_Q: [8],
      b_K: [8],
      b_V: [8],
      b_O: [6],
      mask: [4, 4],
    },
    {
      ...{ Xq: [3, 4], Xkv: [5, 6], W_Q: [4, 8], W_K: [6, 4], W_V: [6, 4] },
      ...{ relative_bias: [8, 4], sinks: [4], bias: [3, 5], padding: [5], keep: [3, 5], lengths: [1] },
    },
  ],
  hard: [
    { Q: [3, 4], K: [5, 4], V: [5, 4], reward: [3, 5], relative_bias: [8, 1], bias: [3, 5], mask: [3, 5] },
    { Q: [4, 3, 4], K: [2, 5, 4], V: [2, 5, 2], padding: [5], keep: [3, 5], lengths: [1] },
    { Q: [3, 4], K: [3, 4], V: [3, 4], past_K: [2, 4], past_V: [2, 4] },
    { scores: [3, 5], reward: [3, 5] },
  ],
  bahdanau: [
    { S: [3, 4], H: [5, 6], W_a: [4, 7], U_a: [6, 7], v_a: [7], padding: [5], mask: [3, 5], lengths: [1] },
    { S: [3, 4], H: [5, 6], W_a: [4, 7], U_a: [6, 7], v_a: [7], keep: [3, 5] },
  ],
  luong: [
    { S: [3, 4], H: [5, 4], W_a: [4, 4], W_c: [8, 3], mask: [3, 5], lengths: [1] },
    { S: [3, 4], H: [5, 6], W_a: [10, 7], v_a: [7], padding: [5], keep: [3, 5] },
  ],
  'luong-local': [
    { S: [3, 4], H: [9, 4], W_a: [4, 4], keep: [3, 9], lengths: [1] },
    {
      S: [3, 4],
      H: [9, 4],
      W_a: [8, 3],
      v_a: [3],
      W_p: [4, 5],
      v_p: [5],
      W_c: [8, 3],
      padding: [9],
      mask: [3, 9],
    },
  ],
  linear: [
    { Q: [3, 4], K: [5, 4], V: [5, 4] },
    { Q: [4, 5, 4], K: [2, 5, 4], V: [2, 5, 3] },
    { Q: [3, 4], K: [3, 4], V: [3, 4], past_K: [2, 4], past_V: [2, 4] },
  ],
};

/** The standard values, and every value of every parameter, a number's least, standard and most, with what makes it count. */
export function everyVariant(parameters: readonly Parameter[], shapes: Shapes): ParameterValues[] {
  return [
    {},
    ...parameters.flatMap((parameter) => {
      const { name, when } = parameter;
      // No mechanism is told anything in words.
      if (parameter.kind === 'text') return [];
      const values =
        parameter.kind === 'choice'
          ? parameter.choices.map(({ value }) => value)
          : [...new Set([parameter.minimum, parameter.default, parameter.maximum])];
      const conditions: ParameterValues[] =
        when === undefined ? [{}] : when.is.map((is) => ({ [when.parameter]: is }));
      return values.flatMap((value) =>
        conditions.map((condition) => ({ ...condition, ...headsFor(name, value, shapes), [name]: value })),
      );
    }),
  ];
}

/** So many key/value heads there are only with the heads that the widths of W_Q and W_K then give. */
function headsFor(name: string, value: string | number, { W_Q, W_K }: Shapes): ParameterValues {
  if (name !== 'kvHeads' || value === 'auto') return {};
  return { heads: String((Number(value) * (W_Q?.[1] ?? 1)) / (W_K?.[1] ?? 1)) };
}

/** Numbers for an input: a mask keeps some keys, and each query’s first. */
export function numbersFor(name: string, shape: Shape, next: () => number): Tensor<Float64Array> {
  const { data } = randomTensor(shape, next);
  const columns = shape.at(-1) ?? 1;
  const kept = (each: number, at: number): boolean => at % columns === 0 || each < 0.8;
  switch (name) {
    case 'padding':
    case 'keep':
      return { shape, data: data.map((each, at) => (kept(each, at) ? 1 : 0)) };
    case 'lengths':
      return { shape, data: data.map(() => 4) };
    case 'mask':
      return { shape, data: data.map((each, at) => (kept(each, at) ? each : -Infinity)) };
    case 'weights':
      return { shape, data: data.map((each) => (each + 2) / 4 / columns) };
    default:
      return { shape, data };
  }
}
