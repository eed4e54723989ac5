import { nameOfRole, type Layer } from '../core/subject.js';
import { bands, type Schedule } from './matrix.js';
import type { LayerReader } from './reader.js';
import { Pool } from './pool.js';

interface Size {
  readonly rows: number;
  readonly columns: number;
}

/**
 * The largest weight in each block of each head's matrix, read band by band.
 * @returns (head, row, column)
 */
export async function pooledWeights(
  reader: LayerReader,
  layer: Layer,
  { heads, from, to }: { readonly heads: number; readonly from: Size; readonly to: Size },
  schedule: Schedule,
): Promise<Float32Array> {
  const pools = Array.from({ length: heads }, () => new Pool(from, to, 'max'));
  const request = {
    step: nameOfRole(layer, 'weights'),
    heads: { start: 0, end: heads },
    headCount: heads,
    rows: { start: 0, end: from.rows },
  };
  for await (const band of bands(reader, layer, request, schedule)) {
    const height = band.rows.end - band.rows.start;
    pools.forEach((pool, head) => {
      for (let row = 0; row < height; row++) {
        pool.add(band.data, (head * height + row) * band.columns, band.rows.start + row);
      }
    });
  }
  const area = to.rows * to.columns;
  const data = new Float32Array(heads * area); // (head, row, column)
  pools.forEach((pool, head) => {
    data.set(pool.finish(), head * area);
  });
  return data;
}
