import type { Tensor } from '../../../engine/tensor.js';
import type { Change, Slip } from '../slip.js';

export const biasMissing: Slip = {
  id: 'bias-missing',
  changes({ draft: { inputs } }) {
    const given = ['b_Q', 'b_K', 'b_V', 'b_O'].filter((name) =>
      inputs.get(name)?.data.some((each) => each !== 0),
    );
    const sets = [...given.map((name) => [name]), ...(given.length > 1 ? [given] : [])];
    return sets.map((left): Change => {
      const listed =
        left.length === 1 ? `The bias ${left[0] ?? ''} is` : `All biases (${left.join(', ')}) are`;
      return {
        title: `${listed} left out`,
        group: 'bias',
        rank: 1,
        draft: (draft) => ({
          ...draft,
          inputs: new Map([...draft.inputs].filter(([name]) => !left.includes(name))),
        }),
      };
    });
  },
};

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

function transposed({ shape, data }: Tensor): Tensor<Float64Array> {
  const [rows = 0, columns = 0] = shape;
  const turned = new Float64Array(data.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      turned[column * rows + row] = data[row * columns + column] ?? 0;
    }
  }
  return { shape: [columns, rows], data: turned };
}
