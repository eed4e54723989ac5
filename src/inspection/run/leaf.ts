import type { Value } from '../../engine/graph.js';
import { cut, type Region, type Tensor } from '../../engine/tensor.js';

/** The numbers of a part of a leaf that has them by itself: a weight, positions; undefined for what is fed or computed. */
export function leafNumbers({ origin }: Value, region: Region): Promise<Tensor<Float32Array>> | undefined {
  switch (origin.kind) {
    case 'parameter':
      return origin.source.read(region);
    case 'positions': {
      const [range = { start: 0, end: 0 }] = region;
      const first = origin.start + range.start;
      const data = Float32Array.from({ length: range.end - range.start }, (_, at) => first + at);
      return Promise.resolve({ shape: [data.length], data });
    }
    case 'input':
    case 'operation':
      return undefined;
  }
}

/** A labelled value and its bare twin are the same. */
export function byOrigin(numbers: Iterable<readonly [Value, Tensor]>): ReadonlyMap<Value['origin'], Tensor> {
  return new Map([...numbers].map(([{ origin }, tensor]) => [origin, tensor]));
}

/**
 * The numbers of a part of one of a graph's leaves.
 * @param given those of its inputs
 * @throws Error for an input that is not given
 */
export async function numbersOf(
  value: Value,
  region: Region,
  given: ReadonlyMap<Value['origin'], Tensor>,
): Promise<Tensor> {
  const tensor = given.get(value.origin);
  const numbers = tensor === undefined ? await leafNumbers(value, region) : cut(tensor, region);
  if (numbers === undefined) throw new Error(`${value.label?.name ?? 'An input'} was not given.`);
  return numbers;
}
