import type { Tensor } from '../../../engine/tensor.js';
import type { Change, Slip } from '../slip.js';

export const biasMissing: Slip = {
  id: 'bias-missing',
  changes({ draft: { inputs } }) {
    const given = ['b_Q', 'b_K', 'b_V', 'b_O'].filter((name) =>
      inputs.get(name)?.data.some((each) => each !== 0),
    );
    // Projections without any bias, or with that of the output alone (qkv_bias=False).
    const inputsOnly = given.filter((name) => name !== 'b_O');
    const sets = [
      ...given.map((name) => [name]),
      ...pairsOf(inputsOnly),
      ...(inputsOnly.length > 2 ? [inputsOnly] : []),
      ...(given.length > inputsOnly.length && given.length > 1 ? [given] : []),
    ];
    return sets.map((left): Change => {
      const all = left.length === given.length && left.length > 1;
      const listed =
        left.length === 1
          ? `The bias ${left[0] ?? ''} is`
          : `${all ? 'All biases' : 'The biases'} (${left.join(', ')}) are`;
      return {
        title: `${listed} left out`,
        group: 'bias',
        // A b_K changes no weights: with it or without, all of them is the more usual.
        rank: left.length === 2 && !all ? 2 : 1,
        draft: (draft) => ({
          ...draft,
          inputs: new Map([...draft.inputs].filter(([name]) => !left.includes(name))),
        }),
      };
    });
  },
};

function pairsOf(names: readonly string[]): string[][] {
  return names.flatMap((first, at) => names.slice(at + 1).map((second) => [first, second]));
}

export const weightsTransposed: Slip = {
  id: 'weights-transposed',
  changes({ draft: { inputs } }) {
    const square = ['W_Q', 'W_K', 'W_V', 'W_O'].filter((name) => {
      const [a, b] = inputs.get(name)?.shape ?? [];
      return a !== undefined && a === b && a > 1;
    });
    if (square.length === 0) return [];
    const turned = new Map(
      square.flatMap((name) => {
        const tensor = inputs.get(name);
        return tensor === undefined ? [] : [[name, transposed(tensor)] as const];
      }),
    );
    const change = (names: readonly string[], rank: number): Change => ({
      title: `${names.join(', ')} multipl${names.length === 1 ? 'ies' : 'y'} as (out, in) where (in, out) was given, or the other way round`,
      group: 'layout',
      rank,
      draft: (draft) => ({
        ...draft,
        inputs: new Map(
          [...draft.inputs].map(([name, own]) => [
            name,
            names.includes(name) ? (turned.get(name) ?? own) : own,
          ]),
        ),
      }),
    });
    const projections = square.filter((name) => name !== 'W_O');
    return [
      change(square, 1),
      ...(projections.length > 0 && projections.length < square.length
        ? [change(projections, 2), change(['W_O'], 2)]
        : []),
    ];
  },
};

/** So many rows and columns are turned together: both then lie near each other in memory. */
const block = 32;

function transposed({ shape, data }: Tensor): Tensor<Float64Array> {
  const [rows = 0, columns = 0] = shape;
  const turned = new Float64Array(data.length);
  for (let top = 0; top < rows; top += block) {
    for (let left = 0; left < columns; left += block) {
      const [bottom, right] = [Math.min(rows, top + block), Math.min(columns, left + block)];
      for (let row = top; row < bottom; row++) {
        for (let column = left; column < right; column++) {
          turned[column * rows + row] = data[row * columns + column] ?? 0;
        }
      }
    }
  }
  return { shape: [columns, rows], data: turned };
}
