/** How a layer's heads become one matrix, and how much of it is the residual connection. */
export interface RolloutOptions {
  readonly heads: 'mean' | 'max';
  /** The share of the identity in each layer, 0 up to but not including 1; Abnar & Zuidema have 0.5. */
  readonly residual: number;
}

/**
 * One row of a layer's matrix Â = residual · I + (1 − residual) · A, its heads made one, divided by what it sums to (Abnar &
 * Zuidema 2020, eq. 1 and 2). A query that attends to nothing keeps itself alone.
 * @param rows the query's weights in each head; NaN where masked // (head)[key]
 * @param query its own place among the keys
 * @returns // (key)
 */
export function rolloutRow(
  rows: readonly Float32Array[],
  query: number,
  { heads, residual }: RolloutOptions,
): Float64Array {
  const row = new Float64Array(rows[0]?.length ?? 0);
  for (const weights of rows) {
    for (const [key, weight] of weights.entries()) {
      if (Number.isNaN(weight)) continue;
      const before = row[key] ?? 0;
      row[key] = heads === 'mean' ? before + weight / rows.length : Math.max(before, weight);
    }
  }
  for (const key of row.keys()) row[key] = (row[key] ?? 0) * (1 - residual);
  row[query] = (row[query] ?? 0) + residual;
  const sum = row.reduce((whole, weight) => whole + weight, 0);
  if (sum > 0) for (const key of row.keys()) row[key] = (row[key] ?? 0) / sum;
  // Without a residual, what attends to nothing passes nothing on but itself.
  else row[query] = 1;
  return row;
}
