/** Takes a head's weights row by row, so that a long matrix need not be held. */
export interface Gathering {
  /**
   * @param weights one query's weights over all keys; NaN where masked // (key)
   * @param query the query's position
   */
  row(weights: Float32Array, query: number): void;
  /** NaN where no row had anything to attend to. */
  result(): number;
}

/** Patches of an image among the positions, row by row from `first` on. */
export interface PatchGrid {
  readonly rows: number;
  readonly columns: number;
  readonly first: number;
}

/** How queries and keys lie: in a grid, or, where null, one after the other. */
export interface Layout {
  readonly queries: PatchGrid | null;
  readonly keys: PatchGrid | null;
}

/** One after the other, as the tokens of a text do. */
export const inLine: Layout = { queries: null, keys: null };

/** One number about a head's weights. */
export interface Metric {
  readonly name: string;
  readonly title: string;
  /** One sentence: what it says. */
  readonly note: string;
  /** "nats", "tokens", "patches", or nothing. */
  readonly unit: string;
  /** Whether it says something of what lies so; of everything where left out. */
  applies?(layout: Layout): boolean;
  /** What a full bar stands for, with n queries and m keys. */
  full(n: number, m: number, layout: Layout): number;
  begin(layout: Layout): Gathering;
}

/** The mean over rows of a number that each row has; rows that are all masked do not count. */
export function meanOfRows(measure: (weights: Float32Array, query: number) => number): Gathering {
  let sum = 0;
  let rows = 0;
  return {
    row(weights, query) {
      if (weights.every(Number.isNaN)) return;
      sum += measure(weights, query);
      rows++;
    },
    result: () => (rows === 0 ? Number.NaN : sum / rows),
  };
}
