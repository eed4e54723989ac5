import { isMasked } from '../../draw/colormap.js';
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
  /** Of the finite numbers of the patches; 0 and 0 where there are none. */
  readonly minimum: number;
  readonly maximum: number;
  readonly anyMasked: boolean;
}

export interface Reading {
  /** True of attention weights, which can be summed; false of scores. */
  readonly areWeights: boolean;
  /** Whether only patches count: their weights are divided by what they sum to. */
  readonly leaveOut: boolean;
  /** The share of the patches’ sum that is drawn. */
  readonly keep: number;
}

/** Reads a line of a matrix, a number a label, as numbers of patches. */
export function valuesOf(
  line: Float32Array,
  { list, others }: Patches,
  { areWeights, leaveOut, keep }: Reading,
): Values {
  const patches = Float32Array.from(list, ({ index }) => line[index] ?? NaN);
  const held = sumOf(patches);
  const rest = new Map(others.map((index) => [index, line[index] ?? NaN]));
  const whole = held + sumOf(rest.values());
  const drawn = areWeights && leaveOut && held > 0 ? patches.map((value) => value / held) : patches;
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
    othersShare: areWeights && whole > 0 ? (whole - held) / whole : null,
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
