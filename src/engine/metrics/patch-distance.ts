import { meanOfRows, type Metric, type PatchGrid } from './metric.js';

/** Where a patch's middle lies, in patches of a grid of `like`'s rows and columns. */
function middles(
  grid: PatchGrid,
  like: PatchGrid,
): { readonly down: Float64Array; readonly across: Float64Array } {
  const count = grid.rows * grid.columns;
  const down = new Float64Array(count);
  const across = new Float64Array(count);
  for (let at = 0; at < count; at++) {
    down[at] = ((Math.floor(at / grid.columns) + 0.5) * like.rows) / grid.rows;
    across[at] = (((at % grid.columns) + 0.5) * like.columns) / grid.columns;
  }
  return { down, across };
}

/**
 * mean_q Σ_k A · d(q, k) / Σ_k A over the queries and keys that are patches, with d the straight line between their middles in
 * patches of the queries (Dosovitskiy et al. 2021, §4.5). Queries that attend to no patch do not count.
 */
export const patchDistance: Metric = {
  name: 'patch-distance',
  title: 'Patch distance',
  note: 'Mean distance from patch to patch, weighted by the attention on patches.',
  unit: 'patches',
  applies: ({ queries, keys }) => queries !== null && keys !== null,
  full: (_n, _m, { queries }) =>
    queries === null ? 1 : Math.max(1, Math.hypot(queries.rows - 1, queries.columns - 1) / 2),
  begin: ({ queries, keys }) => {
    if (queries === null || keys === null)
      throw new Error('Distance in patches takes patches on both sides.');
    const from = middles(queries, queries);
    const to = middles(keys, queries);
    const patches = meanOfRows((weights, at) => {
      const [down = NaN, across = NaN] = [from.down[at], from.across[at]];
      let [sum, whole] = [0, 0];
      for (let key = 0; key < to.down.length; key++) {
        const weight = weights[keys.first + key] ?? 0;
        if (!(weight > 0)) continue;
        whole += weight;
        sum += weight * Math.hypot((to.down[key] ?? NaN) - down, (to.across[key] ?? NaN) - across);
      }
      return sum / whole;
    });
    return {
      row(weights, query) {
        const at = query - queries.first;
        if (at < 0 || at >= queries.rows * queries.columns) return;
        const attended = weights.subarray(keys.first, keys.first + keys.rows * keys.columns);
        if (attended.some((weight) => weight > 0)) patches.row(weights, at);
      },
      result: () => patches.result(),
    };
  },
};
