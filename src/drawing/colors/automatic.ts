import { isMasked } from './colormap.js';
import type { ColorScale } from './scale.js';
import { factorAt, isLeftOut } from './scale.js';

/** Numbers of a matrix or of a part of it, one each of so many rows and columns, or pooled. */
export interface Numbers {
  readonly data: Float32Array;
  readonly shape: readonly number[];
  readonly rows: { readonly start: number; readonly end: number };
  readonly columns: { readonly start: number; readonly end: number };
}

/** A number as it is drawn, NaN where it is masked or left out. */
export function drawn(numbers: Numbers, scale: Pick<ColorScale, 'rows' | 'leftOut'>): Float32Array {
  const { data, shape } = numbers;
  if (scale.rows === null && scale.leftOut === null) return data;
  const [height = 0, width = 0] = shape;
  const whole: ColorScale = { table: new Uint8ClampedArray(), low: 0, high: 1, spread: 'linear', ...scale };
  const out = new Float32Array(data.length);
  const gone = Array.from({ length: width }, (_, column) => {
    const { start, end } = texelSpan(numbers.columns, width, column);
    return isLeftOut(whole, start, end);
  });
  for (let row = 0; row < height; row += 1) {
    const factor = factorAt(whole, texelRow(numbers.rows, height, row));
    for (let column = 0; column < width; column += 1) {
      const value = data[row * width + column] ?? NaN;
      out[row * width + column] = isMasked(value) || gone[column] === true ? NaN : value * factor;
    }
  }
  return out;
}

/** The matrix’s row in the middle of a pooled one: its factor counts for all of them. */
export function texelRow({ start, end }: Numbers['rows'], height: number, texel: number): number {
  return Math.min(end - 1, Math.floor(start + ((texel + 0.5) * (end - start)) / height));
}

/** The matrix’s columns that a pooled one stands for, as whole numbers around them. */
export function texelSpan(
  { start, end }: Numbers['columns'],
  width: number,
  texel: number,
): Numbers['columns'] {
  const each = (end - start) / width;
  return { start: Math.floor(start + texel * each), end: Math.ceil(start + (texel + 1) * each) };
}

/** What the largest numbers are, and which of them hide the rest. */
export interface AutomaticMaximum {
  /** What gets the last colour. */
  readonly maximum: number;
  /** Columns of the numbers, pooled as they are, that hold more than that and hid all others. */
  readonly sinks: readonly number[];
  /** True where single rows hold more than that. */
  readonly rows: boolean;
}

/** Fewer columns than this are seen as they are. */
const fewest = 6;
/** A column hides the others where the rest of the rows is weaker than this share of what it is with it. */
const hides = 0.5;
/** Most columns that are looked through. */
const mostSinks = 3;

/**
 * The number at which the colours of weights end, so that structure is seen: the largest, unless a column that most rows attend to
 * (a first token, [CLS]) or a few rows (a causal model’s first, which has no choice) would leave all the rest dark.
 * `data`: (row, column), NaN where masked.
 */
export function automaticMaximum(data: Float32Array, rows: number, columns: number): AutomaticMaximum {
  const largest = largestOf(data);
  const plain = { maximum: largest, sinks: [], rows: false };
  if (columns < fewest || rows < fewest) return plain;
  const sinks: number[] = [];
  let strength = rowStrength(data, rows, columns, sinks);
  while (sinks.length < mostSinks) {
    const column = heaviest(data, rows, columns, sinks);
    const without = rowStrength(data, rows, columns, [...sinks, column]);
    if (!(without > 0) || without >= strength * hides) break;
    sinks.push(column);
    strength = without;
  }
  const rest = sinks.length === 0 ? largest : largestOf(data, columns, sinks);
  // Single rows above what nine of ten rows reach hide the others just as well.
  if (strength > 0 && strength < rest * hides) return { maximum: strength, sinks, rows: true };
  return { maximum: rest, sinks, rows: false };
}

function largestOf(data: Float32Array, columns = 1, without: readonly number[] = []): number {
  let largest = -Infinity;
  for (let at = 0; at < data.length; at += 1) {
    const value = data[at] ?? NaN;
    if (value > largest && !without.includes(at % columns)) largest = value;
  }
  return Number.isFinite(largest) ? largest : 0;
}

/** What nine of ten rows’ largest numbers stay below; rows that attend to one key alone have no choice, and do not count. */
function rowStrength(data: Float32Array, rows: number, columns: number, without: readonly number[]): number {
  const strengths: number[] = [];
  for (let row = 0; row < rows; row += 1) {
    let seen = 0;
    let most = -Infinity;
    for (let column = 0; column < columns; column += 1) {
      const value = data[row * columns + column] ?? NaN;
      if (isMasked(value)) continue;
      seen += 1;
      if (value > most && !without.includes(column)) most = value;
    }
    if (seen > 1 && Number.isFinite(most)) strengths.push(most);
  }
  strengths.sort((a, b) => a - b);
  return strengths[Math.min(strengths.length - 1, Math.floor(strengths.length * 0.9))] ?? 0;
}

/** The column that is the largest of the most rows. */
function heaviest(data: Float32Array, rows: number, columns: number, without: readonly number[]): number {
  const wins = new Float64Array(columns);
  for (let row = 0; row < rows; row += 1) {
    let best = -1;
    let most = -Infinity;
    for (let column = 0; column < columns; column += 1) {
      const value = data[row * columns + column] ?? NaN;
      if (value > most && !without.includes(column)) [most, best] = [value, column];
    }
    if (best >= 0) wins[best] = (wins[best] ?? 0) + 1;
  }
  return wins.indexOf(Math.max(...wins));
}
