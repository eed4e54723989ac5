import { need, without } from '../formula.js';
import type { Change, Known, Slip } from '../slip.js';

const names = { neighbours: 'interleaved (neighbouring pairs)', halves: 'half-split' } as const;
/** Those of the paper and of models that are widely used. */
const bases = [10_000, 500_000, 1_000_000, 100, 1000, 5000, 100_000, 5_000_000, 10_000_000] as const;

function turning(title: string, rank: number, rotary: string, rotaryBase?: number): Change {
  return {
    title,
    group: 'rotary',
    rank,
    draft: (draft) => ({
      ...draft,
      parameters: { ...draft.parameters, rotary, ...(rotaryBase === undefined ? {} : { rotaryBase }) },
    }),
  };
}

function pairsOf({ values }: Known): 'neighbours' | 'halves' | 'none' | undefined {
  const rotary = values.get('rotary');
  return rotary === 'neighbours' || rotary === 'halves' || rotary === 'none' ? rotary : undefined;
}

export const rotaryPairs: Slip = {
  id: 'rotary-pairs',
  changes(known) {
    const pairs = pairsOf(known);
    if (pairs === undefined || pairs === 'none' || known.size < 4) return [];
    const other = pairs === 'halves' ? 'neighbours' : 'halves';
    return [turning(`The rotary embedding is ${names[other]} instead of ${names[pairs]}`, 1, other)];
  },
};

export const rotaryBase: Slip = {
  id: 'rotary-base',
  changes(known) {
    const pairs = pairsOf(known);
    const own = known.values.get('rotaryBase');
    if (pairs === undefined || pairs === 'none' || typeof own !== 'number' || known.size < 4) return [];
    return bases
      .filter((base) => base !== own)
      .map((base) => turning(`The rotary base is ${base} instead of ${own}`, 1, pairs, base));
  },
};

export const rotaryOmitted: Slip = {
  id: 'rotary-omitted',
  changes(known) {
    const pairs = pairsOf(known);
    if (pairs === undefined || pairs === 'none') return [];
    return [
      turning('The rotary embedding is left out', 1, 'none'),
      ...(['Q', 'K'] as const).map((name): Change => ({
        title: `The rotary embedding is left out for ${name === 'Q' ? 'the queries' : 'the keys'}`,
        group: 'rotary',
        rank: 2,
        formula: (formula) => without(formula, need(formula, `rotated_${name}`)),
      })),
    ];
  },
};

export const rotaryAdded: Slip = {
  id: 'rotary-added',
  changes(known) {
    if (pairsOf(known) !== 'none') return [];
    return (['halves', 'neighbours'] as const).flatMap((pairs) =>
      bases
        .slice(0, 3)
        .map((base) =>
          turning(`A rotary embedding is applied, ${names[pairs]}, with base ${base}`, 0, pairs, base),
        ),
    );
  },
};
