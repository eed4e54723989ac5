import { byteAt, halfAt, type Quant } from './quant.js';

/** Blocks of 32: a half-precision scale and least value, then four bits each; the low bits are the first sixteen. */
export const q4_1: Quant = {
  name: 'Q4_1',
  numbers: 32,
  bytes: 20,
  dequantise(bytes, blocks, out, to) {
    for (let block = 0, at = 0; block < blocks; block++, at += 20, to += 32) {
      const scale = halfAt(bytes, at);
      const least = halfAt(bytes, at + 2);
      for (let i = 0; i < 16; i++) {
        const pair = byteAt(bytes, at + 4 + i);
        out[to + i] = scale * (pair & 15) + least;
        out[to + 16 + i] = scale * (pair >> 4) + least;
      }
    }
  },
};
