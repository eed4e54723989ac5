import { again, FormatError } from './source.js';

/** NumPy's own limit; a header with more axes was not written by an array library. */
const MAX_AXES = 64;

/** No extent beyond this fits beside at least one other number in anything that can be shown. */
const MAX_EMPTY_EXTENT = 2 ** 31;

const SHOWN_CHARACTERS = 80;

/** A name or value from a file, fit for a message: quoted, escaped and cut to a readable length. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text);
}

/** The file's name without its folder and its last extension: what its one unnamed tensor is called. */
export function stemOf(fileName: string): string {
  return fileName.replace(/(?<=.)\.[^.]+$/, '');
}

/**
 * Extents as a header claims them, checked to be a shape whose element count is an exact number.
 * @param where what the shape belongs to, to begin the message: `Q.npy`, `a.npz: array "Q"`; asked for only where it is needed
 * @throws FormatError naming the axis that is wrong.
 */
export function checkedShape(extents: readonly unknown[], where: string | (() => string)): number[] {
  const told = (): string => (typeof where === 'string' ? where : where());
  if (extents.length > MAX_AXES) {
    throw new FormatError(`${told()} claims ${extents.length} axes, but at most ${MAX_AXES} can be read.`);
  }
  const shape = extents.map((extent, axis) => {
    if (typeof extent !== 'number' || !Number.isSafeInteger(extent) || extent < 0) {
      throw new FormatError(
        `${told()} claims an extent of ${shownExtent(extent)} along axis ${axis}. ${again}`,
      );
    }
    return extent;
  });
  const claimed = (): string => `${told()} claims the shape (${shape.join(', ')})`;
  if (shape.includes(0)) {
    if (shape.some((extent) => extent > MAX_EMPTY_EXTENT))
      throw new FormatError(`${claimed()}, which is absurd. ${again}`);
    return shape;
  }
  let size = 1;
  for (const extent of shape) {
    size *= extent;
    if (!Number.isSafeInteger(size)) throw new FormatError(`${claimed()}, which no file can hold. ${again}`);
  }
  return shape;
}

/** What stands where an extent should, for a message. */
function shownExtent(extent: unknown): string {
  if (extent === null) return '"null"';
  const isPlain = typeof extent === 'number' || typeof extent === 'bigint' || typeof extent === 'boolean';
  if (isPlain || typeof extent === 'string') return quoted(String(extent));
  return Array.isArray(extent) ? 'a list' : 'an object';
}

/**
 * Checks that the numbers of a shape fill the bytes that are there, exactly.
 * @throws FormatError with both counts.
 */
export function checkByteLength(
  shape: readonly number[],
  itemBytes: number,
  available: number,
  where: string,
): void {
  const needed = shape.reduce((product, extent) => product * extent, itemBytes);
  if (needed !== available) {
    throw new FormatError(
      `${where} has the shape (${shape.join(', ')}) with ${itemBytes} bytes a number, which needs ${needed} bytes, but ${available} are there. ${again}`,
    );
  }
}

/**
 * A 64-bit count or offset from a header.
 * @throws FormatError beyond what a JavaScript number holds exactly.
 */
export function checkedUint64(view: DataView, at: number, what: string): number {
  const value = view.getBigUint64(at, true);
  if (value > BigInt(Number.MAX_SAFE_INTEGER))
    throw new FormatError(`${what} is ${value}, which is absurd. ${again}`);
  return Number(value);
}

/** Bytes as UTF-8 text, or undefined when they are not. */
export function utf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
