import type { StorageType } from './format.js';

/**
 * Converts `count` numbers that begin at byte `at` of `bytes` to float32, into `out` from index `to` on.
 * Rounds once, to nearest, ties to even.
 */
type Decode = (
  bytes: DataView,
  at: number,
  count: number,
  littleEndian: boolean,
  out: Float32Array,
  to: number,
) => void;

/** How one element type lies in a file and becomes float32. */
export interface ElementType {
  /** Bytes of one number. */
  readonly bytes: number;
  readonly decode: Decode;
  /** Its name where other readers can be pointed at the raw bytes. */
  readonly storage?: StorageType;
}

const hostIsLittleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** A decoder from one that reads a single number. */
function each(bytes: number, read: (view: DataView, at: number, littleEndian: boolean) => number): Decode {
  return (view, at, count, littleEndian, out, to) => {
    for (let i = 0; i < count; i++) out[to + i] = read(view, at + i * bytes, littleEndian);
  };
}

const readFloat32 = each(4, (view, at, littleEndian) => view.getFloat32(at, littleEndian));

/** Float32 in the machine's own byte order is copied as it is, whatever its alignment. */
const decodeFloat32: Decode = (view, at, count, littleEndian, out, to) => {
  if (littleEndian !== hostIsLittleEndian || count < 16) {
    readFloat32(view, at, count, littleEndian, out, to);
    return;
  }
  const target = new Uint8Array(out.buffer, out.byteOffset + to * 4, count * 4);
  target.set(new Uint8Array(view.buffer, view.byteOffset + at, count * 4));
};

/** A float32 from its bits. */
const bits = new DataView(new ArrayBuffer(4));
function fromBits(value: number): number {
  bits.setUint32(0, value);
  return bits.getFloat32(0);
}

/** How a small binary float spells infinities and NaN. */
type Specials =
  /** IEEE 754: the largest exponent means infinity or NaN. */
  | 'ieee'
  /** OCP E4M3, "fn": only all ones is NaN, and nothing is infinite. */
  | 'finite'
  /** "fnuz": only what would be −0 is NaN, nothing is infinite, and the exponent is biased by one more. */
  | 'unsigned-zero';

/** A small binary float: one sign bit, `exponentBits`, `mantissaBits`, subnormals. */
function smallFloat(code: number, exponentBits: number, mantissaBits: number, specials: Specials): number {
  const isNegative = code >> (exponentBits + mantissaBits) !== 0;
  const sign = isNegative ? -1 : 1;
  const largest = 2 ** exponentBits - 1;
  const bias = 2 ** (exponentBits - 1) - (specials === 'unsigned-zero' ? 0 : 1);
  const exponent = (code >> mantissaBits) & largest;
  const steps = 2 ** mantissaBits;
  const mantissa = code & (steps - 1);
  if (exponent === largest) {
    if (specials === 'ieee') return mantissa === 0 ? sign * Infinity : NaN;
    if (specials === 'finite' && mantissa === steps - 1) return NaN;
  }
  if (exponent === 0) {
    if (specials === 'unsigned-zero' && isNegative && mantissa === 0) return NaN;
    return sign * 2 ** (1 - bias) * (mantissa / steps);
  }
  return sign * 2 ** (exponent - bias) * (1 + mantissa / steps);
}

/** Every value of a small binary float, by its bits; made when first needed. */
function tableOf(exponentBits: number, mantissaBits: number, specials: Specials): () => Float32Array {
  let table: Float32Array | undefined;
  return () =>
    (table ??= Float32Array.from({ length: 2 ** (1 + exponentBits + mantissaBits) }, (_, code) =>
      smallFloat(code, exponentBits, mantissaBits, specials),
    ));
}

/** Every half-precision number, by its bits. */
export const halves = tableOf(5, 10, 'ieee');
const e5m2 = tableOf(5, 2, 'ieee');
const e4m3 = tableOf(4, 3, 'finite');
const e5m2fnuz = tableOf(5, 2, 'unsigned-zero');
const e4m3fnuz = tableOf(4, 3, 'unsigned-zero');

const decodeHalf: Decode = (view, at, count, littleEndian, out, to) => {
  const table = halves();
  for (let i = 0; i < count; i++) out[to + i] = table[view.getUint16(at + i * 2, littleEndian)] ?? NaN;
};

function decodeByTable(table: () => Float32Array): Decode {
  return each(1, (view, at) => table()[view.getUint8(at)] ?? NaN);
}

/**
 * A 64-bit integer as a double that rounds to the same float32 as the integer itself. A plain conversion would
 * round twice: beyond 2^53 the low bits are therefore folded into one that only says whether any was set.
 */
function wide(high: number, low: number): number {
  if (high >= -0x200000 && high < 0x200000) return high * 2 ** 32 + low;
  const folded = low - (low % 4096) + (low % 4096 === 0 ? 0 : 2048);
  return high * 2 ** 32 + folded;
}

/** The element types that can be read, by the names used here; each format maps its own names to these. */
export const elementTypes = {
  bool: { bytes: 1, storage: 'BOOL', decode: each(1, (view, at) => (view.getUint8(at) === 0 ? 0 : 1)) },
  uint8: { bytes: 1, storage: 'U8', decode: each(1, (view, at) => view.getUint8(at)) },
  int8: { bytes: 1, storage: 'I8', decode: each(1, (view, at) => view.getInt8(at)) },
  uint16: { bytes: 2, decode: each(2, (view, at, little) => view.getUint16(at, little)) },
  int16: { bytes: 2, storage: 'I16', decode: each(2, (view, at, little) => view.getInt16(at, little)) },
  uint32: { bytes: 4, decode: each(4, (view, at, little) => view.getUint32(at, little)) },
  int32: { bytes: 4, storage: 'I32', decode: each(4, (view, at, little) => view.getInt32(at, little)) },
  uint64: {
    bytes: 8,
    decode: each(8, (view, at, little) =>
      wide(view.getUint32(at + (little ? 4 : 0), little), view.getUint32(at + (little ? 0 : 4), little)),
    ),
  },
  int64: {
    bytes: 8,
    storage: 'I64',
    decode: each(8, (view, at, little) =>
      wide(view.getInt32(at + (little ? 4 : 0), little), view.getUint32(at + (little ? 0 : 4), little)),
    ),
  },
  float8_e4m3: { bytes: 1, decode: decodeByTable(e4m3) },
  float8_e5m2: { bytes: 1, decode: decodeByTable(e5m2) },
  float8_e4m3fnuz: { bytes: 1, decode: decodeByTable(e4m3fnuz) },
  float8_e5m2fnuz: { bytes: 1, decode: decodeByTable(e5m2fnuz) },
  /** A power of two and nothing else: what scales blocks of numbers (OCP MX). */
  float8_e8m0fnu: {
    bytes: 1,
    decode: each(1, (view, at) => (view.getUint8(at) === 255 ? NaN : 2 ** (view.getUint8(at) - 127))),
  },
  float16: { bytes: 2, storage: 'F16', decode: decodeHalf },
  bfloat16: {
    bytes: 2,
    storage: 'BF16',
    decode: each(2, (view, at, little) => fromBits(view.getUint16(at, little) * 65536)),
  },
  float32: { bytes: 4, storage: 'F32', decode: decodeFloat32 },
  float64: { bytes: 8, storage: 'F64', decode: each(8, (view, at, little) => view.getFloat64(at, little)) },
} as const satisfies Record<string, ElementType>;
