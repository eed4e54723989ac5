import type { HeadPlace, HeadRanking, RankedQuery } from '../../../src/protocol.js';

/** How many queries are named. */
const named = 8;

/** What has come of all heads' numbers so far. */
export class Found {
  private readonly means: Float32Array; // (layer, head)
  private readonly peaks: (RankedQuery | null)[];
  private come = 0;
  /** The queries that count for the most, of the heads that have come. */
  strongest: HeadRanking['strongest'] = [];

  constructor(
    layers: number,
    private readonly heads: number,
  ) {
    this.means = new Float32Array(layers * heads).fill(NaN);
    this.peaks = Array.from({ length: layers * heads }, () => null);
  }

  take({ layers, means, peaks, strongest }: HeadRanking): void {
    const from = layers.start * this.heads;
    this.means.set(means, from);
    for (const [at, peak] of peaks.entries()) this.peaks[from + at] = peak;
    this.come += means.length;
    this.strongest = [...this.strongest, ...strongest].sort((a, b) => b.value - a.value).slice(0, named);
  }

  /** How many heads have come. */
  get count(): number {
    return this.come;
  }

  /** Whether what is asked about is masked in all of them. */
  get isMasked(): boolean {
    return this.come === this.means.length && this.means.every(Number.isNaN);
  }

  /** NaN where nothing has come, or all is masked. */
  at({ layer, head }: HeadPlace): number {
    return this.means[layer * this.heads + head] ?? NaN;
  }

  peak({ layer, head }: HeadPlace): RankedQuery | null {
    return this.peaks[layer * this.heads + head] ?? null;
  }

  /** The heads with a number, the strongest first. */
  ranked(): (HeadPlace & { readonly value: number })[] {
    return Array.from(this.means, (value, at) => ({
      layer: Math.floor(at / this.heads),
      head: at % this.heads,
      value,
    }))
      .filter(({ value }) => !Number.isNaN(value))
      .sort((a, b) => b.value - a.value);
  }
}
