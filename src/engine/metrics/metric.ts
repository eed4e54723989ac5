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

/** One number about a head's weights. */
export interface Metric {
  readonly name: string;
  readonly title: string;
  /** One sentence: what it says. */
  readonly note: string;
  /** "nats", "tokens", or nothing. */
  readonly unit: string;
  /** What a full bar stands for, with n queries and m keys. */
  full(n: number, m: number): number;
  begin(): Gathering;
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
