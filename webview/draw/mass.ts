/** The fewest numbers that hold a share of a whole. */
export interface Kept {
  /** 1 for each number that is among them. // (index) */
  readonly mask: Uint8Array;
  readonly count: number;
  /** The smallest of them; what is larger is among them too. */
  readonly least: number;
  /** What they hold of the whole, 0 to 1. */
  readonly held: number;
}

/**
 * The fewest of some weights that sum to at least `share` of all of them, the largest first. What is masked (NaN) or negative holds
 * nothing. With a share of 1 all that is not masked is kept, zeros too.
 */
export function keepMass(weights: Float32Array, share: number): Kept {
  const order: number[] = [];
  let whole = 0;
  for (const [index, weight] of weights.entries()) {
    if (!(weight >= 0)) continue;
    order.push(index);
    whole += weight;
  }
  order.sort((a, b) => (weights[b] ?? 0) - (weights[a] ?? 0) || a - b);
  const mask = new Uint8Array(weights.length);
  let held = 0;
  let count = 0;
  let least = Infinity;
  for (const index of order) {
    // Sums in another order differ in the last bits: those must not bring one more in.
    if (share < 1 && held >= share * whole * (1 - 1e-12)) break;
    const weight = weights[index] ?? 0;
    mask[index] = 1;
    held += weight;
    count += 1;
    least = weight;
  }
  return { mask, count, least, held: whole === 0 ? 0 : Math.min(1, held / whole) };
}
