import type { Change, Slip } from '../slip.js';

/** Scores divided by something else than they should be. */
function scalingBy(
  id: string,
  ways: (known: {
    size: number;
    divisor: number;
    heads: number;
  }) => readonly { readonly by: number; readonly title: string; readonly rank: number }[],
): Slip {
  return {
    id,
    changes({ size, divisor, formula: { heads }, values }) {
      if (!values.has('scaling')) return [];
      return ways({ size, divisor, heads })
        .filter(({ by }) => Math.abs(by / divisor - 1) > 1e-9 && by >= 1e-6 && by <= 1e6)
        .map(({ by, title, rank }): Change => ({
          title,
          group: 'scaling',
          rank,
          draft: (draft) => ({
            ...draft,
            parameters: {
              ...draft.parameters,
              ...(by === 1 ? { scaling: 'none' } : { scaling: 'number', divisor: by }),
            },
          }),
        }));
    },
  };
}

export const noScaling = scalingBy('no-scaling', () => [
  { by: 1, title: 'The scores are not scaled', rank: 1 },
]);

export const modelScaling = scalingBy('model-scaling', ({ size, heads }) => [
  {
    by: Math.sqrt(size * heads),
    title: `The scores are divided by √d_model = √${size * heads} instead of √d_k`,
    rank: 1,
  },
]);

export const scalingTwice = scalingBy('scaling-twice', ({ divisor }) => [
  {
    by: divisor * divisor,
    title: `The scores are scaled twice: divided by ${short(divisor * divisor)} instead of ${short(divisor)}`,
    rank: 1,
  },
]);

export const scalingInverted = scalingBy('scaling-inverted', ({ divisor }) => [
  { by: 1 / divisor, title: `The scores are multiplied by ${short(divisor)} instead of divided`, rank: 2 },
]);

export const scalingAdded = scalingBy('scaling-added', ({ size, divisor }) =>
  divisor === 1 ? [{ by: Math.sqrt(size), title: 'The scores are divided by √d_k', rank: 0 }] : [],
);

function short(value: number): string {
  return String(Number(value.toPrecision(4)));
}
