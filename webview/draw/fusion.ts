/** How the weights of several heads are made one. */
export type Fusion = 'mean' | 'max';

/**
 * One row of weights of each head, made one number a key. What is masked in all heads stays masked (NaN); what is masked in some
 * has no weight there. // (head)[key] → (key)
 */
export function fuseHeads(rows: readonly Float32Array[], by: Fusion): Float32Array {
  const fused = new Float32Array(rows[0]?.length ?? 0).fill(NaN);
  for (const key of fused.keys()) {
    let sum = 0;
    let most = 0;
    let isMasked = true;
    for (const row of rows) {
      const weight = row[key] ?? NaN;
      if (Number.isNaN(weight)) continue;
      isMasked = false;
      sum += weight;
      most = Math.max(most, weight);
    }
    if (!isMasked) fused[key] = by === 'mean' ? sum / rows.length : most;
  }
  return fused;
}
