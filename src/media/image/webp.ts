import webp from '@jsquash/webp/codec/dec/webp_dec.js';
import binary from '@jsquash/webp/codec/dec/webp_dec.wasm';
import { Codec, hasAlpha, withoutAlpha } from './codec.js';
import { Bytes, checkSize, droppedAlpha, ImageError, type Decoded } from './image.js';
import { orientationOf } from './orientation.js';

const codec = new Codec(webp, binary, []);

interface Size {
  readonly width: number;
  readonly height: number;
}

interface Chunk {
  readonly name: string;
  /** With its name and its length. */
  readonly whole: Uint8Array;
  readonly body: Uint8Array;
}

/**
 * WebP, lossy and lossless; alpha is dropped, and of an animation the first frame is read.
 * @throws ImageError
 */
export async function decodeWebp(all: Uint8Array, where: string): Promise<Decoded> {
  const bytes = new Bytes(all, where, true);
  const end = Math.min(bytes.length, 8 + bytes.uint32(4) + (bytes.uint32(4) % 2));
  if (8 + bytes.uint32(4) > bytes.length) {
    throw new ImageError(`${where} ends too early: it is damaged or was not copied whole.`);
  }
  const chunks = chunksOf(bytes.part(12, end - 12), where);
  const exif = chunks.find(({ name }) => name === 'EXIF');
  const orientation = exif === undefined ? 1 : orientationOf(exif.body);
  const header = chunks.find(({ name }) => name === 'VP8X');
  const frame = chunks.find(({ name }) => name === 'ANMF');
  if (header === undefined || frame === undefined) {
    const size = sizeOf(chunks, where);
    const data = await codec.decode(where, size, all);
    const notes = hasAlpha(data) ? [droppedAlpha] : [];
    return { ...size, data: withoutAlpha(data), orientation, notes };
  }
  const canvas = sizeOf([header], where);
  const { part, left, top } = await firstFrame(frame, where);
  if (left + part.width > canvas.width || top + part.height > canvas.height) {
    throw new ImageError(`${where} is damaged: its first frame does not lie within the picture.`);
  }
  const data = new Uint8Array(3 * canvas.width * canvas.height); // (row, column, channel)
  for (let row = 0; row < part.height; row++) {
    const from = 3 * row * part.width;
    data.set(part.data.subarray(from, from + 3 * part.width), 3 * ((top + row) * canvas.width + left));
  }
  return { ...canvas, data, orientation, notes: ['Of the animation, the first frame is read.'] };
}

/** A frame is a picture without a file around it. */
async function firstFrame(
  frame: Chunk,
  where: string,
): Promise<{ part: Size & { data: Uint8Array }; left: number; top: number }> {
  const bytes = new Bytes(frame.body, where, true);
  const chunks = chunksOf(bytes.part(16, bytes.length - 16), where);
  const size = sizeOf(chunks, where);
  const pictures = chunks.filter(({ name }) => name === 'ALPH' || name === 'VP8 ' || name === 'VP8L');
  const alpha = pictures.some(({ name }) => name === 'ALPH');
  const extended = new Uint8Array(alpha ? 18 : 0);
  if (alpha) {
    extended.set([0x56, 0x50, 0x38, 0x58, 10, 0, 0, 0, 0x10]);
    extended.set(littleEndian(size.width - 1, 3), 12);
    extended.set(littleEndian(size.height - 1, 3), 15);
  }
  const parts = [extended, ...pictures.map(({ whole }) => whole)];
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const file = new Uint8Array(12 + length);
  file.set([0x52, 0x49, 0x46, 0x46, ...littleEndian(length + 4, 4), 0x57, 0x45, 0x42, 0x50]);
  let at = 12;
  for (const part of parts) {
    file.set(part, at);
    at += part.length;
  }
  const data = withoutAlpha(await codec.decode(where, size, file));
  return { part: { ...size, data }, left: 2 * uint24(bytes, 0), top: 2 * uint24(bytes, 3) };
}

function chunksOf(part: Uint8Array, where: string): Chunk[] {
  const bytes = new Bytes(part, where, true);
  const found: Chunk[] = [];
  for (let at = 0; at + 8 <= bytes.length; ) {
    const length = bytes.uint32(at + 4);
    const padded = Math.min(length + (length % 2), bytes.length - at - 8);
    found.push({
      name: bytes.word(at, 4),
      body: bytes.part(at + 8, length),
      whole: bytes.part(at, 8 + padded),
    });
    at += 8 + padded;
  }
  return found;
}

/** @throws ImageError */
function sizeOf(chunks: readonly Chunk[], where: string): Size {
  for (const { name, body } of chunks) {
    const bytes = new Bytes(body, where, true);
    let size: Size | undefined;
    if (name === 'VP8X') size = { width: uint24(bytes, 4) + 1, height: uint24(bytes, 7) + 1 };
    if (name === 'VP8 ') size = { width: bytes.uint16(6) & 0x3fff, height: bytes.uint16(8) & 0x3fff };
    if (name === 'VP8L') {
      const bits = bytes.uint32(1);
      size = { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 };
    }
    if (size === undefined) continue;
    checkSize(size.width, size.height, where);
    return size;
  }
  throw new ImageError(`${where} is damaged: there is no picture in it.`);
}

function uint24(bytes: Bytes, at: number): number {
  return bytes.uint16(at) + 65536 * bytes.byte(at + 2);
}

function littleEndian(value: number, length: number): number[] {
  return Array.from({ length }, (_, index) => Math.floor(value / 256 ** index) % 256);
}
