import assert from 'node:assert/strict';
import { evaluate } from '../../../src/engine/evaluate.js';
import type { Value } from '../../../src/engine/graph.js';
import type { Tensor } from '../../../src/engine/tensor.js';

/** How Σ upstream ⊙ value changes where `leaf` moves along `direction`, by the central difference over ± `step`. */
export function centralDifference(
  value: Value,
  upstream: Tensor,
  given: ReadonlyMap<Value, Tensor>,
  leaf: Value,
  direction: ArrayLike<number>,
  step: number,
): number {
  const tensor = given.get(leaf);
  assert.ok(tensor);
  const moved = (by: number): number => {
    const data = Float64Array.from(tensor.data, (each, at) => each + by * (direction[at] ?? 0));
    const [result] = evaluate([value], new Map([...given, [leaf, { shape: tensor.shape, data }]]));
    assert.ok(result);
    // What is masked is −∞ however the numbers move: it has no part in a difference.
    return result.data.reduce(
      (sum, each, at) => (each === -Infinity ? sum : sum + each * (upstream.data[at] ?? 0)),
      0,
    );
  };
  return (moved(step) - moved(-step)) / (2 * step);
}
