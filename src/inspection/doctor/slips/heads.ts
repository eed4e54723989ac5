import { inputsOf, type Value } from '../../../engine/graph.js';
import { concat, rearrange } from '../../../engine/ops/index.js';
import { inPlaceOf, madeBy, swap, type Formula } from '../formula.js';
import type { Slip } from '../slip.js';

/** Every value that an operator gives, made in another way. */
function remade(
  formula: Formula,
  operator: string,
  make: (from: Value, shape: Value['shape']) => Value,
): Formula {
  return madeBy(formula, operator).reduce((changed, _, at) => {
    // Looked up anew: an earlier change has made later values anew. The first ones are no longer made by the operator.
    const value = madeBy(changed, operator)[0];
    if (value === undefined || at > 8) return changed;
    const [from] = inputsOf(value);
    return from === undefined ? changed : swap(changed, value, inPlaceOf(value, make(from, value.shape)));
  }, formula);
}

export const headsInterleaved: Slip = {
  id: 'heads-interleaved',
  changes({ formula }) {
    if (formula.heads < 2 || madeBy(formula, 'split-heads').length === 0) return [];
    return [
      {
        title: 'Heads are split as (d, head): head h has the columns h, h + H, h + 2H, …',
        group: 'split',
        rank: 1,
        formula: (from) =>
          remade(from, 'split-heads', (value, [heads = 0, n = 0, size = 0]) =>
            rearrange(value, [n, size, heads], [2, 0, 1]),
          ),
      },
      {
        title: 'Heads are split by a reshape to (head, n, d) without a transpose: rows are mixed',
        group: 'split',
        rank: 1,
        formula: (from) => remade(from, 'split-heads', (value, shape) => rearrange(value, shape)),
      },
    ];
  },
};

export const headsMerged: Slip = {
  id: 'heads-merged',
  changes({ formula }) {
    if (formula.heads < 2 || madeBy(formula, 'merge-heads').length === 0) return [];
    return [
      {
        title: 'Heads are merged by a reshape of (head, n, d) without a transpose back',
        group: 'merge',
        rank: 1,
        formula: (from) => remade(from, 'merge-heads', (value, shape) => rearrange(value, shape)),
      },
      {
        title: 'Heads are merged as (d, head): their columns take turns',
        group: 'merge',
        rank: 2,
        formula: (from) =>
          remade(from, 'merge-heads', (value, shape) => {
            const [heads = 0, n = 0, size = 0] = value.shape;
            return rearrange(rearrange(value, [heads, n, size], [1, 2, 0]), shape);
          }),
      },
    ];
  },
};

export const keysReshaped: Slip = {
  id: 'keys-reshaped',
  changes({ formula }) {
    const turned = keysOf(formula);
    const [rows, columns] = turned?.shape.slice(-2) ?? [];
    if (turned === undefined || rows === 1 || columns === 1) return [];
    return [
      {
        title: 'The keys are not transposed head by head: they are only reshaped to (d_k, m)',
        group: 'keys',
        rank: 1,
        formula: (from) => {
          const value = keysOf(from);
          const [keys] = value === undefined ? [] : inputsOf(value);
          return value === undefined || keys === undefined
            ? from
            : swap(from, value, rearrange(keys, value.shape));
        },
      },
    ];
  },
};

/** Kᵀ, as it stands in the scores. */
function keysOf({ steps }: Formula): Value | undefined {
  const scores = steps.find(({ label }) => label?.name === 'scores');
  const keys = scores === undefined ? undefined : inputsOf(scores)[1];
  return keys?.origin.kind === 'operation' && keys.origin.operation.name === 'transpose' ? keys : undefined;
}

export const groupsTiled: Slip = {
  id: 'groups-tiled',
  changes({ formula }) {
    const shared = madeBy(formula, 'repeat-heads');
    const groups = shared.map((value) => inputsOf(value)[0]?.shape[0] ?? 1);
    if (!groups.some((count) => count > 1)) return [];
    return [
      {
        title: 'Groups of keys and values are tiled (0, 1, 0, 1) instead of repeated (0, 0, 1, 1)',
        group: 'groups',
        rank: 1,
        formula: (from) =>
          remade(from, 'repeat-heads', (value, shape) => {
            const [count = 1, m = 0, size = 0] = value.shape;
            const flat = rearrange(value, [count, m * size]); // (group, key · feature)
            const times = (shape[0] ?? count) / count;
            return rearrange(
              concat(
                Array.from({ length: times }, () => flat),
                'rows',
              ),
              shape,
            ); // (head, key, feature)
          }),
      },
    ];
  },
};
