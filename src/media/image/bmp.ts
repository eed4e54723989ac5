import { Bytes, checkSize, ImageError, type Decoded } from './image.js';

/** How the bits of a pixel fall on red, green and blue. */
type Masks = readonly [red: number, green: number, blue: number];

/**
 * BMP of 1, 4, 8, 16, 24 or 32 bits, run-length encoded too; alpha is dropped.
 * @throws ImageError
 */
export function decodeBmp(all: Uint8Array, where: string): Decoded {
  const bytes = new Bytes(all, where, true);
  const headerSize = bytes.uint32(14);
  const old = headerSize === 12;
  if (!old && (headerSize < 40 || headerSize > 124)) {
    throw new ImageError(`${where} has a header of ${headerSize} bytes, which no BMP that is read here has.`);
  }
  const width = old ? bytes.uint16(18) : bytes.int32(18);
  const tall = old ? bytes.uint16(20) : bytes.int32(22);
  const height = Math.abs(tall);
  checkSize(width, height, where);
  const depth = bytes.uint16(old ? 24 : 28);
  const compression = old ? 0 : bytes.uint32(30);
  const runs = (compression === 1 && depth === 8) || (compression === 2 && depth === 4);
  if (![1, 4, 8, 16, 24, 32].includes(depth) || !(compression === 0 || compression === 3 || runs)) {
    throw new ImageError(`${where} has ${depth} bits per pixel in the way ${compression}, which is not read here.`);
  }
  const start = bytes.uint32(10);
  const data = new Uint8Array(3 * width * height); // (row, column, channel)
  const rowAt = (row: number) => 3 * width * (tall < 0 ? row : height - 1 - row);
  if (depth <= 8) {
    const colours = paletteOf(bytes, headerSize, depth, start);
    const indices = runs
      ? unpacked(bytes, start, width, height, depth)
      : bitmap(bytes, start, width, height, depth); // (row, column)
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++) {
        const index = indices[row * width + column] ?? 0;
        data.set(colours.subarray(3 * index, 3 * index + 3), rowAt(row) + 3 * column);
      }
    }
    return { width, height, data, orientation: 1, notes: [] };
  }
  const masks = masksOf(bytes, depth, compression, where);
  const shifts = masks.map((mask) => 31 - Math.clz32(mask & -mask));
  const tops = masks.map((mask, channel) => mask >>> (shifts[channel] ?? 0));
  const size = depth / 8;
  const stride = Math.ceil((width * size) / 4) * 4;
  bytes.part(start, stride * (height - 1) + width * size);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const at = start + row * stride + column * size;
      const pixel =
        size === 2
          ? bytes.uint16(at)
          : bytes.uint16(at) + 65536 * bytes.byte(at + 2) + (size === 4 ? 2 ** 24 * bytes.byte(at + 3) : 0);
      for (let channel = 0; channel < 3; channel++) {
        const value = ((pixel & (masks[channel] ?? 0)) >>> (shifts[channel] ?? 0)) * 255;
        data[rowAt(row) + 3 * column + channel] = Math.floor(value / (tops[channel] ?? 255));
      }
    }
  }
  return { width, height, data, orientation: 1, notes: [] };
}

function masksOf(bytes: Bytes, depth: number, compression: number, where: string): Masks {
  if (compression === 0) return depth === 16 ? [0x7c00, 0x3e0, 0x1f] : [0xff0000, 0xff00, 0xff];
  const masks: Masks = [bytes.uint32(54), bytes.uint32(58), bytes.uint32(62)];
  const whole = masks.every((mask) => {
    const shifted = mask / 2 ** (31 - Math.clz32(mask & -mask));
    return mask > 0 && Number.isInteger(Math.log2(shifted + 1)) && shifted <= 255;
  });
  if (!whole || depth === 24) {
    throw new ImageError(`${where} spreads its colours over bits in a way that is not read here.`);
  }
  return masks;
}

/** Colours that the file does not name are black. // (256, channel) */
function paletteOf(bytes: Bytes, headerSize: number, depth: number, start: number): Uint8Array {
  const table = new Uint8Array(768);
  const size = headerSize === 12 ? 3 : 4;
  const said = headerSize === 12 ? 0 : bytes.uint32(46);
  const first = 14 + headerSize;
  const room = Math.max(0, Math.floor((start - first) / size));
  const count = Math.min(said === 0 ? 2 ** depth : said, 256, room);
  for (let entry = 0; entry < count; entry++) {
    const [blue = 0, green = 0, red = 0] = bytes.part(first + entry * size, 3);
    table.set([red, green, blue], 3 * entry);
  }
  return table;
}

/** // (row, column), in the order of the file */
function bitmap(bytes: Bytes, start: number, width: number, height: number, depth: number): Uint8Array {
  const stride = Math.ceil((width * depth) / 32) * 4;
  bytes.part(start, stride * (height - 1) + Math.ceil((width * depth) / 8));
  const out = new Uint8Array(width * height);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const bit = column * depth;
      const byte = bytes.byte(start + row * stride + (bit >> 3));
      out[row * width + column] = (byte >> (8 - depth - (bit & 7))) & (2 ** depth - 1);
    }
  }
  return out;
}

/** Run lengths, of eight or four bits an index. // (row, column), in the order of the file */
function unpacked(bytes: Bytes, start: number, width: number, height: number, depth: number): Uint8Array {
  const out = new Uint8Array(width * height);
  let at = start;
  let row = 0;
  let column = 0;
  const put = (value: number): void => {
    if (row < height && column < width) out[row * width + column] = value;
    column++;
  };
  const nibble = (byte: number, second: boolean) => (second ? byte & 15 : byte >> 4);
  for (;;) {
    const count = bytes.byte(at);
    const value = bytes.byte(at + 1);
    at += 2;
    if (count > 0) {
      for (let index = 0; index < count; index++) put(depth === 8 ? value : nibble(value, index % 2 === 1));
    } else if (value === 0) {
      row++;
      column = 0;
      if (row >= height) return out;
    } else if (value === 1) {
      return out;
    } else if (value === 2) {
      column += bytes.byte(at);
      row += bytes.byte(at + 1);
      at += 2;
    } else {
      const length = Math.ceil((value * depth) / 8);
      for (let index = 0; index < value; index++) {
        const byte = bytes.byte(at + (depth === 8 ? index : index >> 1));
        put(depth === 8 ? byte : nibble(byte, index % 2 === 1));
      }
      at += Math.ceil(length / 2) * 2;
    }
  }
}
