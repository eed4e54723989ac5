import { nearest, roundoff, type HalfPrecision } from '../../engine/precision.js';
import type { Tensor } from '../../engine/tensor.js';

/** How far given numbers are from those of a formula. */
export interface Measure {
  /** The largest absolute difference. */
  readonly error: number;
  /** The root of the mean squared difference, over that of the given numbers. */
  readonly relative: number;
  /** The largest difference, over what rounding may leave of it: 1 and less agrees. */
  readonly excess: number;
  /** The same, where numbers were rounded on the way. */
  readonly loose: number;
  /** Where the largest difference is. */
  readonly at: number;
}

/** The precision that numbers were stored in, where that is less than float32. */
export function precisionOf({ data }: Tensor): HalfPrecision | undefined {
  const seen = new Set<number>();
  for (let at = 0; at < data.length && seen.size < 4096; at++) {
    const value = data[at] ?? 0;
    if (Number.isFinite(value) && Math.abs(value) < 1e4 && value !== 0) seen.add(value);
  }
  // A few ones and halves are in any format.
  if (seen.size < 8) return undefined;
  return (['bfloat16', 'float16'] as const).find((precision) =>
    [...seen].every((value) => nearest(value, precision) === value),
  );
}

/** What is known of the rounding of given numbers. */
export interface Rounding {
  /** The largest magnitude of the scores before the softmax: what is lost there comes back in the weights. */
  readonly logits: number;
  /** Half a unit in the last place of the format that they are stored in. */
  readonly stored: number;
  /** The same of a format that was computed in on the way; 0 for none. */
  readonly computed: number;
}

/** Below this, a finite score means −∞: finfo.min, −1e9, −1e4. */
const masked = -1000;

/** Of the cells, at least this share has numbers in the formula, or nothing was compared. */
const leastCompared = 0.62;

const apart = { error: Infinity, relative: Infinity, excess: Infinity, loose: Infinity } as const;

/**
 * Compares numbers of the same shape. Cells that have none in the formula, because all of a row's keys are masked, are not
 * compared: programs give anything from zeros to equal shares there.
 */
export function measure(
  theirs: Tensor['data'],
  ours: Tensor['data'],
  { logits, stored, computed }: Rounding,
): Measure {
  const size = Math.min(theirs.length, ours.length);
  const typical = rootMeanSquare(ours);
  // float32 keeps 24 bits; sums of products lose a few more.
  const float = 1e-5 * (1 + logits / 16);
  const half = computed * 6 * (1 + logits / 2);
  let [squares, total, error, excess, loose, compared, place] = [0, 0, 0, 0, 0, 0, 0];
  for (let at = 0; at < size; at++) {
    const [own, other] = [ours[at] ?? 0, theirs[at] ?? 0];
    if (Number.isNaN(own)) {
      if (Number.isNaN(other)) compared++;
      continue;
    }
    compared++;
    if (own === -Infinity ? other <= masked : own === other) {
      if (Number.isFinite(own)) total += own * own;
      continue;
    }
    const difference = Math.abs(own - other);
    if (!Number.isFinite(difference)) return { ...apart, at };
    const magnitude = Math.abs(own);
    squares += difference * difference;
    total += other * other;
    if (difference > error) {
      error = difference;
      place = at;
    }
    const tolerance = float * (typical + magnitude) + stored * 1.01 * magnitude + (stored > 0 ? 2 ** -25 : 0);
    excess = Math.max(excess, difference / tolerance);
    loose = Math.max(loose, difference / (tolerance + half * (typical + magnitude)));
  }
  if (compared < leastCompared * size) return { ...apart, at: place };
  return {
    error,
    relative: squares === 0 ? 0 : Math.sqrt(squares / Math.max(total, 1e-30)),
    excess,
    loose,
    at: place,
  };
}

function rootMeanSquare(data: Tensor['data']): number {
  let [sum, count] = [0, 0];
  for (const value of data) {
    if (!Number.isFinite(value)) continue;
    sum += value * value;
    count++;
  }
  return Math.sqrt(sum / Math.max(1, count));
}

export function storedRoundoff(precision: HalfPrecision | undefined): number {
  return precision === undefined ? 0 : roundoff(precision);
}
