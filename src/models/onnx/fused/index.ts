import type { FusedOperator } from '../attention.js';
import { attention } from './attention.js';
import { groupQueryAttention } from './group-query-attention.js';
import { multiHeadAttention } from './multi-head-attention.js';
import { standardAttention } from './standard-attention.js';

/** Nodes that are all of attention; another is a file and a line here. */
export const fusedOperators: readonly FusedOperator[] = [
  attention,
  multiHeadAttention,
  groupQueryAttention,
  standardAttention,
];
