import type { Numbers } from './automatic.js';
import { automaticMaximum, drawn, texelRow, texelSpan } from './automatic.js';
import { isMasked } from './colormap.js';
import type { ScaleChoice } from './choice.js';
import type { Ground } from './maps.js';
import type { ColorScale } from './scale.js';
import { scaleOf } from './scale.js';

/** Keys that are left out of a matrix of weights, and what each row's others are multiplied by so that they sum to 1. */
export interface LeaveOut {
  /** How many columns before each are left out: one entry more than columns. */
  readonly before: Float32Array;
  /** One a row; NaN where nothing is left. */
  readonly factors: Float32Array;
}

/** What the scale that is drawn does to the numbers, beside what was chosen. */
export interface ScaleNote {
  /** Columns of the matrix that hold more than the last colour says, as half-open spans: found, not chosen. */
  readonly sinks: readonly Numbers['columns'][];
  /** True where single rows hold more. */
  readonly rows: boolean;
}

export interface MatrixScale {
  readonly scale: ColorScale;
  readonly note: ScaleNote;
  /** Whether numbers lie beyond the ends. */
  readonly beyond: boolean;
  /** Whether cells have no number: masked, or left out. */
  readonly masked: boolean;
}

export interface MatrixScaleOptions {
  readonly of: 'weights' | 'signed';
  readonly choice: ScaleChoice;
  readonly ground: Ground;
  /** The whole matrix, as a rule pooled. */
  readonly overview: Numbers;
  /** What is looked at closely, where its range counts: numbers that were averaged have a smaller one. */
  readonly detail?: Numbers | null;
  /** Least and largest of all numbers, where they are known exactly. */
  readonly range?: { readonly minimum: number; readonly maximum: number } | null;
  readonly leaveOut?: LeaveOut | null;
}

/** The colours of a matrix: as chosen, and where that is left open, so that structure is seen. */
export function matrixScale(options: MatrixScaleOptions): MatrixScale {
  const { of, choice, ground, overview, leaveOut = null, detail = null, range = null } = options;
  const leftOut = leaveOut?.before ?? null;
  const factors = leaveOut?.factors ?? null;
  const seen = drawn(overview, { rows: factors, leftOut });
  const rows = choice.kind === 'row' ? rowFactors(seen, overview, factors) : factors;
  const common = { of, kind: choice.kind, map: choice.map, ground, rows, leftOut };
  const masked = seen.some(isMasked);
  const nothing: ScaleNote = { sinks: [], rows: false };
  if (choice.kind === 'row') {
    const least = extentOf(drawn(overview, { rows, leftOut })).minimum;
    const scale = scaleOf({ ...common, minimum: of === 'weights' ? least : -1, maximum: 1 });
    return { scale, note: nothing, beyond: false, masked };
  }
  const own = leaveOut === null && range !== null ? range : extentOf(seen);
  const close = detail === null ? own : extentOf(drawn(detail, { rows, leftOut }));
  const ends = range === null ? close : own;
  if (choice.maximum !== 'automatic') {
    const scale = scaleOf({
      ...common,
      minimum: of === 'weights' ? Math.min(0, ends.minimum) : -choice.maximum,
      maximum: choice.maximum,
    });
    return { scale, note: nothing, beyond: reaches(own, scale), masked };
  }
  if (of === 'signed' || choice.kind !== 'linear' || ends.minimum < 0) {
    const scale = scaleOf({ ...common, ...ends });
    return { scale, note: nothing, beyond: reaches(own, scale), masked };
  }
  const [height = 0, width = 0] = overview.shape;
  const found = automaticMaximum(seen, height, width);
  const hidden = found.sinks.length > 0 || found.rows;
  const scale = scaleOf({ ...common, ...ends, maximum: hidden ? found.maximum : ends.maximum });
  const sinks = found.sinks.map((texel) => texelSpan(overview.columns, width, texel));
  return { scale, note: { sinks, rows: found.rows }, beyond: reaches(own, scale), masked };
}

function reaches({ minimum, maximum }: { minimum: number; maximum: number }, scale: ColorScale): boolean {
  return minimum < scale.low || maximum > scale.high;
}

function extentOf(data: Float32Array): { minimum: number; maximum: number } {
  let minimum = Infinity;
  let maximum = -Infinity;
  for (const value of data) {
    if (isMasked(value)) continue;
    if (value < minimum) minimum = value;
    if (value > maximum) maximum = value;
  }
  return minimum > maximum ? { minimum: 0, maximum: 0 } : { minimum, maximum };
}

/** One a row of the matrix: what makes its largest number, by size, 1. Pooled rows share the largest of theirs. */
function rowFactors(seen: Float32Array, overview: Numbers, factors: Float32Array | null): Float32Array {
  const [height = 0, width = 0] = overview.shape;
  const { start, end } = overview.rows;
  const out = new Float32Array(end);
  const each = (end - start) / Math.max(1, height);
  for (let texel = 0; texel < height; texel += 1) {
    let largest = 0;
    for (const value of seen.subarray(texel * width, (texel + 1) * width)) {
      if (!isMasked(value)) largest = Math.max(largest, Math.abs(value));
    }
    const factor = (factors?.[texelRow(overview.rows, height, texel)] ?? 1) / (largest || 1);
    out.fill(factor, Math.floor(start + texel * each), Math.ceil(start + (texel + 1) * each));
  }
  return out;
}

/** How rows look without some columns, from those columns' numbers: (row, left-out column). */
export function leaveOutOf(columns: readonly number[], count: number, left: Float32Array): LeaveOut {
  const out = new Set(columns);
  const before = new Float32Array(count + 1);
  for (let column = 0; column < count; column += 1) {
    before[column + 1] = (before[column] ?? 0) + (out.has(column) ? 1 : 0);
  }
  const rows = columns.length === 0 ? 0 : left.length / columns.length;
  const factors = Float32Array.from({ length: rows }, (_, row) => {
    let taken = 0;
    for (const value of left.subarray(row * columns.length, (row + 1) * columns.length)) {
      if (!isMasked(value)) taken += value;
    }
    return 1 - taken > nothingLeft ? 1 / (1 - taken) : NaN;
  });
  return { before, factors };
}

/** A row that keeps less than this has nothing left: what there is, is rounding. */
const nothingLeft = 1e-6;
