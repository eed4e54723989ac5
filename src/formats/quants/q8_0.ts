import { halfAt, signedAt, type Quant } from './quant.js';

/** Blocks of 32: a half-precision scale, then a signed byte each. */
export const q8_0: Quant = {
  name: 'Q8_0',
  numbers: 32,
  bytes: 34,
  dequantise(bytes, blocks, out, to) {
    for (let block = 0, at = 0; block < blocks; block++, at += 34, to += 32) {
      const scale = halfAt(bytes, at);
      for (let i = 0; i < 32; i++) out[to + i] = scale * signedAt(bytes, at + 2 + i);
    }
  },
};
