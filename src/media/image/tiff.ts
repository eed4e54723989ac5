import { Unzlib } from 'fflate';
import { quoted } from '../../formats/untrusted.js';
import { lzw, packBits } from './tiff-packing.js';
import { Bytes, checkSize, ImageError, type Decoded } from './image.js';

const tag = {
  width: 256,
  height: 257,
  bits: 258,
  compression: 259,
  photometric: 262,
  stripOffsets: 273,
  orientation: 274,
  samples: 277,
  rowsPerStrip: 278,
  stripLengths: 279,
  planar: 284,
  predictor: 317,
  palette: 320,
  tileWidth: 322,
  tileHeight: 323,
  tileOffsets: 324,
  tileLengths: 325,
  extra: 338,
  format: 339,
} as const;

/** Bytes of one value of the types that say numbers: 8 bits, 16 bits, 32 bits. */
const typeBytes: ReadonlyMap<number, number> = new Map([
  [1, 1],
  [3, 2],
  [4, 4],
]);

/** How pixels are packed, in the words of TIFF's makers, where that is not read here. */
const refused: ReadonlyMap<number, string> = new Map([
  [2, 'CCITT'],
  [3, 'fax (CCITT group 3)'],
  [4, 'fax (CCITT group 4)'],
  [6, 'JPEG'],
  [7, 'JPEG'],
  [50000, 'Zstandard'],
  [50001, 'WebP'],
  [34925, 'LZMA'],
]);

type Fields = ReadonlyMap<number, readonly number[]>;

/** A rectangle of pixels that is stored by itself: a strip or a tile. */
interface Block {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly plane: number;
  readonly offset: number;
  readonly length: number;
}

/**
 * The first page of a TIFF: black and white, grey, palette, RGB, CMYK of 1 to 16 bits, in strips or tiles, plain or packed by LZW,
 * Deflate or PackBits. Of 16 bits the upper eight are kept, but 16-bit grey is clipped at 255, as Pillow has it.
 * @throws ImageError
 */
export function decodeTiff(all: Uint8Array, where: string): Decoded {
  const bytes = new Bytes(all, where, all[0] === 0x49);
  if (bytes.uint16(2) !== 42) throw new ImageError(`${where} is a BigTIFF, which is not read; save it as TIFF.`);
  const directory = bytes.uint32(4);
  const { fields, next } = fieldsOf(bytes, directory);
  const one = (id: number, standard: number) => fields.get(id)?.[0] ?? standard;
  const width = one(tag.width, 0);
  const height = one(tag.height, 0);
  checkSize(width, height, where);
  const samples = one(tag.samples, 1);
  const depth = one(tag.bits, 1);
  const compression = one(tag.compression, 1);
  const kind = one(tag.photometric, 0);
  const packing = refused.get(compression);
  if (packing !== undefined || ![1, 5, 8, 32773, 32946].includes(compression)) {
    throw new ImageError(`${where} is a TIFF packed by ${packing ?? compression}, which is not read; save it as PNG.`);
  }
  const colours = new Map([
    [0, 1],
    [1, 1],
    [2, 3],
    [3, 1],
    [5, 4],
  ]).get(kind);
  const same = (fields.get(tag.bits) ?? []).every((bits) => bits === depth);
  const formats = (fields.get(tag.format) ?? []).every((format) => format === 1);
  const depths = colours === 1 ? [1, 2, 4, 8, 16] : [8, 16];
  const extra = samples - (colours ?? 0);
  const plain = depth >= 8 || samples === 1;
  if (colours === undefined || !same || !formats || !depths.includes(depth) || extra < 0 || samples > 8 || !plain) {
    throw new ImageError(
      `${where} is a TIFF of colours of the kind ${kind} with ${samples} samples of ${depth} bits, which is not read; save it as PNG.`,
    );
  }
  if (kind === 3 && depth === 16) throw new ImageError(`${where} is a TIFF with a palette of 16 bits, which is not read.`);
  const predictor = one(tag.predictor, 1);
  if (predictor !== 1 && !(predictor === 2 && depth >= 8)) {
    throw new ImageError(`${where} is a TIFF with the predictor ${predictor}, which is not read; save it as PNG.`);
  }
  const planes = one(tag.planar, 1) === 2 ? samples : 1;
  const size = depth === 16 ? 2 : 1;
  const stored = new Uint16Array(width * height * samples); // (row, column, sample)
  for (const block of blocksOf(fields, width, height, planes, where)) {
    const within = samples / planes;
    const stride = Math.ceil((block.width * within * depth) / 8);
    const raw = unpacked(bytes, block, compression, stride * block.height, where);
    const numbers = new Bytes(raw, where, all[0] === 0x49);
    for (let row = 0; row < block.height && block.top + row < height; row++) {
      const before = new Uint16Array(within);
      for (let column = 0; column < block.width; column++) {
        for (let sample = 0; sample < within; sample++) {
          const bit = (column * within + sample) * depth;
          const at = row * stride + (bit >> 3);
          let value =
            size === 2
              ? numbers.uint16(at)
              : ((raw[at] ?? 0) >> (8 - depth - (bit & 7))) & (2 ** depth - 1);
          if (predictor === 2) {
            value = (value + (before[sample] ?? 0)) & (2 ** depth - 1);
            before[sample] = value;
          }
          if (block.left + column >= width) continue;
          const to = ((block.top + row) * width + block.left + column) * samples;
          stored[to + (planes === 1 ? sample : block.plane)] = value;
        }
      }
    }
  }
  const associated = extra > 0 && kind === 2 && one(tag.extra, 0) === 1;
  const data = coloured(stored, samples, { kind, depth, associated, palette: fields.get(tag.palette) ?? [] });
  const notes: string[] = [];
  if (next !== 0) notes.push('Of several pages, the first is read.');
  if (colours === 1 && depth === 16) {
    notes.push('Grey values of 16 bits are cut off at 255, as Pillow’s convert("RGB") does.');
  }
  return { width, height, data, orientation: one(tag.orientation, 1), notes };
}

