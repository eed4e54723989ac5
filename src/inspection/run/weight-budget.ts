import { sorted, type Value } from '../../engine/graph.js';
import { sizeOf } from '../../engine/tensor.js';
import type { CacheLimits } from '../../runtime/cache.js';

/** How many numbers a layer's scores may have where they are whole in memory: tokens at once, times keys, times heads. */
export const mostScores = 1 << 22;

/**
 * So many tokens at once take longer than weights take to be read for them, which then need not be held; and layer by layer somebody
 * can be told how far it is, and say stop.
 */
export const manyTokens = 1024;

/** Whether a model's weights are held together while it runs, and for the next run, or read for one layer after the other. */
export class WeightBudget {
  /** How many bytes the weights take as float32. */
  readonly bytes: number;

  constructor(
    { hiddenStates }: { readonly hiddenStates: readonly Value[] },
    private readonly limits: Pick<CacheLimits, 'bytes'>,
  ) {
    const weights = sorted(hiddenStates.slice(-1)).filter(({ origin }) => origin.kind === 'parameter');
    const sizes = new Map(weights.map(({ origin, shape }) => [origin, sizeOf(shape)]));
    const numbers = [...sizes.values()].reduce((sum, size) => sum + size, 0);
    this.bytes = Float32Array.BYTES_PER_ELEMENT * numbers;
  }

  /** Whether so many tokens at once go through one layer after the other. */
  byLayer(tokens: number): boolean {
    return this.isTooLarge || tokens >= manyTokens;
  }

  /** What a reader is told where there are more weights than may be held. */
  notices(model: string): string[] {
    return this.isTooLarge
      ? [
          `The weights of ${model} come to ${megabytes(this.bytes)} as float32, and ${megabytes(this.limits.bytes)} may be held: they are read anew for each layer, which takes its time.`,
        ]
      : [];
  }

  private get isTooLarge(): boolean {
    return this.bytes > this.limits.bytes;
  }
}

function megabytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(0)} MB`;
}
