import { byteAt, fifthBits, halfAt, type Quant } from './quant.js';

/** Blocks of 32: a half-precision scale and least value, the fifth bits of all, then four bits each. */
export const q5_1: Quant = {
  name: 'Q5_1',
  numbers: 32,
  bytes: 24,
  dequantise(bytes, blocks, out, to) {
    for (let block = 0, at = 0; block < blocks; block++, at += 24, to += 32) {
      const scale = halfAt(bytes, at);
      const least = halfAt(bytes, at + 2);
      const high = fifthBits(bytes, at + 4);
      for (let i = 0; i < 16; i++) {
        const pair = byteAt(bytes, at + 8 + i);
        out[to + i] = scale * ((pair & 15) | (((high >>> i) & 1) << 4)) + least;
        out[to + 16 + i] = scale * ((pair >> 4) | (((high >>> (i + 16)) & 1) << 4)) + least;
      }
    }
  },
};