/** // (row, column, sample) → (row, column, channel) */
function coloured(
  stored: Uint16Array,
  samples: number,
  { kind, depth, associated, palette }: { kind: number; depth: number; associated: boolean; palette: readonly number[] },
): Uint8Array {
  const count = stored.length / samples;
  const out = new Uint8Array(3 * count);
  const top = 2 ** depth - 1;
  const eight = (value: number) => (depth === 16 ? value >> 8 : value);
  const entries = 2 ** Math.min(depth, 8);
  for (let pixel = 0; pixel < count; pixel++) {
    const at = pixel * samples;
    for (let channel = 0; channel < 3; channel++) {
      const value = stored[at + (kind === 2 || kind === 5 ? channel : 0)] ?? 0;
      let shown: number;
      if (kind === 3) shown = (palette[channel * entries + value] ?? 0) >> 8;
      else if (kind === 2) shown = eight(value);
      else if (kind === 5) {
        const rest = 255 - eight(stored[at + 3] ?? 0);
        const product = eight(value) * rest + 128;
        shown = Math.max(0, rest - (((product >> 8) + product) >> 8));
      } else {
        const grey = depth === 16 ? Math.min(255, value) : (value * 255) / top;
        shown = kind === 0 ? 255 - grey : grey;
      }
      if (associated) {
        const alpha = eight(stored[at + 3] ?? 0);
        shown = alpha === 0 ? 0 : Math.min(255, Math.floor((255 * shown) / alpha));
      }
      out[3 * pixel + channel] = shown;
    }
  }
  return out;
}

function fieldsOf(bytes: Bytes, directory: number): { fields: Fields; next: number } {
  const fields = new Map<number, number[]>();
  const count = bytes.uint16(directory);
  for (let entry = 0; entry < count; entry++) {
    const at = directory + 2 + 12 * entry;
    const size = typeBytes.get(bytes.uint16(at + 2));
    const values = bytes.uint32(at + 4);
    const wanted = Object.values(tag).find((id) => id === bytes.uint16(at));
    if (size === undefined || wanted === undefined) continue;
    const from = size * values <= 4 ? at + 8 : bytes.uint32(at + 8);
    bytes.part(from, size * values);
    fields.set(
      wanted,
      Array.from({ length: values }, (_, index) => {
        const place = from + index * size;
        return size === 1 ? bytes.byte(place) : size === 2 ? bytes.uint16(place) : bytes.uint32(place);
      }),
    );
  }
  return { fields, next: bytes.uint32(directory + 2 + 12 * count) };
}

function blocksOf(fields: Fields, width: number, height: number, planes: number, where: string): Block[] {
  const tileWidth = fields.get(tag.tileWidth)?.[0];
  const tiled = tileWidth !== undefined;
  const across = tiled ? tileWidth : width;
  const down = tiled
    ? (fields.get(tag.tileHeight)?.[0] ?? 0)
    : Math.min(height, fields.get(tag.rowsPerStrip)?.[0] ?? height);
  checkSize(across, down, `${where}: a part of it`);
  const offsets = fields.get(tiled ? tag.tileOffsets : tag.stripOffsets) ?? [];
  const lengths = fields.get(tiled ? tag.tileLengths : tag.stripLengths) ?? [];
  const columns = Math.ceil(width / across);
  const rows = Math.ceil(height / down);
  if (offsets.length < columns * rows * planes || lengths.length < offsets.length) {
    throw new ImageError(
      `${where} is damaged: it has ${quoted(String(offsets.length))} parts where its size needs ${columns * rows * planes}.`,
    );
  }
  return Array.from({ length: columns * rows * planes }, (_, index) => {
    const place = index % (columns * rows);
    const top = Math.floor(place / columns) * down;
    return {
      left: (place % columns) * across,
      top,
      width: across,
      height: tiled ? down : Math.min(down, height - top),
      plane: Math.floor(index / (columns * rows)),
      offset: offsets[index] ?? 0,
      length: lengths[index] ?? 0,
    };
  });
}

/** Exactly as many bytes as a block needs. */
function unpacked(bytes: Bytes, block: Block, compression: number, length: number, where: string): Uint8Array {
  const packed = bytes.part(block.offset, block.length);
  const out = new Uint8Array(length);
  let filled = 0;
  if (compression === 1) {
    out.set(packed.subarray(0, length));
    filled = Math.min(length, packed.length);
  } else if (compression === 5) {
    filled = lzw(packed, out);
  } else if (compression === 32773) {
    filled = packBits(packed, out);
  } else {
    const stream = new Unzlib((part) => {
      out.set(part.subarray(0, length - filled), filled);
      filled = Math.min(length, filled + part.length);
    });
    try {
      const step = 1 << 14;
      for (let at = 0; at < packed.length && filled < length; at += step) stream.push(packed.subarray(at, at + step));
    } catch {
      throw new ImageError(`${where} is damaged: its compressed pixels cannot be read.`);
    }
  }
  if (filled < length) throw new ImageError(`${where} ends too early: it is damaged or was not copied whole.`);
  return out;
}
