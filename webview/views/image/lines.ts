import type { Place, Slice } from '../../../src/protocol.js';
import { fuseHeads } from '../../draw/fusion.js';
import { extent } from '../../draw/strip.js';
import type { Matrices } from '../../matrices.js';
import { isCancelled } from '../../matrices.js';
import type { Panel } from '../../panel.js';
import type { Settings } from './settings.js';

/** Of one head, of all heads of its layer made one, or of all layers up to it. */
export type Heads = Pick<Settings, 'heads' | 'from' | 'residual' | 'across'>;

/** Rows and columns as an image shows them. */
export class Lines {
  /** The rollout that was asked for last: it takes long, and is asked for again and again. */
  private rolled: { readonly key: string; readonly asked: Promise<Slice>; stop(): void } | null = null;

  constructor(
    private readonly matrices: Matrices,
    private readonly panel: Panel,
  ) {}

  /** One row or column of a step, exact. */
  async line(place: Place, direction: Settings['direction'], index: number, how: Heads): Promise<Slice> {
    const { heads } = how;
    if (heads === 'rollout') return this.rollout(place, direction, index, how);
    if (heads === 'one') {
      return direction === 'row' ? this.matrices.row(place, index) : this.matrices.column(place, index);
    }
    const lines = await this.each(place, direction, index);
    const [first] = lines;
    if (first === undefined) throw new Error('There is no head.');
    const data = fuseHeads(
      lines.map((line) => line.data),
      heads,
    );
    return { ...first, data };
  }

  /** The same row or column of each head of the layer. */
  each(place: Place, direction: Settings['direction'], index: number): Promise<Slice[]> {
    return Promise.all(
      Array.from({ length: this.panel.summary?.heads ?? 1 }, (_, head) => {
        const at = { ...place, head };
        return direction === 'row' ? this.matrices.row(at, index) : this.matrices.column(at, index);
      }),
    );
  }

  dispose(): void {
    this.rolled?.stop();
    this.rolled = null;
  }

  private rollout(
    { inspection, layer }: Place,
    side: Settings['direction'],
    index: number,
    { from, residual, across }: Heads,
  ): Promise<Slice> {
    const first = Math.min(from, layer);
    const request = { inspection, from: first, to: layer, side, index, heads: across, residual };
    const revision = this.panel.summary?.revision;
    const key = JSON.stringify([request, revision]);
    if (this.rolled?.key === key) return this.rolled.asked;
    this.rolled?.stop();
    const asking = new AbortController();
    const asked = this.panel.channel
      .request('rollout', request, { signal: asking.signal })
      .then(({ data, revision: of }): Slice => {
        const span = { start: index, end: index + 1 };
        const all = { start: 0, end: data.length };
        const [rows, columns] = side === 'row' ? [span, all] : [all, span];
        const shape = side === 'row' ? [1, data.length] : [data.length, 1];
        return {
          ...{ shape, data, revision: of, rows, columns },
          emptyRows: new Uint32Array(0),
          ...extent(data),
        };
      });
    this.rolled = {
      ...{ key, asked },
      stop: () => {
        asking.abort();
      },
    };
    asked.catch((error: unknown) => {
      // What failed is asked for again.
      if (!isCancelled(error) && this.rolled?.key === key) this.rolled = null;
    });
    return asked;
  }
}
