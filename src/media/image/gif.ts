import { Bytes, checkSize, droppedAlpha, ImageError, type Decoded } from './image.js';

/**
 * The first frame of a GIF, as Pillow has it: transparent pixels keep the colour of their index, and what the frame leaves free of
 * the screen has the transparent index, or 0.
 * @throws ImageError
 */
export function decodeGif(all: Uint8Array, where: string): Decoded {
  const bytes = new Bytes(all, where, true);
  const width = bytes.uint16(6);
  const height = bytes.uint16(8);
  let colours: Uint8Array | undefined;
  let at = 13;
  if ((bytes.byte(10) & 0x80) !== 0) {
    const length = 3 * 2 ** ((bytes.byte(10) & 7) + 1);
    colours = bytes.part(at, length);
    at += length;
  }
  let clear: number | undefined;
  for (;;) {
    const mark = bytes.byte(at);
    if (mark === 0x2c) break;
    if (mark !== 0x21) throw new ImageError(`${where} is damaged: it has no picture in it.`);
    if (bytes.byte(at + 1) === 0xf9 && (bytes.byte(at + 3) & 1) === 1) clear = bytes.byte(at + 6);
    at = afterBlocks(bytes, at + 2);
  }
  const left = bytes.uint16(at + 1);
  const top = bytes.uint16(at + 3);
  const columns = bytes.uint16(at + 5);
  const rows = bytes.uint16(at + 7);
  const flags = bytes.byte(at + 9);
  at += 10;
  // A frame that goes beyond the screen makes the screen larger.
  const size = { width: Math.max(width, left + columns), height: Math.max(height, top + rows) };
  checkSize(size.width, size.height, where);
  if ((flags & 0x80) !== 0) {
    const length = 3 * 2 ** ((flags & 7) + 1);
    colours = bytes.part(at, length);
    at += length;
  }
  const table = Uint8Array.from({ length: 768 }, (_, entry) => Math.floor(entry / 3));
  if (colours !== undefined) table.set(colours);
  const minimum = bytes.byte(at);
  const end = afterBlocks(bytes, at + 1);
  const indices = unpacked(blocks(bytes, at + 1), minimum, columns * rows, where); // (row, column)
  const canvas = new Uint8Array(size.width * size.height).fill(clear ?? 0);
  const order = rowOrder(rows, (flags & 0x40) !== 0);
  for (const [index, row] of order.entries()) {
    canvas.set(indices.subarray(index * columns, (index + 1) * columns), (top + row) * size.width + left);
  }
  const data = new Uint8Array(3 * canvas.length); // (row, column, channel)
  for (const [pixel, index] of canvas.entries()) data.set(table.subarray(3 * index, 3 * index + 3), 3 * pixel);
  const more = hasFrame(bytes, end);
  return {
    ...size,
    data,
    orientation: 1,
    notes: [
      ...(clear === undefined ? [] : [droppedAlpha]),
      ...(more ? ['Of the animation, the first frame is read.'] : []),
    ],
    clear: clear === undefined ? undefined : colourAt(table, clear),
  };
}

function colourAt(table: Uint8Array, index: number): readonly [number, number, number] {
  const [red = 0, green = 0, blue = 0] = table.subarray(3 * index, 3 * index + 3);
  return [red, green, blue];
}

/** Rows in the order in which they are stored. */
function rowOrder(rows: number, interlaced: boolean): number[] {
  const passes = interlaced ? ([[0, 8], [4, 8], [2, 4], [1, 2]] as const) : ([[0, 1]] as const);
  return passes.flatMap(([start, step]) => {
    const found: number[] = [];
    for (let row = start; row < rows; row += step) found.push(row);
    return found;
  });
}

function afterBlocks(bytes: Bytes, from: number): number {
  let at = from;
  for (let length = bytes.byte(at); length > 0; length = bytes.byte(at)) at += length + 1;
  return at + 1;
}

function blocks(bytes: Bytes, from: number): Uint8Array {
  const out = new Uint8Array(afterBlocks(bytes, from) - from);
  let filled = 0;
  for (let at = from, length = bytes.byte(at); length > 0; at += length + 1, length = bytes.byte(at)) {
    out.set(bytes.part(at + 1, length), filled);
    filled += length;
  }
  return out.subarray(0, filled);
}

/** Whether another frame follows; what is damaged behind the first is nothing that it needs. */
function hasFrame(bytes: Bytes, from: number): boolean {
  try {
    let at = from;
    while (bytes.byte(at) === 0x21) at = afterBlocks(bytes, at + 2);
    return bytes.byte(at) === 0x2c;
  } catch (error) {
    if (error instanceof ImageError) return false;
    throw error;
  }
}

/** Lempel–Ziv–Welch with the lowest bits first. // (length) */
function unpacked(packed: Uint8Array, minimum: number, length: number, where: string): Uint8Array {
  if (minimum < 1 || minimum > 11) throw new ImageError(`${where} is damaged: its codes have ${minimum} bits.`);
  const clear = 2 ** minimum;
  const before = new Int16Array(4096);
  const last = new Uint8Array(4096);
  for (let code = 0; code < clear; code++) last[code] = code;
  const stack = new Uint8Array(4097);
  const out = new Uint8Array(length);
  let filled = 0;
  let bits = minimum + 1;
  let next = clear + 2;
  let previous = -1;
  let first = 0;
  let held = 0;
  let buffer = 0;
  for (let at = 0; filled < length; ) {
    while (held < bits && at < packed.length) {
      buffer |= (packed[at++] ?? 0) << held;
      held += 8;
    }
    if (held < bits) break;
    const code = buffer & (2 ** bits - 1);
    buffer >>>= bits;
    held -= bits;
    if (code === clear + 1) break;
    if (code === clear) {
      bits = minimum + 1;
      next = clear + 2;
      previous = -1;
      continue;
    }
    if (code > next || (code === next && previous < 0) || (previous < 0 && code > clear)) {
      throw new ImageError(`${where} is damaged: its pixels use a code that was not made.`);
    }
    let depth = 0;
    let walk = code;
    if (code === next) {
      stack[depth++] = first;
      walk = previous;
    }
    for (; walk > clear; walk = before[walk] ?? 0) stack[depth++] = last[walk] ?? 0;
    first = last[walk] ?? 0;
    stack[depth++] = first;
    while (depth > 0 && filled < length) out[filled++] = stack[--depth] ?? 0;
    if (previous >= 0 && next < 4096) {
      before[next] = previous;
      last[next] = first;
      next++;
      if (next === 2 ** bits && bits < 12) bits++;
    }
    previous = code;
  }
  if (filled < length) throw new ImageError(`${where} ends too early: it is damaged or was not copied whole.`);
  return out;
}
