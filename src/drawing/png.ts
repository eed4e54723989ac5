import { zlibSync } from 'fflate';
import { crc32 } from '../platform/crc32.js';

const signature = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);

function chunk(type: string, body: Uint8Array): Uint8Array {
  const out = new Uint8Array(body.length + 12);
  const view = new DataView(out.buffer);
  view.setUint32(0, body.length);
  for (let at = 0; at < 4; at += 1) out[4 + at] = type.charCodeAt(at);
  out.set(body, 8);
  view.setUint32(8 + body.length, crc32(out.subarray(4, 8 + body.length), 0));
  return out;
}

/**
 * An opaque picture as a PNG file (ISO/IEC 15948): truecolour, eight bits a channel.
 * @param rgb (row, column, channel)
 */
export function encodePng(rgb: Uint8Array, width: number, height: number): Uint8Array {
  if (rgb.length !== width * height * 3)
    throw new Error(
      `A picture of ${width} × ${height} pixels has ${width * height * 3} bytes, not ${rgb.length}.`,
    );
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set([8, 2, 0, 0, 0], 8);
  // Each row begins with how it was filtered: not at all.
  const rows = new Uint8Array(height * (width * 3 + 1));
  for (let row = 0; row < height; row += 1)
    rows.set(rgb.subarray(row * width * 3, (row + 1) * width * 3), row * (width * 3 + 1) + 1);
  const parts = [
    signature,
    chunk('IHDR', header),
    chunk('IDAT', zlibSync(rows)),
    chunk('IEND', new Uint8Array()),
  ];
  const out = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** Bytes in base64, for a data address. */
export function base64(bytes: Uint8Array): string {
  let text = '';
  // A multiple of three, so that pieces can be joined; small enough to be a call's arguments.
  for (let at = 0; at < bytes.length; at += 24_576)
    text += btoa(String.fromCharCode(...bytes.subarray(at, at + 24_576)));
  return text;
}
