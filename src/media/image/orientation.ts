import { Bytes, ImageError, type Image } from './image.js';

const tagOrientation = 0x112;

/**
 * How the camera was held, of a block of EXIF that begins like a TIFF file; 1 where it does not say, or says nonsense.
 * What is damaged in it is nothing that the picture needs.
 */
export function orientationOf(exif: Uint8Array): number {
  const start = exif[0] === 0x45 && exif[1] === 0x78 && exif[2] === 0x69 && exif[3] === 0x66 ? 6 : 0; // "Exif\0\0"
  const block = exif.subarray(start);
  if (block[0] !== block[1] || (block[0] !== 0x49 && block[0] !== 0x4d)) return 1;
  const bytes = new Bytes(block, 'EXIF', block[0] === 0x49);
  try {
    const directory = bytes.uint32(4);
    const count = bytes.uint16(directory);
    for (let entry = 0; entry < count; entry++) {
      const at = directory + 2 + 12 * entry;
      if (bytes.uint16(at) !== tagOrientation) continue;
      const value = bytes.uint16(at + 2) === 3 ? bytes.uint16(at + 8) : bytes.uint32(at + 8);
      return value >= 1 && value <= 8 ? value : 1;
    }
  } catch (error) {
    if (!(error instanceof ImageError)) throw error;
  }
  return 1;
}

/** Turns and mirrors an image to how it was seen, as Pillow’s `ImageOps.exif_transpose` does. */
export function upright(image: Image, orientation: number): Image {
  if (orientation < 2 || orientation > 8) return image;
  const { width, height, data } = image;
  const swapped = orientation >= 5;
  const [columns, rows] = swapped ? [height, width] : [width, height];
  const out = new Uint8Array(data.length); // (row, column, channel)
  const mirroredX = orientation === 2 || orientation === 3 || orientation === 7 || orientation === 8;
  const mirroredY = orientation === 3 || orientation === 4 || orientation === 6 || orientation === 7;
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const [x, y] = swapped ? [row, column] : [column, row];
      const from = 3 * ((mirroredY ? height - 1 - y : y) * width + (mirroredX ? width - 1 - x : x));
      const to = 3 * (row * columns + column);
      out[to] = data[from] ?? 0;
      out[to + 1] = data[from + 1] ?? 0;
      out[to + 2] = data[from + 2] ?? 0;
    }
  }
  return { width: columns, height: rows, data: out };
}
