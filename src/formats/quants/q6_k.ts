import { byteAt, halfAt, signedAt, type Quant } from './quant.js';

/** Blocks of 256: the low four bits of all, their high two, a signed scale of each sixteen, what these are multiples of. */
export const q6_K: Quant = {
  name: 'Q6_K',
  numbers: 256,
  bytes: 210,
  dequantise(bytes, blocks, out, to) {
    for (let block = 0, at = 0; block < blocks; block++, at += 210, to += 256) {
      const scale = halfAt(bytes, at + 208);
      for (let group = 0; group < 16; group++) {
        const own = scale * signedAt(bytes, at + 192 + group);
        for (let i = group * 16; i < (group + 1) * 16; i++) {
          // In each half: two rows of 64 that share bytes of low bits, four of 32 that share bytes of high ones.
          const low = byteAt(bytes, at + (i >> 7) * 64 + (i & 63)) >> ((i >> 4) & 4);
          const high = byteAt(bytes, at + 128 + (i >> 7) * 32 + (i & 31)) >> ((i >> 4) & 6);
          out[to + i] = own * (((low & 15) | ((high & 3) << 4)) - 32);
        }
      }
    }
  },
};
