import { crc16, crc8 } from '../../../src/media/audio/flac-frame.js';

const block = 4096;

/** A FLAC file of one channel of 16 bits whose frames hold their samples as they are, without a checksum of all. */
export function plainFlac(samples: Int16Array): Uint8Array {
  const info = new Uint8Array(42);
  info.set(Buffer.from('fLaC'));
  const view = new DataView(info.buffer);
  view.setUint32(4, 0x80000000 + 34);
  view.setUint16(8, block);
  view.setUint16(10, block);
  // 16,000 a second in 20 bits, 1 channel in 3, 16 bits in 5, then how many samples in 36.
  view.setUint32(18, 16000 * 2 ** 12 + 15 * 16);
  view.setUint32(22, samples.length);
  const frames: Uint8Array[] = [info];
  for (let start = 0; start < samples.length; start += block) {
    const part = samples.subarray(start, start + block);
    const head = [0xff, 0xf8, 0x75, 0x08, ...coded(start / block), (part.length - 1) >> 8, (part.length - 1) & 0xff];
    head.push(crc8(Uint8Array.from(head)));
    const frame = new Uint8Array(head.length + 1 + 2 * part.length + 2);
    const own = new DataView(frame.buffer);
    frame.set(head);
    frame[head.length] = 2;
    part.forEach((value, at) => own.setInt16(head.length + 1 + 2 * at, value));
    own.setUint16(frame.length - 2, crc16(frame.subarray(0, frame.length - 2)));
    frames.push(frame);
  }
  return new Uint8Array(Buffer.concat(frames));
}

function coded(value: number): number[] {
  if (value < 0x80) return [value];
  if (value < 0x800) return [0xc0 | (value >> 6), 0x80 | (value & 0x3f)];
  return [0xe0 | (value >> 12), 0x80 | ((value >> 6) & 0x3f), 0x80 | (value & 0x3f)];
}
