import type { Tensor } from '../../../engine/tensor.js';

/** Rows and columns of patches. */
export interface Grid {
  readonly rows: number;
  readonly columns: number;
}

/** PyTorch’s `interpolate` without aligned corners; the second as it is with `antialias`. */
export type Interpolation = 'bicubic' | 'bicubic-antialias' | 'bilinear';

/**
 * How the entries of one grid are mixed from those of another: interpolation is linear, so it is a matrix, and a step like any other.
 * // (to, from), both row by row
 */
export function interpolationMatrix(from: Grid, to: Grid, kind: Interpolation): Tensor {
  const down = along(from.rows, to.rows, kind);
  const across = along(from.columns, to.columns, kind);
  const width = from.rows * from.columns;
  const data = new Float64Array(to.rows * to.columns * width);
  for (const [row, rowTaps] of down.entries()) {
    for (const [column, columnTaps] of across.entries()) {
      const start = (row * to.columns + column) * width;
      for (const [y, share] of rowTaps) {
        for (const [x, other] of columnTaps) {
          const at = start + y * from.columns + x;
          data[at] = (data[at] ?? 0) + share * other;
        }
      }
    }
  }
  return { shape: [to.rows * to.columns, width], data };
}

type Taps = readonly (readonly [place: number, share: number])[];

/** For each place along one axis, what it is mixed from. A place beyond an edge is the edge. */
function along(from: number, to: number, kind: Interpolation): Taps[] {
  const scale = from / to;
  return Array.from({ length: to }, (_, out): Taps => {
    if (kind === 'bicubic-antialias') return widened(from, scale, out);
    const center = scale * (out + 0.5) - 0.5;
    if (kind === 'bilinear') {
      const place = Math.max(0, center);
      const floor = Math.min(from - 1, Math.floor(place));
      const next = Math.min(from - 1, floor + 1);
      return [
        [floor, 1 - (place - floor)],
        [next, place - floor],
      ];
    }
    const floor = Math.floor(center);
    return [-1, 0, 1, 2].map((step) => {
      const place = Math.max(0, Math.min(from - 1, floor + step));
      return [place, cubic(center - floor - step, -0.75)] as const;
    });
  });
}

/** As Pillow resizes: the kernel is as wide as the grid shrinks, and its shares add up to 1. */
function widened(from: number, scale: number, out: number): Taps {
  const stretch = Math.max(1, scale);
  const center = scale * (out + 0.5);
  const start = Math.max(0, Math.trunc(center - 2 * stretch + 0.5));
  const end = Math.min(from, Math.trunc(center + 2 * stretch + 0.5));
  const shares = Array.from({ length: end - start }, (_, at) =>
    cubic((at + start - center + 0.5) / stretch, -0.5),
  );
  const sum = shares.reduce((all, share) => all + share, 0);
  return shares.map((share, at) => [start + at, share / sum] as const);
}

/** Keys 1981, with the slope `a` at 1. */
function cubic(x: number, a: number): number {
  const d = Math.abs(x);
  if (d <= 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
  return d < 2 ? (((d - 5) * d + 8) * d - 4) * a : 0;
}
