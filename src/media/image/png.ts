import { Unzlib } from 'fflate';
import { crc32 } from '../../platform/crc32.js';
import { Bytes, checkSize, droppedAlpha, ImageError, type Decoded } from './image.js';
import { orientationOf } from './orientation.js';

/** Samples per pixel of each colour type. */
const samplesOf: ReadonlyMap<number, number> = new Map([
  [0, 1],
  [2, 3],
  [3, 1],
  [4, 2],
  [6, 4],
]);

const depthsOf: ReadonlyMap<number, readonly number[]> = new Map([
  [0, [1, 2, 4, 8, 16]],
  [2, [8, 16]],
  [3, [1, 2, 4, 8]],
  [4, [8, 16]],
  [6, [8, 16]],
]);

/** Column and row where each pass of Adam7 begins, and its strides. */
const adam7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

interface Header {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly kind: number;
  readonly interlaced: boolean;
}

/**
 * PNG (ISO/IEC 15948) as Pillow’s `convert("RGB")` gives it: alpha is dropped, of 16 bits the upper eight are kept, but 16-bit grey is
 * clipped at 255. Of an animation, the picture that programs show that know none.
 * @throws ImageError
 */
export function decodePng(all: Uint8Array, where: string): Decoded {
  const bytes = new Bytes(all, where, false);
  const parts: Uint8Array[] = [];
  let header: Header | undefined;
  let palette: Uint8Array = new Uint8Array(0);
  let orientation = 1;
  let animated = false;
  let transparent: Uint8Array | undefined;
  for (let at = 8; ; ) {
    const length = bytes.uint32(at);
    const name = bytes.word(at + 4, 4);
    const body = bytes.part(at + 8, length);
    if (/^[A-Z]/.test(name) && crc32(bytes.part(at + 4, length + 4), 0) !== bytes.uint32(at + 8 + length)) {
      throw new ImageError(`${where} is damaged: the checksum of its part ${JSON.stringify(name)} does not fit.`);
    }
    if (name === 'IHDR') header = headerOf(body, where);
    else if (name === 'PLTE') palette = body;
    else if (name === 'IDAT') parts.push(body);
    else if (name === 'eXIf') orientation = orientationOf(body);
    else if (name === 'acTL') animated = true;
    else if (name === 'tRNS') transparent = body;
    else if (name === 'IEND') break;
    at += length + 12;
  }
  if (header === undefined) throw new ImageError(`${where} is damaged: it does not say its size.`);
  const notes: string[] = [];
  if (transparent !== undefined || header.kind === 4 || header.kind === 6) notes.push(droppedAlpha);
  if (animated) notes.push('Of the animation, the first picture is read.');
  if (header.kind === 0 && header.depth === 16) {
    notes.push('Grey values of 16 bits are cut off at 255, as Pillow’s convert("RGB") does.');
  }
  const clear = transparent === undefined ? undefined : clearColour(header, transparent, palette);
  return { ...header, data: pixels(header, parts, palette, where), orientation, notes, clear };
}

/**
 * The colour that tRNS calls transparent, as Pillow hands it on with the RGB image that it makes: of a palette where one entry is
 * wholly transparent and all others are not at all; of grey in the file's own bits, which for 1 and 16 of them is taken for red alone.
 */
function clearColour(
  { kind, depth }: Header,
  transparent: Uint8Array,
  palette: Uint8Array,
): readonly [number, number, number] | undefined {
  if (kind === 3) {
    const index = transparent.indexOf(0);
    if (index < 0 || transparent.some((alpha, at) => at !== index && alpha !== 255)) return undefined;
    const [red = 0, green = 0, blue = 0] = tableOf(palette).subarray(3 * index, 3 * index + 3);
    return [red, green, blue];
  }
  const [first = 0, grey = 0, , green = 0, , blue = 0] = transparent;
  if (kind === 2) return transparent.length < 6 ? undefined : [grey, green, blue];
  if (kind !== 0 || transparent.length < 2) return undefined;
  if (depth === 1) return [first > 0 || grey > 0 ? 255 : 0, 0, 0];
  if (depth === 16) return [grey, 0, 0];
  const own = first > 0 ? 255 : grey;
  return [own, own, own];
}

function headerOf(body: Uint8Array, where: string): Header {
  const bytes = new Bytes(body, where, false);
  const width = bytes.uint32(0);
  const height = bytes.uint32(4);
  checkSize(width, height, where);
  const depth = bytes.byte(8);
  const kind = bytes.byte(9);
  const interlace = bytes.byte(12);
  if (depthsOf.get(kind)?.includes(depth) !== true || bytes.byte(10) !== 0 || bytes.byte(11) !== 0 || interlace > 1) {
    throw new ImageError(`${where} is no PNG that the standard knows: colour type ${kind} with ${depth} bits.`);
  }
  return { width, height, depth, kind, interlaced: interlace === 1 };
}

