import type { Span } from '../../../protocol.js';

/** What a matrix is, before it is looked at. */
export interface Matrix {
  /** `weights` that were given, `computed` ones, whose masked cells are NaN, or `scores`. */
  readonly kind: 'weights' | 'computed' | 'scores';
  readonly queries: number;
  readonly keys: number;
}

/** Something that a matrix shows, in words, and the rows that show it. */
export interface MatrixFinding {
  readonly text: string;
  readonly rows: readonly Span[];
  /** Where to look first. */
  readonly cell: { readonly row: number; readonly column: number };
}

/** Sums may be off by this much: attention in half precision is. */
const sumTolerance = 5e-3;

/** The largest finite number of float16. */
const largestHalf = 65504;

/** Scores below this are masks: −1e4, finfo.min and the like. */
const maskedBelow = -9999;

/** Rows of a matrix, one after the other; what they show together is told at the end. No row is kept but the first. */
export class MatrixFindings {
  private readonly sums: Float64Array;
  private readonly columnSums: Float64Array;
  private readonly attended: Uint8Array;
  private readonly last: Int32Array;
  private readonly empty: number[] = [];
  private readonly zeros: number[] = [];
  private readonly broken = new Map<'NaN' | '∞' | '−∞', Broken>();
  private readonly large: number[] = [];
  private largest = 0;
  private largestAt = { row: 0, column: 0 };
  private negative = false;
  private positive = false;
  private expSumsToOne = true;
  private uniform = true;
  /** Whether a row has two keys and more, so that it can be uniform. */
  private compared = false;
  /** Rows without weights because their scores are no numbers. */
  private readonly lost: number[] = [];
  private same = true;
  private first: Float32Array | undefined;
  private readonly whole: Float32Array | undefined;
  /** Told apart from other heads by it. */
  private sum = 0;

  /** @param noNumbers the rows of computed weights whose scores hold NaN or ∞, so that their softmax is NaN and not masked */
  constructor(
    private readonly matrix: Matrix,
    private readonly noNumbers: ReadonlySet<number> = new Set(),
  ) {
    const { queries, keys } = matrix;
    this.sums = new Float64Array(queries);
    this.columnSums = new Float64Array(keys);
    this.attended = new Uint8Array(keys);
    this.last = new Int32Array(queries).fill(-1);
    // Symmetry needs both halves at once.
    if (queries === keys && queries * keys <= 1 << 22) this.whole = new Float32Array(queries * keys);
  }

  /** The sum of its rows' `fingerprint`. */
  get fingerprint(): number {
    return this.sum;
  }

  /** The rows with a cell that is NaN or +∞. */
  get rowsWithoutNumbers(): ReadonlySet<number> {
    return new Set((['NaN', '∞'] as const).flatMap((what) => this.broken.get(what)?.rows ?? []));
  }

  row(values: Float32Array, row: number): void {
    const { kind } = this.matrix;
    const isMasked = (value: number): boolean =>
      kind === 'computed'
        ? Number.isNaN(value) || value === 0
        : kind === 'scores'
          ? value <= maskedBelow
          : value === 0;
    this.sum += fingerprint(values, row);
    if (kind === 'computed' && this.noNumbers.has(row) && values.every(Number.isNaN)) {
      this.lost.push(row);
      return;
    }
    let [sum, expSum, lowest, highest, zeros, seen] = [0, 0, Infinity, -Infinity, 0, 0];
    for (let column = 0; column < values.length; column++) {
      const value = values[column] ?? NaN;
      this.note(value, row, column);
      if (!isMasked(value)) {
        this.attended[column] = 1;
        this.last[row] = column;
        seen++;
        lowest = Math.min(lowest, value);
        highest = Math.max(highest, value);
      } else zeros++;
      if (value < 0) this.negative = true;
      if (value > 0) this.positive = true;
      if (Number.isFinite(value)) {
        sum += value;
        this.columnSums[column] = (this.columnSums[column] ?? 0) + value;
      }
      expSum += Math.exp(value);
    }
    this.sums[row] = sum;
    if (seen === 0) this.empty.push(row);
    else if (zeros > 0) this.zeros.push(row);
    if (!(Math.abs(expSum - 1) < sumTolerance)) this.expSumsToOne = false;
    if (seen > 1) this.compared = true;
    if (seen > 0 && highest - lowest > 1e-5 * Math.max(Math.abs(highest), 1e-9)) this.uniform = false;
    this.first ??= values.slice();
    if (this.same && row > 0) this.same = values.every((value, at) => Object.is(value, this.first?.[at]));
    this.whole?.set(values, row * this.matrix.keys);
  }

