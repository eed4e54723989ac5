import { byteAt, halfAt, type Quant } from './quant.js';

/** Blocks of 256: the third bits of all, two bits a number, six-bit scales of each sixteen, what these are multiples of. */
export const q3_K: Quant = {
  name: 'Q3_K',
  numbers: 256,
  bytes: 110,
  dequantise(bytes, blocks, out, to) {
    for (let block = 0, at = 0; block < blocks; block++, at += 110, to += 256) {
      const scale = halfAt(bytes, at + 108);
      for (let group = 0; group < 16; group++) {
        const low = byteAt(bytes, at + 96 + (group & 7)) >> (group < 8 ? 0 : 4);
        const high = byteAt(bytes, at + 104 + (group & 3)) >> (2 * (group >> 2));
        const own = scale * (((low & 15) | ((high & 3) << 4)) - 32);
        for (let i = group * 16; i < (group + 1) * 16; i++) {
          const packed = byteAt(bytes, at + 32 + (i >> 7) * 32 + (i & 31)) >> ((i >> 4) & 6);
          // A third bit that is not set takes four away.
          const third = (byteAt(bytes, at + (i & 31)) >> (i >> 5)) & 1;
          out[to + i] = own * ((packed & 3) - (third === 1 ? 0 : 4));
        }
      }
    }
  },
};
