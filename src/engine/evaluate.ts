import { inputsOf, sorted, type Value } from './graph.js';
import { formatShape, ShapeError, type Tensor } from './tensor.js';

/**
 * Runs a graph in float64, operator by operator: what every faster run is compared with.
 * @param given the leaves' numbers, and those of any other value that is known already
 * @throws ShapeError when a leaf is missing or has another shape than the graph says
 */
export function evaluate(
  targets: readonly Value[],
  given: ReadonlyMap<Value, Tensor>,
): Tensor<Float64Array>[] {
  const known = new Map<Value, Tensor<Float64Array>>();
  const take = (value: Value): Tensor<Float64Array> => {
    const tensor = known.get(value);
    if (tensor === undefined) throw new ShapeError('A value was used before it was computed.');
    return tensor;
  };
  for (const value of sorted(targets, (each) => given.has(each))) {
    const known_ = given.get(value);
    if (known_ !== undefined) {
      if (formatShape(known_.shape) !== formatShape(value.shape)) {
        throw new ShapeError(
          `${value.label?.name ?? 'An input'} has shape ${formatShape(known_.shape)} instead of ${formatShape(value.shape)}.`,
        );
      }
      known.set(value, { shape: value.shape, data: Float64Array.from(known_.data) });
    } else if (value.origin.kind === 'operation') {
      const { operation } = value.origin;
      known.set(value, {
        shape: value.shape,
        data: operation.evaluate(inputsOf(value).map(take), value.shape),
      });
    } else if (value.origin.kind === 'positions') {
      known.set(value, {
        shape: value.shape,
        data: Float64Array.from({ length: value.shape[0] ?? 0 }, (_, at) => at),
      });
    } else {
      throw new ShapeError(`${value.label?.name ?? 'An input'} was not given.`);
    }
  }
  return targets.map(take);
}
