import { regionShape, type Region, type Tensor, type TensorSource } from '../../engine/tensor.js';

/** A matrix that grows row by row. What was there stays where it is, so that whoever reads the first rows can go on. */
export class Rows {
  private data: Float32Array;
  private used = 0;

  constructor(
    /** Columns. */
    readonly width: number,
    capacity: number,
  ) {
    this.data = new Float32Array(capacity * width);
  }

  /** How many rows there are. */
  get count(): number {
    return this.used;
  }

  /** Room for further rows, to be written before they are counted. */
  room(rows: number): Tensor<Float32Array> {
    const needed = (this.used + rows) * this.width;
    if (needed > this.data.length) {
      const larger = new Float32Array(Math.max(needed, Math.ceil(this.data.length * 1.5)));
      larger.set(this.data.subarray(0, this.used * this.width));
      this.data = larger;
    }
    return this.view(this.used, this.used + rows);
  }

  /** Counts rows that were written into their room. */
  grow(rows: number): void {
    this.used += rows;
  }

  /** Forgets what comes after the first `count` rows. */
  truncate(count: number): void {
    this.used = Math.min(this.used, count);
  }

  /** Whole rows, not copied: to be used before the next change. */
  view(start: number, end: number): Tensor<Float32Array> {
    return {
      shape: [end - start, this.width],
      data: this.data.subarray(start * this.width, end * this.width),
    };
  }

  /** The first `count` rows as something that views read parts of. */
  source(count: number): TensorSource {
    return { shape: [count, this.width], read: (region) => Promise.resolve(this.read(region)) };
  }

  private read(region: Region): Tensor<Float32Array> {
    const shape = regionShape(region);
    const [rows = { start: 0, end: 0 }, columns = { start: 0, end: this.width }] = region;
    const size = columns.end - columns.start;
    const data = new Float32Array((rows.end - rows.start) * size);
    for (let row = rows.start; row < rows.end; row++) {
      const from = row * this.width;
      data.set(this.data.subarray(from + columns.start, from + columns.end), (row - rows.start) * size);
    }
    return { shape, data };
  }
}
