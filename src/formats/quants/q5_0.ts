import { byteAt, fifthBits, halfAt, type Quant } from './quant.js';

/** Blocks of 32: a half-precision scale, the fifth bits of all, then four bits each, from −16. */
export const q5_0: Quant = {
  name: 'Q5_0',
  numbers: 32,
  bytes: 22,
  dequantise(bytes, blocks, out, to) {
    for (let block = 0, at = 0; block < blocks; block++, at += 22, to += 32) {
      const scale = halfAt(bytes, at);
      const high = fifthBits(bytes, at + 2);
      for (let i = 0; i < 16; i++) {
        const pair = byteAt(bytes, at + 6 + i);
        out[to + i] = scale * (((pair & 15) | (((high >>> i) & 1) << 4)) - 16);
        out[to + 16 + i] = scale * (((pair >> 4) | (((high >>> (i + 16)) & 1) << 4)) - 16);
      }
    }
  },
};