  private note(value: number, row: number, column: number): void {
    const { kind } = this.matrix;
    const broken = Number.isNaN(value)
      ? 'NaN'
      : value === Infinity
        ? '∞'
        : value === -Infinity
          ? '−∞'
          : undefined;
    if (broken !== undefined) {
      // Masked cells of what was computed are NaN here, and −∞ in scores is a mask.
      if (kind === 'computed' ? broken === 'NaN' : kind === 'scores' && broken === '−∞') return;
      const known = this.broken.get(broken) ?? { count: 0, rows: [], cell: { row, column } };
      if (known.rows.at(-1) !== row) known.rows.push(row);
      known.count++;
      this.broken.set(broken, known);
    } else if (kind === 'scores' && Math.abs(value) > largestHalf && value > -1e30) {
      if (this.large.at(-1) !== row) this.large.push(row);
      if (Math.abs(value) > Math.abs(this.largest)) {
        this.largest = value;
        this.largestAt = { row, column };
      }
    }
  }

  finish(): MatrixFinding[] {
    const { kind } = this.matrix;
    return [
      ...this.ofBroken(),
      ...(kind === 'weights' ? this.ofSums() : []),
      ...this.ofLarge(),
      ...this.ofEmptyRows(),
      ...this.ofLostRows(),
      // What rows without numbers would attend to is not known.
      ...(this.lost.length > 0 ? [] : [...this.ofMask(), ...this.ofLikeness()]),
    ];
  }

  private ofBroken(): MatrixFinding[] {
    return [...this.broken].map(([what, { count, rows, cell }]) => ({
      text: count === 1 ? `One cell is ${what}.` : `${count} cells are ${what}.`,
      rows: spansOf(rows),
      cell,
    }));
  }

  private ofSums(): MatrixFinding[] {
    const { queries, keys } = this.matrix;
    const live = Array.from(this.sums.keys()).filter((row) => this.last[row] !== -1);
    if (live.length === 0 || this.broken.size > 0) return [];
    const near = (wanted: number): boolean =>
      live.every((row) => Math.abs((this.sums[row] ?? NaN) - wanted) <= sumTolerance * wanted);
    const all = (text: string): MatrixFinding[] => [{ text, ...this.at(live) }];
    if (!this.negative && near(1)) return all('Rows sum to 1.');
    if (!this.negative && near(100)) return all('Rows sum to 100: percentages, not shares.');
    if (this.negative && !this.positive && this.expSumsToOne)
      return all('Rows are log-probabilities: their exponentials sum to 1.');
    const columns = this.columnSums.every((sum) => Math.abs(sum - 1) <= sumTolerance);
    if (columns && !this.negative && queries > 1)
      return all('Columns sum to 1, rows do not: was the softmax taken over the queries?');
    const off = live.filter((row) => !(Math.abs((this.sums[row] ?? NaN) - 1) <= sumTolerance));
    const sums = off.map((row) => this.sums[row] ?? NaN);
    const [least, most] = [smallest(sums), largestOf(sums)];
    const mean = live.reduce((total, row) => total + (this.sums[row] ?? 0), 0) / live.length;
    const holes = this.zeros.length > 0 && !this.isTriangular() && this.attended.every((each) => each === 1);
    const dropped = !this.negative && holes && mean > 0.5 && mean < 2 && keys > 1;
    const range = least === most ? short(least) : `${short(least)} to ${short(most)}`;
    const negative = this.negative ? ' Some are negative: scores, before the softmax?' : '';
    const count = off.length === live.length ? 'Rows' : `${off.length} of ${live.length} rows`;
    return [
      {
        text: `${count} do not sum to 1 but to ${range}.${dropped ? ' With zeros among the weights: dropout?' : negative}`,
        ...this.at(off),
      },
    ];
  }

  private ofLarge(): MatrixFinding[] {
    if (this.large.length === 0) return [];
    const text = `Scores reach ${short(this.largest)}, beyond float16, which ends at ±${largestHalf}.`;
    return [{ text, rows: spansOf(this.large), cell: this.largestAt }];
  }

  private ofEmptyRows(): MatrixFinding[] {
    const { length } = this.empty;
    if (length === 0) return [];
    const given = this.matrix.kind === 'weights';
    const text =
      length === 1
        ? `One row ${given ? 'attends to nothing: all its weights are 0' : 'is fully masked'}.`
        : `${length} rows ${given ? 'attend to nothing: all their weights are 0' : 'are fully masked'}.`;
    return [{ text, ...this.at(this.empty) }];
  }

  private ofLostRows(): MatrixFinding[] {
    const { length } = this.lost;
    if (length === 0) return [];
    const text = `${length === 1 ? 'One row has' : `${length} rows have`} no weights: the softmax of scores with NaN or ∞ among them is NaN.`;
    return [{ text, ...this.at(this.lost) }];
  }

  /** How far beyond its own number each row sees, where that is the same for nearly all. */
  private reach(): number | undefined {
    const { queries, keys } = this.matrix;
    if (queries < 2 || keys < 2) return undefined;
    let furthest = -Infinity;
    for (let row = 0; row < queries; row++) furthest = Math.max(furthest, (this.last[row] ?? -1) - row);
    if (furthest >= keys - 1) return undefined;
    const bound = Array.from(this.last.keys()).filter((row) => row + furthest >= 0 && row + furthest < keys);
    const exact = bound.filter((row) => (this.last[row] ?? -1) - row === furthest).length;
    return bound.length >= 2 && exact >= 0.8 * bound.length ? furthest : undefined;
  }

