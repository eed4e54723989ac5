import { isMasked } from '../../../src/drawing/colors/colormap.js';
import type { Kept } from '../../draw/mass.js';
import { keepMass } from '../../draw/mass.js';
import type { Patches } from './patches.js';

/** One row or column of a matrix as it lies on the image. */
export interface Values {
  /** // (patch) */
  readonly patches: Float32Array;
  /** What of the patches is drawn. */
  readonly kept: Kept;
  /** Of what is no patch, by label. */
  readonly others: ReadonlyMap<number, number>;
  /** What others hold of the whole, 0 to 1; null where numbers are no weights. */
  readonly othersShare: number | null;
  /** What is left out of the whole, 0 to 1. */
  readonly leftShare: number;
  /** The labels that do not count. */
  readonly leftOut: ReadonlySet<number>;
  /** Of the finite numbers of the patches; 0 and 0 where there are none. */
  readonly minimum: number;
  readonly maximum: number;
  readonly anyMasked: boolean;
}

export interface Reading {
  /** True of attention weights, which can be summed; false of scores. */
  readonly areWeights: boolean;
  /** Labels that do not count: the weights of the others are divided by what they sum to. */
  readonly leaveOut: readonly number[];
  /** The share of the patches’ sum that is drawn. */
  readonly keep: number;
}

/** Reads a line of a matrix, a number a label, as numbers of patches. */
export function valuesOf(
  line: Float32Array,
  { list, others }: Patches,
  { areWeights, leaveOut, keep }: Reading,
): Values {
  const whole = sumOf(line);
  const left = areWeights ? sumOf(leaveOut.map((index) => line[index] ?? NaN)) : 0;
  const divisor = left > 0 && whole > left ? (whole - left) / whole : 1;
  const out = new Set(areWeights ? leaveOut : []);
  const drawn = Float32Array.from(list, ({ index }) =>
    out.has(index) ? NaN : (line[index] ?? NaN) / divisor,
  );
  const rest = new Map(others.map((index) => [index, line[index] ?? NaN]));
  const share = (of: Iterable<number>): number | null => (areWeights && whole > 0 ? sumOf(of) / whole : null);
  let [minimum, maximum, anyMasked] = [Infinity, -Infinity, false];
  for (const value of drawn) {
    if (isMasked(value)) anyMasked = true;
    else [minimum, maximum] = [Math.min(minimum, value), Math.max(maximum, value)];
  }
  const range = minimum > maximum ? { minimum: 0, maximum: 0 } : { minimum, maximum };
  return {
    patches: drawn,
    kept: areWeights ? keepMass(drawn, keep) : all(drawn),
    others: rest,
    othersShare: share(rest.values()),
    leftOut: out,
    leftShare: areWeights && whole > 0 ? left / whole : 0,
    ...range,
    anyMasked,
  };
}

function sumOf(values: Iterable<number>): number {
  let sum = 0;
  for (const value of values) if (!isMasked(value)) sum += value;
  return sum;
}

function all(values: Float32Array): Kept {
  const mask = Uint8Array.from(values, (value) => (isMasked(value) ? 0 : 1));
  return { mask, count: sumOf(mask), least: -Infinity, held: 1 };
}
