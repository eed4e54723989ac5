import { halves } from '../dtypes.js';

/** Numbers that lie in blocks, with a scale for each. */
export interface Quant {
  /** As ggml calls it: "Q4_1". */
  readonly name: string;
  /** How many numbers a block holds. */
  readonly numbers: number;
  /** How many bytes it takes. */
  readonly bytes: number;
  /** Writes the numbers of `blocks` blocks, which begin at `bytes[0]`, from `out[to]` on; every product is exact in float32. */
  dequantise(bytes: Uint8Array, blocks: number, out: Float32Array, to: number): void;
}

/** The half-precision number at `at`, little-endian. */
export function halfAt(bytes: Uint8Array, at: number): number {
  return halves()[byteAt(bytes, at) | (byteAt(bytes, at + 1) << 8)] ?? NaN;
}

/** A byte of a block; all are there, as sizes were checked. */
export function byteAt(bytes: Uint8Array, at: number): number {
  return bytes[at] ?? 0;
}

/** A byte as a signed number. */
export function signedAt(bytes: Uint8Array, at: number): number {
  return (byteAt(bytes, at) << 24) >> 24;
}

/** The fifth bits of 32 numbers, the first one's lowest. */
export function fifthBits(bytes: Uint8Array, at: number): number {
  return (
    byteAt(bytes, at) |
    (byteAt(bytes, at + 1) << 8) |
    (byteAt(bytes, at + 2) << 16) |
    (byteAt(bytes, at + 3) << 24)
  );
}

/** The scale of one of eight groups, from the twelve bytes that six bits of each scale and least value are packed into. */
export function scaleOf(bytes: Uint8Array, at: number, group: number): number {
  return group < 4
    ? byteAt(bytes, at + group) & 63
    : (byteAt(bytes, at + 4 + group) & 15) | ((byteAt(bytes, at + group - 4) >> 2) & 48);
}

/** The least value of one of eight groups, packed with the scales. */
export function leastOf(bytes: Uint8Array, at: number, group: number): number {
  return group < 4
    ? byteAt(bytes, at + 4 + group) & 63
    : (byteAt(bytes, at + 4 + group) >> 4) | ((byteAt(bytes, at + group) >> 2) & 48);
}
