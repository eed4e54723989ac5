import { q2_K } from './q2_k.js';
import { q3_K } from './q3_k.js';
import { q4_0 } from './q4_0.js';
import { q4_1 } from './q4_1.js';
import { q4_K } from './q4_k.js';
import { q5_0 } from './q5_0.js';
import { q5_1 } from './q5_1.js';
import { q5_K } from './q5_k.js';
import { q6_K } from './q6_k.js';
import { q8_0 } from './q8_0.js';
import type { Quant } from './quant.js';

export type { Quant } from './quant.js';

/** The ways to keep numbers in blocks that can be read, by ggml's number for each; a new one is a file and a line here. */
export const quants: ReadonlyMap<number, Quant> = new Map([
  [2, q4_0],
  [3, q4_1],
  [6, q5_0],
  [7, q5_1],
  [8, q8_0],
  [10, q2_K],
  [11, q3_K],
  [12, q4_K],
  [13, q5_K],
  [14, q6_K],
]);
