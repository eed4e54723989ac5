import { byteAt, halfAt, type Quant } from './quant.js';

/** Blocks of 32: a half-precision scale, then four bits each, from −8; the low bits are the first sixteen. */
export const q4_0: Quant = {
  name: 'Q4_0',
  numbers: 32,
  bytes: 18,
  dequantise(bytes, blocks, out, to) {
    for (let block = 0, at = 0; block < blocks; block++, at += 18, to += 32) {
      const scale = halfAt(bytes, at);
      for (let i = 0; i < 16; i++) {
        const pair = byteAt(bytes, at + 2 + i);
        out[to + i] = scale * ((pair & 15) - 8);
        out[to + 16 + i] = scale * ((pair >> 4) - 8);
      }
    }
  },
};
