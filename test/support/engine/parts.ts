import assert from 'node:assert/strict';
import { evaluate } from '../../../src/engine/evaluate.js';
import type { Value } from '../../../src/engine/graph.js';
import { restrict } from '../../../src/engine/restrict.js';
import { cut, regionWithin, type Region, type Tensor } from '../../../src/engine/tensor.js';

/** Only the part that is asked for is computed, from the parts of the leaves that it needs. */
export function part(value: Value, region: Region, given: ReadonlyMap<Value, Tensor>): Tensor {
  const { targets, regions, feeds } = restrict([{ value, region }], (each) => given.has(each));
  const fed = feeds.map(({ leaf, original, region: box }): [Value, Tensor] => {
    const [whole] = evaluate([original], given);
    assert.ok(whole);
    return [leaf, cut(whole, box)];
  });
  const [computed] = evaluate(targets, new Map(fed));
  const [held] = regions;
  assert.ok(computed && held);
  return cut(computed, regionWithin(region, held));
}
