import { byteAt, halfAt, leastOf, scaleOf, type Quant } from './quant.js';

/** Blocks of 256: as Q4_K, with the fifth bits of all before the four of each. */
export const q5_K: Quant = {
  name: 'Q5_K',
  numbers: 256,
  bytes: 176,
  dequantise(bytes, blocks, out, to) {
    for (let block = 0, at = 0; block < blocks; block++, at += 176, to += 256) {
      const scale = halfAt(bytes, at);
      const least = halfAt(bytes, at + 2);
      for (let group = 0; group < 8; group++) {
        const own = scale * scaleOf(bytes, at + 4, group);
        const bottom = least * leastOf(bytes, at + 4, group);
        const packed = at + 48 + (group >> 1) * 32;
        const shift = (group & 1) * 4;
        for (let i = 0; i < 32; i++) {
          const fifth = (byteAt(bytes, at + 16 + i) >> group) & 1;
          const number = ((byteAt(bytes, packed + i) >> shift) & 15) | (fifth << 4);
          out[to + group * 32 + i] = own * number - bottom;
        }
      }
    }
  },
};
