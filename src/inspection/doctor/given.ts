import { formatShape, ShapeError, sizeOf, type Shape, type Tensor } from '../../engine/tensor.js';
import type { GivenResult } from '../../protocol.js';
import type { Value } from '../../engine/graph.js';
import type { Formula } from './formula.js';
import { precisionOf, storedRoundoff } from './measure.js';

/** What somebody's implementation gave. */
export interface Given {
  readonly as: GivenResult;
  readonly tensor: Tensor;
  /** Half a unit in the last place of the format that it was stored in, where that has fewer bits than float32; else 0. */
  readonly stored: number;
}

export const results: readonly GivenResult[] = ['scores', 'weights', 'output'];

/** @throws ShapeError where nothing was given */
export function givenOf(tensors: Readonly<Partial<Record<GivenResult, Tensor>>>): Given[] {
  const given = results.flatMap((as): Given[] => {
    const tensor = tensors[as];
    if (tensor === undefined) return [];
    const plain = withoutOnes(tensor);
    return [{ as, tensor: plain, stored: storedRoundoff(precisionOf(plain)) }];
  });
  if (given.length > 0) return given;
  throw new ShapeError(
    'There is nothing to explain: beside queries, keys and values, what an implementation gave is needed: scores, weights or output.',
  );
}

/** Without leading axes of 1: a batch of one. */
export function withoutOnes(tensor: Tensor): Tensor {
  let { shape } = tensor;
  while (shape.length > 3 && shape[0] === 1) shape = shape.slice(1);
  return { ...tensor, shape };
}

/** The steps that given numbers can be those of, with the numbers as they lie there. */
export function placesOf(
  { as, tensor }: Given,
  { steps }: Formula,
): { readonly step: Value; readonly tensor: Tensor }[] {
  return steps
    .filter((step) => isKind(step, as))
    .flatMap((step) => readingsOf(tensor, step).map((each) => ({ step, tensor: each })));
}

function isKind({ label }: Value, as: GivenResult): boolean {
  const step = label?.step;
  if (label === undefined || step === undefined) return false;
  const pairwise = label.axes.at(-2) === 'query' && label.axes.at(-1) === 'key';
  switch (as) {
    case 'scores':
      return step.phase === 'score' && pairwise && label.name !== 'bias';
    case 'weights':
      return step.role === 'weights';
    case 'output':
      return step.phase === 'sum' && label.axes.includes('query');
  }
}

/** A tensor's numbers in the shape of a step; more than one where it could lie in two ways. */
function readingsOf(tensor: Tensor, step: Value): Tensor[] {
  const { shape, data } = tensor;
  const to = step.shape;
  if (sizeOf(shape) !== sizeOf(to)) return [];
  const same = (a: Shape, b: Shape): boolean => formatShape(squeezed(a)) === formatShape(squeezed(b));
  const found: Tensor[] = same(shape, to) ? [{ shape: to, data }] : [];
  const [a = 0, b = 0, c = 0] = shape;
  if (shape.length === 3 && a > 1 && b > 1) {
    // (query, head, …) of a step that is (head, query, …), or its heads side by side.
    if (to.length === 3 && same([b, a, c], to)) found.push({ shape: to, data: exchanged(data, [a, b, c]) });
    if (to.length === 2 && to[0] === a && to[1] === b * c) found.push({ shape: to, data });
  }
  return found;
}

function squeezed(shape: Shape): Shape {
  return shape.length > 2 && shape[0] === 1 ? squeezed(shape.slice(1)) : shape;
}

/** (a, b, c) as (b, a, c). */
export function exchanged(data: Tensor['data'], [a, b, c]: readonly [number, number, number]): Float64Array {
  const out = new Float64Array(data.length);
  for (let at = 0; at < out.length; at++) {
    const inner = at % c;
    const first = Math.floor(at / c) % a;
    out[at] = data[(first * b + Math.floor(at / (a * c))) * c + inner] ?? 0;
  }
  return out;
}
