import { sorted, type Value } from '../engine/graph.js';
import { sizeOf } from '../engine/tensor.js';

/** How many bytes the weights behind a graph's last hidden states take as float32; each counts once. */
export function weightBytes({ hiddenStates }: { readonly hiddenStates: readonly Value[] }): number {
  const sizes = new Map(
    sorted(hiddenStates.slice(-1))
      .filter(({ origin }) => origin.kind === 'parameter')
      .map(({ origin, shape }) => [origin, sizeOf(shape)]),
  );
  return [...sizes.values()].reduce((sum, size) => sum + Float32Array.BYTES_PER_ELEMENT * size, 0);
}
