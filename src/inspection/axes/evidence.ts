import type { Range, Region, TensorSource } from '../../engine/tensor.js';

/** So many numbers are looked at, at most, to tell one axis from another. */
const mostNumbers = 1 << 18;

/** Of a tensor (…, rows, columns), its first rows, those of one place along the axes before. */
function region(source: TensorSource, first: number): Region | undefined {
  const { shape } = source;
  const [rows = 0, columns = 0] = shape.slice(-2);
  if (rows * columns > mostNumbers || shape.includes(0)) return undefined;
  return shape.map((extent, axis): Range => {
    if (axis >= shape.length - 2) return { start: 0, end: extent };
    const start = axis === 0 ? first : 0;
    return { start, end: start + 1 };
  });
}

/** Smaller shares than this may have become 0 in float16, whose smallest number is 6e-8. */
const nearNothing = 1e-5;

/**
 * Whether entries along the first axis differ in the keys that no query attends to, as padded texts of a batch do and layers and
 * heads do not. Keys whose share is too small for the numbers' format are none of these.
 */
export async function batchDiffers(source: TensorSource): Promise<boolean> {
  const count = Math.min(source.shape[0] ?? 0, 16);
  const unattended = new Set<string>();
  let least = Infinity;
  for (let entry = 0; entry < count; entry++) {
    const place = region(source, entry);
    if (place === undefined) return false;
    const { shape, data } = await source.read(place);
    const columns = shape.at(-1) ?? 1;
    const zero = new Array<boolean>(columns).fill(true);
    data.forEach((value, at) => {
      if (value === 0 || value < -1e4) return;
      zero[at % columns] = false;
      least = Math.min(least, Math.abs(value));
    });
    // A text is several keys in a row, with padding before or behind them.
    const pattern = zero.map(Number).join('');
    if (!/^1*00+1*$/.test(pattern)) return false;
    unattended.add(pattern);
  }
  return unattended.size > 1 && least > nearNothing;
}

/** Whether the numbers sum to 1 along the axis before the last, and not along the last. */
export async function sumsOverKeys(source: TensorSource): Promise<boolean> {
  const place = region(source, 0);
  if (place === undefined) return false;
  const { shape, data } = await source.read(place);
  const [rows = 0, columns = 0] = shape.slice(-2);
  const along = (count: number, of: number, at: (index: number, term: number) => number): boolean =>
    Array.from({ length: count }, (_, index) =>
      Array.from({ length: of }, (_each, term) => data[at(index, term)] ?? NaN).reduce(
        (sum, value) => sum + value,
        0,
      ),
    ).every((sum) => Math.abs(sum - 1) < 1e-2);
  if (data.some((value) => value < 0)) return false;
  return (
    !along(rows, columns, (row, column) => row * columns + column) &&
    along(columns, rows, (column, row) => row * columns + column)
  );
}
