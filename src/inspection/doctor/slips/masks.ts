import { input, inputsOf, label, positions, sorted, type Value } from '../../../engine/graph.js';
import { add, full, multiply, replace } from '../../../engine/ops/index.js';
import type { Tensor } from '../../../engine/tensor.js';
import { after, fed, need, renamed, without, type Formula } from '../formula.js';
import type { Change, Slip } from '../slip.js';

/** A mask: 1 where a query may attend to a key, else 0. // (query, key) or (head, query, key) */
export type Keep = Tensor<Float64Array>;

/** Whether a step of masked scores is one that masks them. */
export function isMask({ label: own }: Value): boolean {
  return own?.step?.role === 'masked' || own?.name === 'windowed';
}

/** The formula without any of its masks. */
export function unmasked(formula: Formula): Formula {
  const masked = formula.steps.find(isMask);
  return masked === undefined ? formula : unmasked(without(formula, masked));
}

/** What the weights are the softmax of. */
export function logitsOf(formula: Formula): Value {
  const weights = need(formula, 'weights');
  const [logits] = inputsOf(weights);
  const step = formula.steps.find((each) => each.origin === logits?.origin);
  return step ?? weights;
}

const axes = ['head', 'query', 'key'] as const;

/** How programs write what is masked: −∞, or the most negative number that there is, by which rows without any key stay finite. */
type Fill = 'infinite' | 'finite';

const leastNumber = -3.4028234663852886e38;

/** The formula with this mask in place of its own. */
export function masked(formula: Formula, keep: Keep, fill: Fill = 'infinite'): Formula {
  const bare = unmasked(formula);
  const logits = logitsOf(bare);
  const leaf = label(input(keep.shape), {
    name: 'mask_as_read',
    symbol: fill === 'infinite' ? "M'" : "\\bar{M}'",
    axes: axes.slice(3 - keep.shape.length),
  });
  const note =
    fill === 'infinite'
      ? 'The mask as it is read here: −∞ takes a key away from a query.'
      : 'The mask as it is read here: where it is 1, the score becomes the most negative number of float32.';
  const added = after(bare, logits, (before) => {
    const own = renamed(before, { name: 'masked', symbol: '\\hat{S}', title: 'Masked', note });
    const value =
      fill === 'infinite' ? add(before, leaf) : replace(before, leaf, full(positions(1), leastNumber));
    return label(value, { ...own, step: { ...own.step, phase: 'score', role: 'masked' } });
  });
  const away = fill === 'infinite' ? -Infinity : 1;
  return fed(added, leaf, { shape: keep.shape, data: keep.data.map((each) => (each === 0 ? away : 0)) });
}

/** The formula with the mask that it has, whichever that is, in finite numbers; itself where it has none. */
export function finitelyMasked(formula: Formula, own: Keep | undefined): Formula {
  if (!formula.steps.some(isMask)) return formula;
  const read = sorted(formula.steps).find(({ label: name }) => name?.name === 'mask_as_read');
  const added = read === undefined ? undefined : formula.feeds.get(read.origin);
  const keep =
    added === undefined
      ? own
      : { shape: added.shape, data: Float64Array.from(added.data, (each) => (each === 0 ? 1 : 0)) };
  return keep === undefined ? formula : masked(formula, keep, 'finite');
}

const change = (title: string, rank: number, formula: Change['formula']): Change => ({
  title,
  group: 'mask',
  rank,
  ...(formula === undefined ? {} : { formula }),
});

/** A mask whose cells are those of another, moved or turned. */
export function moved(
  keep: Keep,
  from: (row: number, column: number) => number | readonly [number, number],
): Keep {
  const [n = 0, m = 0] = keep.shape.slice(-2);
  return {
    shape: keep.shape,
    data: keep.data.map((_, at) => {
      const within = at % (n * m);
      const place = from(Math.floor(within / m), within % m);
      if (typeof place === 'number') return place;
      const [row, column] = place;
      return keep.data[at - within + row * m + column] ?? 0;
    }),
  };
}

/** How far the diagonal of a causal mask lies from the main one: key ≤ query + offset; undefined for other masks. */
export function diagonalOf({ shape, data }: Keep): number | undefined {
  const [n = 0, m = 0] = shape.slice(-2);
  const first = data.subarray(0, m).lastIndexOf(1);
  const offset = first < 0 ? -1 - data.subarray(0, n * m).findIndex((each) => each === 1) / m : first;
  if (!Number.isInteger(offset)) return undefined;
  const isCausal = data.every((each, at) => {
    const within = at % (n * m);
    return (each === 1) === within % m <= Math.floor(within / m) + offset;
  });
  return isCausal && data.includes(0) ? offset : undefined;
}