/** // (row, column, channel) */
function pixels(header: Header, parts: readonly Uint8Array[], palette: Uint8Array, where: string): Uint8Array {
  const { width, height, depth, kind } = header;
  const samples = samplesOf.get(kind) ?? 1;
  const passes = header.interlaced ? adam7 : [[0, 0, 1, 1] as const];
  const sizes = passes.map(([x, y, dx, dy]) => {
    const columns = Math.ceil((width - x) / dx);
    const rows = columns > 0 ? Math.max(0, Math.ceil((height - y) / dy)) : 0;
    return { columns, rows, stride: Math.ceil((columns * samples * depth) / 8) };
  });
  const raw = inflated(parts, sizes.reduce((sum, { rows, stride }) => sum + rows * (stride + 1), 0), where);
  const out = new Uint8Array(3 * width * height); // (row, column, channel)
  const colours = tableOf(palette);
  const reach = Math.max(1, (samples * depth) / 8);
  let at = 0;
  for (const [index, [x, y, dx, dy]] of passes.entries()) {
    const { columns, rows, stride } = sizes[index] ?? { columns: 0, rows: 0, stride: 0 };
    let above: Uint8Array = new Uint8Array(stride);
    for (let row = 0; row < rows; row++) {
      const line = raw.subarray(at + 1, at + 1 + stride);
      unfilter(raw[at] ?? 0, line, above, reach, where);
      at += stride + 1;
      above = line;
      for (let column = 0; column < columns; column++) {
        const to = 3 * ((y + row * dy) * width + x + column * dx);
        put(out, to, line, column, kind, depth, samples, colours);
      }
    }
  }
  return out;
}

function put(
  out: Uint8Array,
  to: number,
  line: Uint8Array,
  column: number,
  kind: number,
  depth: number,
  samples: number,
  colours: Uint8Array,
): void {
  if (depth < 8) {
    const bit = column * depth;
    const value = ((line[bit >> 3] ?? 0) >> (8 - depth - (bit & 7))) & (2 ** depth - 1);
    const grey = (value * 255) / (2 ** depth - 1);
    for (let channel = 0; channel < 3; channel++) {
      out[to + channel] = kind === 3 ? (colours[3 * value + channel] ?? 0) : grey;
    }
    return;
  }
  const size = depth / 8;
  const from = column * samples * size;
  const first = line[from] ?? 0;
  for (let channel = 0; channel < 3; channel++) {
    if (kind === 3) out[to + channel] = colours[3 * first + channel] ?? 0;
    else if (samples >= 3) out[to + channel] = line[from + channel * size] ?? 0;
    else out[to + channel] = kind === 0 && size === 2 ? (first > 0 ? 255 : (line[from + 1] ?? 0)) : first;
  }
}

/** Colours that the file does not name are greys, as Pillow has them. // (256, channel) */
function tableOf(palette: Uint8Array): Uint8Array {
  const table = Uint8Array.from({ length: 768 }, (_, at) => Math.floor(at / 3));
  table.set(palette.subarray(0, 768));
  return table;
}

/** Exactly as many bytes as the picture needs; what comes after them is never made. */
function inflated(parts: readonly Uint8Array[], length: number, where: string): Uint8Array {
  const out = new Uint8Array(length);
  let filled = 0;
  const stream = new Unzlib((part) => {
    out.set(part.subarray(0, length - filled), filled);
    filled = Math.min(length, filled + part.length);
  });
  const step = 1 << 14;
  try {
    for (const part of parts) {
      for (let at = 0; at < part.length && filled < length; at += step) stream.push(part.subarray(at, at + step));
    }
  } catch {
    throw new ImageError(`${where} is damaged: its compressed pixels cannot be read.`);
  }
  if (filled < length) {
    throw new ImageError(`${where} ends too early: it is damaged or was not copied whole.`);
  }
  return out;
}

/** Undoes a row’s filter in place. */
function unfilter(filter: number, line: Uint8Array, above: Uint8Array, reach: number, where: string): void {
  if (filter > 4) throw new ImageError(`${where} is damaged: a row has the filter ${filter}, which there is not.`);
  for (let at = 0; filter > 0 && at < line.length; at++) {
    const left = at >= reach ? (line[at - reach] ?? 0) : 0;
    const up = above[at] ?? 0;
    const corner = at >= reach ? (above[at - reach] ?? 0) : 0;
    const guess =
      filter === 1 ? left : filter === 2 ? up : filter === 3 ? (left + up) >> 1 : paeth(left, up, corner);
    line[at] = (line[at] ?? 0) + guess;
  }
}

function paeth(left: number, up: number, corner: number): number {
  const byLeft = Math.abs(up - corner);
  const byUp = Math.abs(left - corner);
  const byCorner = Math.abs(left + up - 2 * corner);
  if (byLeft <= byUp && byLeft <= byCorner) return left;
  return byUp <= byCorner ? up : corner;
}
