import { byteAt, halfAt, leastOf, scaleOf, type Quant } from './quant.js';

/** Blocks of 256: what scales and least values are multiples of, these in six bits for each 32, four bits a number. */
export const q4_K: Quant = {
  name: 'Q4_K',
  numbers: 256,
  bytes: 144,
  dequantise(bytes, blocks, out, to) {
    for (let block = 0, at = 0; block < blocks; block++, at += 144, to += 256) {
      const scale = halfAt(bytes, at);
      const least = halfAt(bytes, at + 2);
      for (let group = 0; group < 8; group++) {
        const own = scale * scaleOf(bytes, at + 4, group);
        const bottom = least * leastOf(bytes, at + 4, group);
        const packed = at + 16 + (group >> 1) * 32;
        const shift = (group & 1) * 4;
        for (let i = 0; i < 32; i++) {
          out[to + group * 32 + i] = own * ((byteAt(bytes, packed + i) >> shift) & 15) - bottom;
        }
      }
    }
  },
};