export const maskOmitted: Slip = {
  id: 'mask-omitted',
  changes: ({ keep }) =>
    keep?.data.includes(0) === true ? [change('The mask is left out', 1, unmasked)] : [],
};

export const maskInverted: Slip = {
  id: 'mask-inverted',
  changes({ keep }) {
    if (keep?.data.includes(0) !== true) return [];
    const inverted = { ...keep, data: keep.data.map((each) => 1 - each) };
    return [
      change('The mask is inverted: what should be kept is masked', 1, (formula) =>
        masked(formula, inverted),
      ),
    ];
  },
};

export const maskTransposed: Slip = {
  id: 'mask-transposed',
  changes({ keep }) {
    const [n, m] = keep?.shape.slice(-2) ?? [];
    if (keep?.data.includes(0) !== true || n !== m) return [];
    const turned = moved(keep, (row, column) => [column, row]);
    if (turned.data.every((each, at) => each === keep.data[at])) return [];
    return [
      change('The mask is transposed: queries and keys are exchanged in it', 2, (formula) =>
        masked(formula, turned),
      ),
    ];
  },
};

export const maskShifted: Slip = {
  id: 'mask-shifted',
  changes({ keep }) {
    if (keep?.data.includes(0) !== true) return [];
    const [n = 0, m = 0] = keep.shape.slice(-2);
    const diagonal = diagonalOf(keep);
    const shifted = ([1, -1] as const).map((by): Change => {
      const to = moved(keep, (row, column) => {
        if (diagonal !== undefined) return column <= row + diagonal + by ? 1 : 0;
        return [row, Math.min(m - 1, Math.max(0, column - by))];
      });
      const title =
        by > 0
          ? 'The mask is off by one: one key more is seen at its edge'
          : 'The mask is off by one: one key fewer is seen at its edge';
      return change(title, 1, (formula) => masked(formula, to));
    });
    if (diagonal === undefined || n === m) return shifted;
    const other = diagonal === 0 ? m - n : 0;
    const aligned = moved(keep, (row, column) => (column <= row + other ? 1 : 0));
    const where = other === 0 ? 'start' : 'end';
    return [
      ...shifted,
      change(`The causal mask is aligned to the ${where} of the keys`, 1, (formula) =>
        masked(formula, aligned),
      ),
    ];
  },
};

export const maskAfterSoftmax: Slip = {
  id: 'mask-after-softmax',
  changes({ keep }) {
    if (keep?.data.includes(0) !== true) return [];
    return [
      change(
        'The mask is applied after the softmax: the rest of each row does not sum to 1',
        1,
        (formula) => {
          const bare = unmasked(formula);
          const weights = need(bare, 'weights');
          const leaf = label(input(keep.shape), {
            name: 'kept',
            symbol: 'M',
            axes: axes.slice(3 - keep.shape.length),
          });
          return fed(
            multiplied(bare, weights, leaf, 'The weights times the mask of ones and zeros.'),
            leaf,
            keep,
          );
        },
      ),
    ];
  },
};

/** The weights times something, as the weights; those before are a step of their own. */
export function multiplied(formula: Formula, weights: Value, by: Value, note: string): Formula {
  const plain = label(weights, {
    ...renamed(weights, {
      name: 'softmax',
      symbol: '\\tilde{A}',
      element: '\\tilde{a}',
      title: 'Softmax',
      note: 'Each row as shares that sum to 1, before anything is done to them.',
    }),
  });
  const own = renamed(weights, { title: 'Weights', note });
  const changed = label(multiply(plain, by), { ...own, step: { ...own.step, role: 'weights' } });
  const bare = after(formula, weights, () => changed);
  return { ...bare, steps: bare.steps.map((each) => (each === weights ? plain : each)) };
}

export const maskAdded: Slip = {
  id: 'causal',
  changes({ keep, formula: { queries, keys } }) {
    if (keep?.data.includes(0) === true || keys < 2) return [];
    const offsets = queries === keys ? [0] : [0, keys - queries];
    return offsets
      .filter((offset) => offset >= 0)
      .map((offset) => {
        const shape = [queries, keys];
        const data = Float64Array.from({ length: queries * keys }, (_, at) =>
          at % keys <= Math.floor(at / keys) + offset ? 1 : 0,
        );
        const where =
          offsets.length === 1 ? '' : `, aligned to the ${offset === 0 ? 'start' : 'end'} of the keys`;
        return change(`A causal mask is applied${where}`, 0, (formula) => masked(formula, { shape, data }));
      });
  },
};
