import type { Gathering, PatchGrid } from '../metrics/metric.js';

/** What telling a head's type takes beside the weights. */
export interface ProbeTokens {
  /** Of queries and keys alike, where they are the same tokens. */
  readonly ids: readonly number[];
  /** Keys that are the first, or separators around a text: where unused attention goes. */
  readonly sinks: readonly boolean[];
  /** Of a picture: which tokens are its patches, and what the others are. */
  readonly patches?: PatchTokens;
}

/** Tokens of an image, each a query and a key. */
export interface PatchTokens {
  readonly grid: PatchGrid;
  /** Those that stand for the whole image: of classes, of distillation. */
  readonly classes: readonly boolean[];
  readonly registers: readonly boolean[];
}

/** Something that heads are known to do, with a score from 0 to 1. */
export interface HeadType {
  readonly name: string;
  readonly title: string;
  /** One or two letters, for a cell that has no room for more. */
  readonly label: string;
  /** One sentence: what a head of this type does, and how its score is defined. */
  readonly note: string;
  /** A head with a smaller score is not of this type. */
  readonly threshold: number;
  /** Scored on English, on random tokens that are repeated once, or on a picture. */
  readonly text: 'passage' | 'repeated' | 'picture';
  /** Whether queries and keys must be the same tokens. */
  readonly self: boolean;
  /** With which masks it can be told. */
  readonly masks: readonly ('none' | 'causal')[];
  begin(tokens: ProbeTokens): Gathering;
}

/**
 * The mean, over the queries that have such keys, of the weight on them; the first query is left out, since a causal one has
 * no choice.
 */
export function shareOn(
  isMeant: (key: number, query: number) => boolean,
  excluded: (query: number) => boolean = () => false,
): Gathering {
  let sum = 0;
  let rows = 0;
  return {
    row(weights, query) {
      if (query === 0 || excluded(query) || weights.every(Number.isNaN)) return;
      let share = 0;
      let some = false;
      for (let key = 0; key < weights.length; key++) {
        const weight = weights[key] ?? 0;
        if (Number.isNaN(weight) || !isMeant(key, query)) continue;
        some = true;
        share += weight;
      }
      if (!some) return;
      sum += share;
      rows++;
    },
    result: () => (rows === 0 ? Number.NaN : sum / rows),
  };
}

/** Keys among the patches of a grid, for the patch in a row and a column: places in the grid, row by row. */
type KeysOf = (grid: PatchGrid, row: number, column: number) => readonly number[];

/** Of what picks keys among patches: the mean over all patches of the weight on them. */
export function shareOnPatches({ patches }: ProbeTokens, keysOf: KeysOf): Gathering {
  if (patches === undefined) return nothing;
  const { grid } = patches;
  return meanOverPatches(grid, (weights, row, column) => {
    const seen = keysOf(grid, row, column)
      .map((at) => weights[grid.first + at] ?? NaN)
      .filter((weight) => !Number.isNaN(weight));
    return seen.length === 0 ? NaN : seen.reduce((sum, weight) => sum + weight, 0);
  });
}

/** The other patches at most so many rows and columns away. */
export function around(rows: number, columns: number): KeysOf {
  return (grid, row, column) => {
    const found: number[] = [];
    const [last, end] = [Math.min(grid.rows - 1, row + rows), Math.min(grid.columns - 1, column + columns)];
    for (let down = Math.max(0, row - rows); down <= last; down++) {
      for (let across = Math.max(0, column - columns); across <= end; across++) {
        if (down !== row || across !== column) found.push(down * grid.columns + across);
      }
    }
    return found;
  };
}

/** Of tokens that are no patches: the mean over all patches of the weight on them; NaN where there are none. */
export function shareOnTokens({ patches }: ProbeTokens, meant: readonly boolean[] = []): Gathering {
  if (patches === undefined || !meant.includes(true)) return nothing;
  const keys = meant.flatMap((isMeant, key) => (isMeant ? [key] : []));
  return meanOverPatches(patches.grid, (weights) =>
    keys.reduce((sum, key) => sum + Math.max(0, weights[key] ?? 0), 0),
  );
}

/**
 * The mean over all patches of how far they attend among patches, as a share of how far they would if they attended to all of those
 * that they see alike.
 */
export function relativeDistance({ patches }: ProbeTokens): Gathering {
  if (patches === undefined) return nothing;
  const { grid } = patches;
  const { rows, columns, first } = grid;
  const distances = Float64Array.from({ length: rows * columns }, (_, at) =>
    Math.hypot(Math.floor(at / columns), at % columns),
  );
  return meanOverPatches(grid, (weights, row, column) => {
    let [sum, whole, even, seen] = [0, 0, 0, 0];
    let key = first;
    for (let down = 0; down < rows; down++) {
      const line = Math.abs(down - row) * columns;
      for (let across = 0; across < columns; across++) {
        const weight = weights[key++] ?? NaN;
        if (Number.isNaN(weight)) continue;
        const distance = distances[line + Math.abs(across - column)] ?? NaN;
        sum += weight * distance;
        whole += weight;
        even += distance;
        seen++;
      }
    }
    return even === 0 ? NaN : sum / whole / (even / seen);
  });
}

const nothing: Gathering = { row: () => undefined, result: () => Number.NaN };

/** @param of NaN where a row does not count */
function meanOverPatches(
  { first, rows, columns }: PatchGrid,
  of: (weights: Float32Array, row: number, column: number) => number,
): Gathering {
  let sum = 0;
  let counted = 0;
  return {
    row(weights, query) {
      const at = query - first;
      if (at < 0 || at >= rows * columns || weights.every(Number.isNaN)) return;
      const value = of(weights, Math.floor(at / columns), at % columns);
      if (Number.isNaN(value)) return;
      sum += value;
      counted++;
    },
    result: () => (counted === 0 ? Number.NaN : sum / counted),
  };
}
