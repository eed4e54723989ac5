import type { Tensor } from '../../engine/tensor.js';

/** A way from the first cell to the last, cell by cell. */
export interface Path {
  readonly rows: readonly number[];
  readonly columns: readonly number[];
}

/**
 * Dynamic time warping: the way with the smallest sum, one row or column on or both at a time (Sakoe & Chiba 1978). Of ways that are as
 * good, the one that OpenAI's Whisper takes: along the row, unless another is better than both; sums are in single precision, as there.
 * @param cost (row, column)
 */
export function warp({ shape: [rows = 0, columns = 0], data }: Tensor): Path {
  const width = columns + 1;
  const total = new Float32Array((rows + 1) * width).fill(Infinity);
  // 0: both, 1: a row, 2: a column on.
  const step = new Uint8Array((rows + 1) * width).fill(1);
  total[0] = 0;
  step.fill(2, 0, width);
  for (let column = 1; column <= columns; column++) {
    for (let row = 1; row <= rows; row++) {
      const at = row * width + column;
      const [both = 0, up = 0, left = 0] = [total[at - width - 1], total[at - width], total[at - 1]];
      const taken = both < up && both < left ? 0 : up < both && up < left ? 1 : 2;
      step[at] = taken;
      total[at] =
        (data[(row - 1) * columns + column - 1] ?? 0) + (taken === 0 ? both : taken === 1 ? up : left);
    }
  }
  const path: [number, number][] = [];
  for (let [row, column] = [rows, columns]; row > 0 || column > 0;) {
    path.push([row - 1, column - 1]);
    const taken = row === 0 ? 2 : column === 0 ? 1 : step[row * width + column];
    if (taken !== 2) row--;
    if (taken !== 1) column--;
  }
  path.reverse();
  return { rows: path.map(([row]) => row), columns: path.map(([, column]) => column) };
}
