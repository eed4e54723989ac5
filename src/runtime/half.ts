/** The nearest half-precision numbers by their bits (IEEE 754 binary16): halfway, the even one; beyond 65,504, infinity. */
export function toHalves(numbers: ArrayLike<number>): Uint16Array {
  const bits = new Uint16Array(numbers.length);
  const single = new Float32Array(1);
  const pattern = new Uint32Array(single.buffer);
  for (let at = 0; at < numbers.length; at++) {
    single[0] = numbers[at] ?? 0;
    bits[at] = halfOf(pattern[0] ?? 0);
  }
  return bits;
}

/** @param single the bits of a float32 */
function halfOf(single: number): number {
  const sign = (single >>> 16) & 0x80_00;
  const exponent = (single >>> 23) & 0xff;
  const fraction = single & 0x7f_ff_ff;
  if (exponent === 0xff) return sign | (fraction === 0 ? 0x7c_00 : 0x7e_00);
  // Below 2^-14 steps no longer get smaller, so that more bits are dropped.
  const dropped = exponent < 113 ? 126 - exponent : 13;
  if (dropped > 24) return sign;
  const whole = exponent < 113 ? fraction | 0x80_00_00 : ((exponent - 112) << 23) | fraction;
  const kept = whole >>> dropped;
  const rest = whole & ((1 << dropped) - 1);
  const middle = 1 << (dropped - 1);
  // Rounding up may carry into the exponent, which is then right as well.
  const rounded = kept + (rest > middle || (rest === middle && (kept & 1) === 1) ? 1 : 0);
  return sign | Math.min(rounded, 0x7c_00);
}