  private isTriangular(): boolean {
    return this.reach() !== undefined;
  }

  private ofMask(): MatrixFinding[] {
    const { queries, keys } = this.matrix;
    const found: MatrixFinding[] = [];
    const reach = this.reach();
    const all = this.at(Array.from({ length: queries }, (_, row) => row));
    const end = keys - queries;
    if (reach !== undefined) {
      const aligned =
        end === 0 ? '' : reach === end ? ', aligned to the last key' : ', aligned to the first key';
      if (reach === 0 || reach === end)
        found.push({ text: `Upper triangle empty: causal${aligned}.`, ...all });
      else if (reach === 1 || reach === end + 1)
        found.push({ text: 'Causal, off by one: each query sees the key after its own.', ...all });
      else if (reach === -1 || reach === end - 1)
        found.push({ text: 'Causal, off by one: no query sees its own key.', ...all });
      else if (reach < -1) found.push({ text: `No query sees the ${-reach} keys up to its own.`, ...all });
    }
    const never = Array.from(this.attended.keys()).filter(
      (key) => this.attended[key] === 0 && (reach === undefined || key <= queries - 1 + reach),
    );
    if (never.length > 0 && never.length < keys) {
      const spans = spansOf(never).map(({ start, end: stop }) =>
        stop - start === 1 ? String(start) : `${start}–${stop - 1}`,
      );
      const which = `${never.length === 1 ? 'Key' : 'Keys'} ${spans.slice(0, 4).join(', ')}${spans.length > 4 ? ' …' : ''}`;
      const edge = never.at(-1) === keys - 1 || never[0] === 0;
      found.push({
        text: `${which} ${never.length === 1 ? 'is' : 'are'} never attended to${edge ? ': padding?' : '.'}`,
        rows: [{ start: 0, end: queries }],
        cell: { row: 0, column: never[0] ?? 0 },
      });
    }
    return found;
  }

  private ofLikeness(): MatrixFinding[] {
    const { kind, queries, keys } = this.matrix;
    const all = this.at(Array.from({ length: queries }, (_, row) => row));
    if (queries < 2 || keys < 2 || this.empty.length === queries || this.broken.size > 0) return [];
    if (this.uniform && this.compared) {
      return [
        {
          text:
            kind === 'scores'
              ? 'All scores of a row are equal.'
              : 'Weights are uniform: each row gives the same to all its keys.',
          ...all,
        },
      ];
    }
    if (this.same) return [{ text: 'All rows are the same: one row copied?', ...all }];
    if (this.whole !== undefined && this.isSymmetric(this.whole))
      return [{ text: 'Symmetric: the same from query to key as from key to query.', ...all }];
    return [];
  }

  private isSymmetric(data: Float32Array): boolean {
    const { keys } = this.matrix;
    let outside = false;
    for (let row = 0; row < keys; row++) {
      for (let column = 0; column < row; column++) {
        const [a, b] = [data[row * keys + column] ?? 0, data[column * keys + row] ?? 0];
        if (
          Math.abs(a - b) > 1e-6 + 1e-5 * Math.max(Math.abs(a), Math.abs(b)) ||
          Number.isNaN(a) !== Number.isNaN(b)
        )
          return false;
        if (Number.isFinite(a) && a !== 0) outside = true;
      }
    }
    return outside;
  }

  private at(rows: readonly number[]): Pick<MatrixFinding, 'rows' | 'cell'> {
    return {
      rows: spansOf(rows),
      cell: { row: rows[0] ?? 0, column: Math.max(0, this.last[rows[0] ?? 0] ?? 0) },
    };
  }
}

/** A row's share of a number that two matrices have in common that are equal in every cell, and others hardly ever. */
export function fingerprint(values: Float32Array, row: number): number {
  let sum = 0;
  for (let column = 0; column < values.length; column++) {
    const value = values[column] ?? NaN;
    sum += (Number.isFinite(value) ? value : 0.5) * Math.sin(1 + row * 0.7310585 + column * 1.6180339);
  }
  return sum;
}

interface Broken {
  count: number;
  readonly rows: number[];
  readonly cell: { readonly row: number; readonly column: number };
}

/** Rising indices as spans. */
function spansOf(indices: readonly number[]): Span[] {
  const spans: { start: number; end: number }[] = [];
  for (const index of indices) {
    const open = spans.at(-1);
    if (open?.end === index) open.end++;
    else spans.push({ start: index, end: index + 1 });
  }
  return spans;
}

function smallest(values: readonly number[]): number {
  return values.reduce((least, value) => Math.min(least, value), Infinity);
}

function largestOf(values: readonly number[]): number {
  return values.reduce((most, value) => Math.max(most, value), -Infinity);
}

function short(value: number): string {
  return String(Number(value.toPrecision(3))).replace('-', '−');
}
