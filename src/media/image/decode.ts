import { decodeBmp } from './bmp.js';
import { decodeGif } from './gif.js';
import { checkSize, ImageError, maxFileBytes, type Decoded, type Image } from './image.js';
import { decodeJpeg } from './jpeg.js';
import { upright } from './orientation.js';
import { decodePng } from './png.js';
import { decodeTiff } from './tiff.js';
import { decodeWebp } from './webp.js';

export interface DecodedImage extends Image {
  /** What the bytes are, whatever the file is called: "PNG". */
  readonly format: string;
  /** Sentences about what was taken for what: the first of several frames, clipped values. */
  readonly notes: readonly string[];
  /** The colour of its pixels that the file calls transparent, where it is a single one: red, green, blue. */
  readonly clear?: readonly [number, number, number] | undefined;
}

interface ImageFormat {
  readonly name: string;
  /** Whether bytes begin like a file of this format. */
  begins(word: (at: number, length: number) => string): boolean;
  decode(bytes: Uint8Array, where: string): Decoded | Promise<Decoded>;
}

const formats: readonly ImageFormat[] = [
  { name: 'JPEG', begins: (word) => word(0, 3) === '\xff\xd8\xff', decode: decodeJpeg },
  { name: 'PNG', begins: (word) => word(0, 8) === '\x89PNG\r\n\x1a\n', decode: decodePng },
  { name: 'WebP', begins: (word) => word(0, 4) === 'RIFF' && word(8, 4) === 'WEBP', decode: decodeWebp },
  { name: 'GIF', begins: (word) => ['GIF87a', 'GIF89a'].includes(word(0, 6)), decode: decodeGif },
  { name: 'BMP', begins: (word) => word(0, 2) === 'BM', decode: decodeBmp },
  {
    name: 'TIFF',
    begins: (word) => ['II*\0', 'MM\0*', 'II+\0', 'MM\0+'].includes(word(0, 4)),
    decode: decodeTiff,
  },
];

/**
 * An image as Pillow’s `ImageOps.exif_transpose(Image.open(file)).convert("RGB")` gives it: turned as the camera was held, without
 * alpha. What the file is called does not matter. Sizes are checked before anything is made for them.
 * @param where the image's name, to begin messages
 * @throws ImageError one sentence: it is empty, no image, damaged, too large, or of a kind that is not read
 */
export async function decodeImage(bytes: Uint8Array, where: string): Promise<DecodedImage> {
  if (bytes.length === 0) throw new ImageError(`${where} is empty: there is no image in it.`);
  if (bytes.length > maxFileBytes) {
    throw new ImageError(`${where} has ${bytes.length} bytes; images of up to ${maxFileBytes} bytes are read.`);
  }
  const word = (at: number, length: number) => String.fromCharCode(...bytes.subarray(at, at + length));
  const format = formats.find(({ begins }) => begins(word));
  if (format === undefined) {
    const known = formats.map(({ name }) => name).join(', ');
    throw new ImageError(`${where} is not an image that can be read: it is none of ${known}.`);
  }
  const decoded = await format.decode(bytes, where);
  checkSize(decoded.width, decoded.height, where);
  const { width, height, data } = upright(decoded, decoded.orientation);
  return { width, height, data, format: format.name, notes: decoded.notes, clear: decoded.clear };
}
