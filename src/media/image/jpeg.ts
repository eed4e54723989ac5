import { decode as decodeCmyk } from 'jpeg-js';
import mozjpeg from '@jsquash/jpeg/codec/dec/mozjpeg_dec.js';
import binary from '@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm';
import { Codec, withoutAlpha } from './codec.js';
import { Bytes, checkSize, ImageError, type Decoded } from './image.js';
import { orientationOf } from './orientation.js';

/** It leaves EXIF alone, which is read here as for every format. */
const codec = new Codec(mozjpeg, binary, [false]);

interface Frame {
  readonly width: number;
  readonly height: number;
  readonly components: number;
  readonly orientation: number;
}

/**
 * JPEG, baseline and progressive, as libjpeg-turbo decodes it; CMYK by another decoder, whose values differ by a few.
 * @throws ImageError
 */
export async function decodeJpeg(all: Uint8Array, where: string): Promise<Decoded> {
  const frame = frameOf(all, where);
  const { width, height, orientation } = frame;
  if (frame.components !== 4) {
    const data = withoutAlpha(await codec.decode(where, frame, all));
    return { width, height, data, orientation, notes: [] };
  }
  try {
    const { data } = decodeCmyk(all, {
      useTArray: true,
      formatAsRGBA: false,
      tolerantDecoding: false,
      maxResolutionInMP: Math.ceil((width * height) / 1e6),
      maxMemoryUsageInMB: 2048,
    });
    const notes = ['The colours are those of print (CMYK), turned to red, green and blue; values may be off by a few.'];
    return { width, height, data, orientation, notes };
  } catch {
    throw new ImageError(`${where} is a JPEG of four colours (CMYK) that cannot be decoded; save it as RGB.`);
  }
}

/** What stands before the pixels; and that the file goes on to its end. */
function frameOf(all: Uint8Array, where: string): Frame {
  const bytes = new Bytes(all, where, false);
  let orientation = 1;
  let frame: Omit<Frame, 'orientation'> | undefined;
  for (let at = 2; ; ) {
    while (bytes.byte(at) === 0xff && bytes.byte(at + 1) === 0xff) at++;
    if (bytes.byte(at) !== 0xff) throw new ImageError(`${where} is damaged: its parts do not follow each other.`);
    const marker = bytes.byte(at + 1);
    if (marker === 0x01 || (marker >= 0xd0 && marker <= 0xd7)) {
      at += 2;
      continue;
    }
    if (marker === 0xd9) throw new ImageError(`${where} is damaged: there is no picture in it.`);
    const length = bytes.uint16(at + 2);
    const body = bytes.part(at + 4, length - 2);
    if (marker === 0xe1 && String.fromCharCode(...body.subarray(0, 4)) === 'Exif') {
      orientation = orientationOf(body);
    } else if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) {
      if (marker > 0xc2) {
        throw new ImageError(`${where} is a JPEG of a rare kind (lossless, hierarchical or arithmetic), which is not read.`);
      }
      frame = { height: bytes.uint16(at + 5), width: bytes.uint16(at + 7), components: bytes.byte(at + 9) };
      checkSize(frame.width, frame.height, where);
    } else if (marker === 0xda) {
      break;
    }
    at += length + 2;
  }
  if (frame === undefined) throw new ImageError(`${where} is damaged: it does not say its size.`);
  // Decoders fill up with grey what is missing; Pillow refuses such a file.
  if (!endsWithEnd(all)) throw new ImageError(`${where} ends too early: it is damaged or was not copied whole.`);
  return { ...frame, orientation };
}

/** Whether the mark of the end stands behind all marks of a scan. */
function endsWithEnd(all: Uint8Array): boolean {
  for (let at = all.length - 2; at > 0; at--) {
    if (all[at] === 0xff && all[at + 1] === 0xd9) return true;
    if (all[at] === 0xff && all[at + 1] === 0xda) return false;
  }
  return false;
}
