import { input, label, type Value } from '../../../engine/graph.js';
import type { Tensor } from '../../../engine/tensor.js';

/** An input of one whole number per token. */
export function whole(name: string, symbol: string, tokens: number): Value {
  return label(input([tokens], 'integer'), { name, symbol, axes: ['query'] });
}

/** (n) */
export function list(numbers: readonly number[]): Tensor {
  return { shape: [numbers.length], data: Float64Array.from(numbers) };
}

/** Positions that count from behind the padding token's own number; padding itself stays there, and is not counted. */
export function placesBehind(padding: number, ids: readonly number[]): number[] {
  let next = padding;
  return ids.map((id) => (id === padding ? padding : ++next));
}
