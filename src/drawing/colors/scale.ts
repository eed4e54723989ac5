import type { ColorTable } from './colormap.js';
import type { MapName, ScaleKind } from './choice.js';
import type { Ground } from './maps.js';
import { tableOf } from './maps.js';

/** How numbers lie between the ends: evenly, by the roots of their sizes, or by the powers of ten. */
export type Spread = 'linear' | 'power' | 'logarithmic';

/** Which number gets which colour. */
export interface ColorScale {
  readonly table: ColorTable;
  /** The numbers, or shares of the row's largest where rows have factors of their own, with the first and last colours. */
  readonly low: number;
  readonly high: number;
  readonly spread: Spread;
  /** What each row's numbers are multiplied by before; NaN where nothing of the row is left. Null where all count as they are. */
  readonly rows: Float32Array | null;
  /** How many of the columns before each are left out, one entry more than columns; null where none is. */
  readonly leftOut: Float32Array | null;
}

/** Powers of ten below the largest number that a logarithmic scale tells apart. */
export const decades = 4;

/** Numbers as drawn: those of weights start at 0, others lie around it. */
export interface ScaleOf {
  readonly of: 'weights' | 'signed';
  /** Least and largest of the finite numbers, after what `rows` and `leftOut` do. */
  readonly minimum: number;
  readonly maximum: number;
  readonly kind?: ScaleKind;
  readonly map?: MapName;
  readonly ground: Ground;
  readonly rows?: Float32Array | null;
  readonly leftOut?: Float32Array | null;
}

/** A scale from 0, or from below where a weight is, to the largest; of signed numbers as far to either side of 0. */
export function scaleOf({
  of,
  minimum,
  maximum,
  kind = 'linear',
  map = 'cividis',
  ground,
  rows = null,
  leftOut = null,
}: ScaleOf): ColorScale {
  const spread = kind === 'row' ? 'linear' : kind;
  const common = { spread, rows, leftOut };
  if (of === 'weights') {
    const low = Math.min(0, minimum);
    return { ...common, table: tableOf(map, ground), low, high: maximum > low ? maximum : low + 1 };
  }
  const reach = Math.max(Math.abs(minimum), Math.abs(maximum)) || 1;
  return { ...common, table: tableOf('around zero', ground), low: -reach, high: reach };
}

/** A number's place between the scale's ends before those are taken for 0 and 1; keeps the sign. */
function spreadOut(scale: ColorScale, value: number): number {
  if (scale.spread === 'linear') return value;
  const size = Math.abs(value);
  const sign = value < 0 ? -1 : 1;
  if (scale.spread === 'power') return sign * Math.sqrt(size);
  const reach = Math.max(Math.abs(scale.low), Math.abs(scale.high));
  return size === 0 ? 0 : sign * Math.max(0, 1 + Math.log10(size / reach) / decades);
}

/** Where between the first colour (0) and the last (1) a finite number lies. */
export function shareAt(scale: ColorScale, value: number): number {
  const low = spreadOut(scale, scale.low);
  const t = (spreadOut(scale, value) - low) / (spreadOut(scale, scale.high) - low);
  return Math.min(1, Math.max(0, t));
}

/** Where in the table a finite number lies, which already counts as its row says. */
export function colorIndex(scale: ColorScale, value: number): number {
  return Math.floor(shareAt(scale, value) * 255 + 0.5);
}

/** The number in the middle of the colours, for the legend of a scale that is not even. */
export function middleOf(scale: ColorScale): number {
  if (scale.low < 0) return 0;
  if (scale.spread === 'power') return scale.high / 4;
  return scale.spread === 'logarithmic' ? scale.high * 10 ** (-decades / 2) : (scale.low + scale.high) / 2;
}

/** What a matrix's row is multiplied by. */
export function factorAt({ rows }: ColorScale, row: number): number {
  return rows === null ? 1 : (rows[row] ?? 1);
}

/** True where one of the columns from `start` up to `end` is left out. */
export function isLeftOut({ leftOut }: ColorScale, start: number, end = start + 1): boolean {
  return leftOut !== null && (leftOut[end] ?? 0) > (leftOut[start] ?? 0);
}

export function sameScale(a: ColorScale, b: ColorScale): boolean {
  const ends = a.low === b.low && a.high === b.high && a.spread === b.spread;
  return ends && a.table === b.table && a.rows === b.rows && a.leftOut === b.leftOut;
}

/** A scale’s ends for the shader, spread out as its numbers are. */
export function spreadEnds(scale: ColorScale): readonly [number, number] {
  return [spreadOut(scale, scale.low), spreadOut(scale, scale.high)];
}
