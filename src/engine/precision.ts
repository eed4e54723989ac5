/** A floating-point format with fewer bits than float32. */
export type HalfPrecision = 'float16' | 'bfloat16';

const formats = {
  float16: { bits: 11, smallest: -14, largest: 65_504 },
  bfloat16: { bits: 8, smallest: -126, largest: 3.3895313892515355e38 },
} as const;

/** Half of the largest relative distance between two neighbouring numbers of a format. */
export function roundoff(precision: HalfPrecision): number {
  return 2 ** -formats[precision].bits;
}

/** The nearest number of a format, of two as near the even one; beyond its largest, infinity. */
export function nearest(value: number, precision: HalfPrecision): number {
  if (value === 0 || !Number.isFinite(value)) return value;
  // Bits of the significand with the one that is not stored, and the smallest exponent of normal numbers.
  const { bits, smallest, largest } = formats[precision];
  const magnitude = Math.abs(value);
  const unit = 2 ** (Math.max(Math.floor(Math.log2(magnitude)), smallest) - bits + 1);
  const scaled = magnitude / unit;
  const floor = Math.floor(scaled);
  const rest = scaled - floor;
  const rounded = (rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor) * unit;
  return Math.sign(value) * (rounded > largest ? Infinity : rounded);
}
