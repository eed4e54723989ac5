import { byteAt, halfAt, type Quant } from './quant.js';

/** Blocks of 256: scale and least value (four bits) of each sixteen, two bits a number, what both are multiples of. */
export const q2_K: Quant = {
  name: 'Q2_K',
  numbers: 256,
  bytes: 84,
  dequantise(bytes, blocks, out, to) {
    for (let block = 0, at = 0; block < blocks; block++, at += 84, to += 256) {
      const scale = halfAt(bytes, at + 80);
      const least = halfAt(bytes, at + 82);
      for (let i = 0; i < 256; i++) {
        // Four numbers of a byte lie 32 apart, in each half of the block.
        const packed = byteAt(bytes, at + 16 + (i >> 7) * 32 + (i & 31));
        const own = byteAt(bytes, at + (i >> 4));
        out[to + i] = scale * (own & 15) * ((packed >> ((i >> 4) & 6)) & 3) - least * (own >> 4);
      }
    }
  },
};
