import { evaluate } from '../../engine/evaluate.js';
import { positions } from '../../engine/graph.js';
import { noise } from '../../engine/ops/index.js';
import { sizeOf, type Shape, type Tensor } from '../../engine/tensor.js';

/**
 * Normal numbers from a seed: Box–Muller over the engine's own noise, so that the same seed always gives the same.
 * @param deviation their standard deviation; their mean is 0
 */
export function seededNormal(shape: Shape, seed: number, deviation: number): Tensor<Float32Array> {
  const count = sizeOf(shape);
  const [uniform] = evaluate([noise([positions(2), positions(count)], seed)], new Map()); // (2, count)
  const data = Float32Array.from({ length: count }, (_, at) => {
    const [u = 0.5, v = 0.5] = [uniform?.data[at], uniform?.data[count + at]];
    return deviation * Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * v);
  });
  return { shape, data };
}

/** Ones where row and column are the same, counted around where there are more rows than columns. */
export function identityMatrix([rows = 0, columns = rows]: Shape): Tensor<Float32Array> {
  const data = new Float32Array(rows * columns);
  for (let row = 0; row < rows; row++) data[row * columns + (row % columns)] = 1;
  return { shape: [rows, columns], data };
}
