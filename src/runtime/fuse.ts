import type { Value } from '../engine/graph.js';

/** Attention of several heads as one node: (query, heads · d_k), (key, heads · d_k), (key, heads · d_v) → (query, heads · d_v). */
export interface FusedAttention {
  readonly Q: Value;
  readonly K: Value;
  readonly V: Value;
  readonly heads: number;
  /** The scores are multiplied by it. */
  readonly scale: number;
}

type Origin = Value['origin'];

/**
 * Finds mergeHeads(softmax(Q Kᵀ / c) V) over split heads, without a mask, where nothing between Q, K, V and the merged
 * heads is wanted by anybody else: its n × m scores need never be whole in memory.
 * @param order every value that is computed, inputs before what uses them
 * @param isWanted for values whose numbers are asked for or given
 * @returns the origin of the merged heads → the node that computes them
 */
export function findAttention(
  order: readonly Value[],
  isWanted: (value: Value) => boolean,
): ReadonlyMap<Origin, FusedAttention> {
  const users = new Map<Origin, Set<Origin>>();
  for (const { origin } of order) {
    if (origin.kind !== 'operation') continue;
    for (const { origin: from } of origin.inputs) {
      const known = users.get(from) ?? new Set();
      users.set(from, known.add(origin));
    }
  }
  const wanted = new Set(order.filter(isWanted).map(({ origin }) => origin));
  /** The inputs of a value that this operation alone computes for one user alone. */
  const through = (value: Value | undefined, name: string): readonly Value[] | undefined =>
    value !== undefined && users.get(value.origin)?.size === 1 && !wanted.has(value.origin)
      ? operands(value, name)
      : undefined;

  const match = (merged: Value): FusedAttention | undefined => {
    const [heads] = operands(merged, 'merge-heads') ?? [];
    const [weights, V] = through(heads, 'matmul') ?? [];
    const [logits] = through(weights, 'softmax') ?? [];
    let [scores, scale] = [logits, 1];
    for (let inner = through(scores, 'divide'); inner !== undefined; inner = through(scores, 'divide')) {
      scale *= factorOf(scores);
      [scores] = inner;
    }
    const [Q, turned] = through(scores, 'matmul') ?? [];
    const [K] = through(turned, 'transpose') ?? [];
    const [wholeQ, wholeK, wholeV] = [Q, K, V].map((value) => value && operands(value, 'split-heads')?.[0]);
    if (wholeQ === undefined || wholeK === undefined || wholeV === undefined) return undefined;
    const [count = 0] = Q?.shape ?? [];
    // ONNX Runtime takes a factor of 0 for none.
    if (!Number.isFinite(scale) || scale === 0) return undefined;
    if (K?.shape[0] !== count || V?.shape[0] !== count) return undefined;
    return { Q: wholeQ, K: wholeK, V: wholeV, heads: count, scale };
  };

  const found = new Map<Origin, FusedAttention>();
  for (const value of order) {
    const fused = match(value);
    if (fused !== undefined) found.set(value.origin, fused);
  }
  return found;
}

function operands(value: Value, name: string): readonly Value[] | undefined {
  const { origin } = value;
  return origin.kind === 'operation' && origin.operation.name === name ? origin.inputs : undefined;
}

/** What a division by constants multiplies with: the operation itself says it, of 1. */
function factorOf(value: Value | undefined): number {
  if (value?.origin.kind !== 'operation') return 1;
  const [factor = 1] = value.origin.operation.evaluate([{ shape: [1], data: Float64Array.of(1) }], [1]);
  return factor;
}
