import type { Place, Slice } from '../../../src/protocol.js';
import { fuseHeads } from '../../draw/fusion.js';
import type { Matrices } from '../../matrices.js';
import type { Settings } from './settings.js';

/** Rows and columns of one head, or of all heads of its layer made one. */
export class Lines {
  constructor(private readonly matrices: Matrices) {}

  /** One row or column of a step, exact. */
  async line(
    place: Place,
    direction: Settings['direction'],
    index: number,
    heads: Settings['heads'],
    count: number,
  ): Promise<Slice> {
    if (heads === 'one') {
      return direction === 'row' ? this.matrices.row(place, index) : this.matrices.column(place, index);
    }
    const lines = await this.each(place, direction, index, count);
    const [first] = lines;
    if (first === undefined) throw new Error('There is no head.');
    return {
      ...first,
      data: fuseHeads(
        lines.map(({ data }) => data),
        heads,
      ),
    };
  }

  /** The same row or column of each head of the layer. */
  each(place: Place, direction: Settings['direction'], index: number, count: number): Promise<Slice[]> {
    return Promise.all(
      Array.from({ length: count }, (_, head) =>
        this.line({ ...place, head }, direction, index, 'one', count),
      ),
    );
  }
}
