import { regionShape, roomFor, sizeOf, type Region } from '../../engine/tensor.js';
import type { NamedTensor } from '../../formats/format.js';

/** What a weight has to be read like to be what it was before it was converted to GGUF. */
export type Change = (tensor: NamedTensor) => NamedTensor;

/** A tensor that is another one, read in a different way; where its numbers lie is no help any more. */
function derived(
  { name, dtype }: NamedTensor,
  shape: readonly number[],
  read: NamedTensor['read'],
): NamedTensor {
  return { name, dtype, shape, read };
}

/** Rows in another order. @param from the row of the file that a row is */
export function reordered(tensor: NamedTensor, from: (row: number) => number): NamedTensor {
  return derived(tensor, tensor.shape, async (region, into) => {
    const [rows = { start: 0, end: 0 }, ...others] = region;
    const sources = Array.from({ length: rows.end - rows.start }, (_, at) => from(rows.start + at));
    const start = sources.reduce((least, row) => Math.min(least, row), Infinity);
    const end = sources.reduce((most, row) => Math.max(most, row + 1), 0);
    if (sources.length === 0) return tensor.read(region);
    const { data } = await tensor.read([{ start, end }, ...others]); // (rows of the file, …)
    const width = sizeOf(regionShape(others));
    const out = roomFor(sources.length * width, into);
    sources.forEach((row, at) => {
      out.set(data.subarray((row - start) * width, (row - start + 1) * width), at * width);
    });
    return { shape: regionShape(region), data: out };
  });
}

/** Some of the rows. */
export function rowsOf(tensor: NamedTensor, start: number, end: number): NamedTensor {
  return derived(tensor, [end - start, ...tensor.shape.slice(1)], async ([rows, ...others], into) => {
    const range = rows ?? { start: 0, end: 0 };
    return tensor.read([{ start: start + range.start, end: start + range.end }, ...others], into);
  });
}

/** Rows become columns. */
export const transposed: Change = (tensor) =>
  tensor.shape.length !== 2
    ? tensor
    : derived(tensor, tensor.shape.toReversed(), async (region: Region, into?: Float32Array) => {
        const { shape, data } = await tensor.read(region.toReversed()); // (columns, rows)
        const [columns = 0, rows = 0] = shape;
        const out = roomFor(data.length, into); // (rows, columns)
        for (let row = 0; row < rows; row++) {
          for (let column = 0; column < columns; column++) {
            out[row * columns + column] = data[column * rows + row] ?? NaN;
          }
        }
        return { shape: [rows, columns], data: out };
      });

/** Numbers that are kept as their distance from 1. */
export const fromOne: Change = (tensor) =>
  derived(tensor, tensor.shape, async (region) => {
    const { shape, data } = await tensor.read(region);
    return { shape, data: data.map((value) => value - 1) };
  });

/**
 * llama.cpp turns features that lie side by side, Hugging Face those that lie half a head apart: the converter puts
 * the rows of queries and keys in the former order.
 */
export function halvesApart(heads: number): Change {
  return (tensor) => {
    const size = (tensor.shape[0] ?? 0) / heads;
    const half = size / 2;
    if (!Number.isInteger(half)) return tensor; // Its shape is refused when it is asked for.
    return reordered(tensor, (row) => {
      const [head, within] = [Math.floor(row / size), row % size];
      return head * size + 2 * (within % half) + Math.floor(within / half);
    });
  };
}

/** All queries, then all keys, then all values become what GPT-NeoX has: a head's queries, keys and values, then the next head's. */
export function byHead(heads: number): Change {
  return (tensor) => {
    const size = (tensor.shape[0] ?? 0) / (3 * heads);
    if (!Number.isInteger(size)) return tensor; // Its shape is refused when it is asked for.
    return reordered(tensor, (row) => {
      const [head, within] = [Math.floor(row / (3 * size)), row % (3 * size)];
      return Math.floor(within / size) * heads * size + head * size + (within % size);
    });
  };
}
