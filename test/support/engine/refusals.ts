import type { ParameterValues } from '../../../src/engine/mechanisms/index.js';
import type { Shapes } from './variants.js';

/** Inputs and parameters that do not go together, and what is said about it. */
export type Refusal = readonly [Shapes, ParameterValues, RegExp];

export const self: Shapes = { X: [5, 8], W_Q: [8, 8], W_K: [8, 8], W_V: [8, 8] };

const dotProduct: Readonly<Record<string, Refusal>> = {
  'd_k of Q and K': [{ Q: [5, 8], K: [5, 6] }, {}, /Q \(5, 8\) and K \(5, 6\).*d_k, is 8 in Q and 6 in K/],
  'rows of V': [{ Q: [5, 8], K: [7, 8], V: [5, 8] }, {}, /V \(5, 8\) has 5 rows, but there are 7 keys/],
  'a missing K': [{ Q: [5, 8] }, {}, /K is missing/],
  'a missing Q': [{ K: [5, 8], V: [5, 8] }, {}, /Q is missing/],
  'an empty Q': [{ Q: [0, 8], K: [5, 8] }, {}, /Q of shape \(0, 8\) is empty/],
  'a V without columns': [{ Q: [5, 8], K: [5, 8], V: [5, 0] }, {}, /V of shape \(5, 0\) is empty/],
  'a Q of one axis': [{ Q: [8], K: [5, 8] }, {}, /Q is a matrix.*\(8,\)/],
  'heads on one side': [{ Q: [2, 5, 8], K: [5, 8] }, {}, /Q \(2, 5, 8\) has 3 axes and K \(5, 8\) has 2/],
  'heads that K cannot share': [{ Q: [4, 5, 8], K: [3, 5, 8] }, {}, /Q has 4 heads and K has 3/],
  'heads that V cannot share': [
    { Q: [4, 5, 8], K: [2, 5, 8], V: [3, 5, 8] },
    {},
    /V has 3 heads, which 4 query heads cannot share evenly/,
  ],
  'a V without heads': [
    { Q: [2, 5, 8], K: [2, 5, 8], V: [5, 8] },
    {},
    /V \(5, 8\) and Q \(2, 5, 8\) do not fit: one has heads/,
  ],
  'heads that do not divide': [{ Q: [5, 8], K: [5, 8] }, { heads: 3 }, /Heads can be 1, 2, 4, 8, not 3/],
  'heads that do not divide V': [
    { Q: [5, 8], K: [5, 8], V: [5, 6] },
    { heads: 4 },
    /Heads can be 1, 2, not 4/,
  ],
  'a mask of another size': [
    { Q: [5, 8], K: [7, 8], mask: [7, 5] },
    {},
    /mask is \(query 5, key 7\), but \(7, 5\)/,
  ],
  'ones and zeros of another size': [
    { Q: [5, 8], K: [7, 8], keep: [7, 7] },
    {},
    /mask is \(query 5, key 7\), but \(7, 7\)/,
  ],
  'a mask of another number of keys': [
    { Q: [5, 8], K: [7, 8], mask: [5] },
    {},
    /mask is \(query 5, key 7\), but \(5,\)/,
  ],
  'a mask of heads without heads': [
    { Q: [5, 8], K: [7, 8], mask: [3, 5, 7] },
    {},
    /mask is \(query 5, key 7\), but \(3, 5, 7\)/,
  ],
  'keys from before of another size': [
    { Q: [5, 8], K: [7, 8], past_K: [3, 4] },
    {},
    /past_K \(3, 4\) does not fit K \(7, 8\)/,
  ],
  'two valid lengths': [{ Q: [5, 8], K: [7, 8], lengths: [2] }, {}, /valid length is one number.*\(2,\)/],
  'padding of two axes': [{ Q: [5, 8], K: [7, 8], padding: [5, 7] }, {}, /one entry a key.*\(5, 7\)/],
  'padding of another length': [
    { Q: [5, 8], K: [7, 8], padding: [5] },
    {},
    /one entry a key, 7 here, but its shape is \(5,\)/,
  ],
  'scores of one axis': [{ scores: [5] }, {}, /scores are \(query, key\).*\(5,\)/],
  'weights that are empty': [{ weights: [5, 0] }, {}, /weights are \(query, key\).*\(5, 0\)/],
  'V beside weights': [{ weights: [5, 6], V: [5, 2] }, {}, /V \(5, 2\) has 5 rows, but there are 6 keys/],
};

const multiHead: Readonly<Record<string, Refusal>> = {
  'no inputs': [{ W_Q: [8, 8], W_K: [8, 8], W_V: [8, 8] }, {}, /needs X, or Xq and Xkv.*none is given/],
  'half of cross-attention': [{ ...self, X: [5, 8], Xq: [5, 8] }, {}, /X, or Xq and Xkv, but not both/],
  'no W_K': [{ X: [5, 8], W_Q: [8, 8], W_V: [8, 8] }, {}, /needs W_K/],
  'a W_Q of another height': [{ ...self, W_Q: [6, 8] }, {}, /W_Q \(6, 8\) does not fit X \(5, 8\).*8 rows/],
  'a W_V of one axis': [
    { ...self, W_V: [8] },
    {},
    /W_V \(8,\) does not fit X \(5, 8\): it has to be a matrix/,
  ],
  'a W_O of another height': [
    { ...self, W_O: [6, 8] },
    {},
    /W_O \(6, 8\) does not fit concat \(5, 8\).*8 rows/,
  ],
  'a bias of another length': [
    { ...self, b_K: [7] },
    {},
    /b_K \(7,\) does not fit W_K \(8, 8\): it has to have 8 entries/,
  ],
  'an output bias that would be repeated': [
    { ...self, W_O: [8, 8], b_O: [1] },
    {},
    /b_O \(1,\) does not fit W_O \(8, 8\)/,
  ],
  'heads that do not divide': [self, { heads: 3 }, /Heads can be 1, 2, 4, 8, not 3/],
  'a W_V that does not split': [
    { ...self, W_V: [8, 6] },
    { heads: 4 },
    /W_V \(8, 6\) does not split into 4 heads/,
  ],
  'groups that the widths deny': [self, { heads: 4, kvHeads: 2 }, /2 key\/value heads of 2 columns/],
  'a mask of another size': [{ ...self, mask: [5, 4] }, {}, /mask is \(query 5, key 5\), but \(5, 4\)/],
  'padding of another length': [{ ...self, padding: [4] }, {}, /one entry a key, 5 here.*\(4,\)/],
  'inputs of one axis': [{ ...self, X: [8] }, {}, /X has one row per token.*\(8,\)/],
};

const vectors: Shapes = { Q: [5, 8], K: [7, 8], V: [7, 4] };

/** What lies between scores and weights, wherever it can be given. */
const scoreTensors: Readonly<Record<string, Refusal>> = {
  'a bias of another size': [
    { ...vectors, bias: [7, 5] },
    {},
    /bias is \(query 5, key 7\), but \(7, 5\) was given/,
  ],
  'a bias of another number of keys': [
    { ...vectors, bias: [5] },
    {},
    /bias is \(query 5, key 7\), but \(5,\)/,
  ],
  'a bias for other heads': [
    { Q: [2, 5, 8], K: [2, 7, 8], V: [2, 7, 4], bias: [3, 5, 7] },
    {},
    /bias is \(query 5, key 7\), or \(head 2, query 5, key 7\), but \(3, 5, 7\)/,
  ],
  'buckets of one axis': [
    { ...vectors, relative_bias: [32] },
    {},
    /relative bias is \(bucket, head\).*\(32,\)/,
  ],
  'buckets for other heads': [
    { Q: [2, 5, 8], K: [2, 7, 8], V: [2, 7, 4], relative_bias: [32, 3] },
    {},
    /relative bias \(32, 3\) has a column for each of 3 heads, but there are 2/,
  ],
  'an odd number of buckets': [
    { ...vectors, relative_bias: [7, 1] },
    {},
    /relative bias \(7, 1\) needs an even number of buckets/,
  ],
  'buckets that are not there': [vectors, { bias: 't5' }, /Position bias can be none, alibi, not t5/],
  'an odd number of features to turn': [
    { Q: [5, 3], K: [7, 3] },
    { rotary: 'halves' },
    /no parameter “rotary” here/,
  ],
};

const sinks: Readonly<Record<string, Refusal>> = {
  'sinks of two axes': [{ ...vectors, sinks: [1, 1] }, {}, /Sink logits are one a head.*\(1, 1\)/],
  'sinks of other heads': [
    { Q: [2, 5, 8], K: [2, 7, 8], V: [2, 7, 4], sinks: [3] },
    {},
    /sink logits are one a head, \(2,\).*\(3,\)/,
  ],
  'sinks that are not there': [vectors, { sink: 'given' }, /Sink can be none, logit, not given/],
};

const hard: Readonly<Record<string, Refusal>> = {
  ...Object.fromEntries(Object.entries(dotProduct).filter(([name]) => !/weights/.test(name))),
  ...scoreTensors,
  'ready weights': [{ weights: [5, 7] }, {}, /starts from Q and K, or from scores/],
  'a reward of another size': [
    { ...vectors, reward: [7, 5] },
    {},
    /reward is \(query 5, key 7\), but \(7, 5\) was given/,
  ],
  'a reward for each head': [
    { Q: [2, 5, 8], K: [2, 7, 8], reward: [2, 5, 7] },
    {},
    /reward is \(query 5, key 7\), but \(2, 5, 7\)/,
  ],
  'a sink': [vectors, { sink: 'logit' }, /no parameter “sink” here/],
  'no draws': [
    { ...vectors, reward: [5, 7] },
    { samples: 0 },
    /Samples N is a whole number from 1 to 10000, not 0/,
  ],
  'half a seed': [vectors, { seed: 0.5 }, /Seed is a whole number/],
};

const states: Shapes = { S: [4, 5], H: [6, 3] };

const stateTensors = (rest: Shapes): Readonly<Record<string, Refusal>> => ({
  'no decoder states': [{ ...rest, H: [6, 3] }, {}, /Decoder states are missing: S has one row/],
  'no encoder states': [{ ...rest, S: [4, 5] }, {}, /Encoder states are missing: H has one row/],
  'decoder states of three axes': [
    { ...states, ...rest, S: [2, 4, 5] },
    {},
    /S has one row.*\(n, d_s\).*\(2, 4, 5\)/,
  ],
  'encoder states that are empty': [
    { ...states, ...rest, H: [0, 3] },
    {},
    /H has one row.*\(m, d_h\).*\(0, 3\)/,
  ],
  'a mask of another size': [
    { ...states, ...rest, mask: [6, 4] },
    {},
    /mask is \(query 4, key 6\), but \(6, 4\) was given/,
  ],
  'ones and zeros of another size': [
    { ...states, ...rest, keep: [4, 4] },
    {},
    /mask is \(query 4, key 6\), but \(4, 4\) was given/,
  ],
  'padding of another length': [
    { ...states, ...rest, padding: [4] },
    {},
    /padding mask has one entry a key, 6 here.*\(4,\)/,
  ],
});

const additive: Shapes = { W_a: [5, 7], U_a: [3, 7], v_a: [7] };

const bahdanau: Readonly<Record<string, Refusal>> = {
  ...stateTensors(additive),
  'no W_a': [{ ...states, U_a: [3, 7], v_a: [7] }, {}, /W_a is missing: it projects the decoder states/],
  'no U_a': [{ ...states, W_a: [5, 7], v_a: [7] }, {}, /U_a is missing: it projects the encoder states/],
  'no v_a': [{ ...states, W_a: [5, 7], U_a: [3, 7] }, {}, /v_a is missing: it has one entry/],
  'a W_a of another height': [
    { ...states, ...additive, W_a: [3, 7] },
    {},
    /W_a \(3, 7\) has to be \(5, any\): it projects the decoder states/,
  ],
  'a U_a of another height': [{ ...states, ...additive, U_a: [5, 7] }, {}, /U_a \(5, 7\) has to be \(3, 7\)/],
  'a U_a of another width': [
    { ...states, ...additive, U_a: [3, 6] },
    {},
    /U_a \(3, 6\) has to be \(3, 7\): it projects the encoder states to as many columns as W_a/,
  ],
  'a v_a of another length': [
    { ...states, ...additive, v_a: [3] },
    {},
    /v_a \(3,\) has to be \(7\): it has one entry for each column of W_a/,
  ],
  'a v_a of two axes': [{ ...states, ...additive, v_a: [7, 1] }, {}, /v_a \(7, 1\) has to be \(7\)/],
  'a W_a without columns': [{ ...states, ...additive, W_a: [5, 0] }, {}, /W_a \(5, 0\) has to be \(5, any\)/],
};

const luong: Readonly<Record<string, Refusal>> = {
  ...stateTensors({ W_a: [5, 3] }),
  'states of two widths by their dot product': [
    states,
    {},
    /S \(4, 5\) and H \(6, 3\) cannot be compared.*last axis is 5 in S and 3 in H/,
  ],
  'a W_a of neither form': [
    { ...states, W_a: [3, 5] },
    {},
    /W_a \(3, 5\) has to be \(5, 3\): it turns the features of a decoder state/,
  ],
  'a W_a that does not read both': [
    { ...states, W_a: [5, 7], v_a: [7] },
    {},
    /W_a \(5, 7\) has to be \(8, any\): it reads decoder state and encoder state side by side/,
  ],
  'a v_a without W_a': [
    { ...states, v_a: [7] },
    {},
    /W_a is missing: it reads decoder state and encoder state/,
  ],
  'a v_a of another length': [
    { ...states, W_a: [8, 7], v_a: [8] },
    {},
    /v_a \(8,\) has to be \(7\): it has one entry/,
  ],
  'a W_c of another height': [
    { ...states, W_a: [5, 3], W_c: [5, 4] },
    {},
    /W_c \(5, 4\) has to be \(8, any\): it reads context and decoder state/,
  ],
  'a score whose weight is missing': [states, { score: 'general' }, /Score can be dot, not general/],
};

const luongLocal: Readonly<Record<string, Refusal>> = {
  ...luong,
  'a W_p of another height': [
    { ...states, W_a: [5, 3], W_p: [3, 2], v_p: [2] },
    {},
    /W_p \(3, 2\) has to be \(5, any\): it reads the decoder states/,
  ],
  'a v_p of another length': [
    { ...states, W_a: [5, 3], W_p: [5, 2], v_p: [5] },
    {},
    /v_p \(5,\) has to be \(2\): it has one entry for each column of W_p/,
  ],
  'a prediction without W_p': [
    { ...states, W_a: [5, 3], v_p: [2] },
    { alignment: 'predictive' },
    /Alignment can be monotonic, not predictive/,
  ],
  'no window': [{ ...states, W_a: [5, 3] }, { reach: 0 }, /Window D is a whole number from 1 to 10, not 0/],
};

const linear: Readonly<Record<string, Refusal>> = {
  ...Object.fromEntries(
    Object.entries(dotProduct).filter(
      ([name]) => !/mask|ones and zeros|padding|weights|scores|valid lengths/.test(name),
    ),
  ),
  'ready scores': [{ scores: [5, 7] }, {}, /starts from Q and K/],
  'a window': [vectors, { mask: 'sliding-window' }, /no mask called “sliding-window” here/],
};

export const refusals: Readonly<Record<string, Readonly<Record<string, Refusal>>>> = {
  'scaled-dot-product': { ...dotProduct, ...scoreTensors, ...sinks },
  'multi-head': {
    ...multiHead,
    'an Xq of three axes': [
      { Xq: [1, 5, 8], Xkv: [5, 8], W_Q: [8, 8], W_K: [8, 8], W_V: [8, 8] },
      {},
      /Xq has one row per token.*\(1, 5, 8\)/,
    ],
    'an Xkv that is empty': [
      { Xq: [5, 8], Xkv: [0, 8], W_Q: [8, 8], W_K: [8, 8], W_V: [8, 8] },
      {},
      /Xkv has one row per token.*\(0, 8\)/,
    ],
    'a W_K of another height': [{ ...self, W_K: [6, 8] }, {}, /W_K \(6, 8\) does not fit X \(5, 8\).*8 rows/],
    'a b_Q of another length': [{ ...self, b_Q: [7] }, {}, /b_Q \(7,\) does not fit W_Q \(8, 8\)/],
    'a b_V of two axes': [{ ...self, b_V: [1, 8] }, {}, /b_V \(1, 8\) does not fit W_V \(8, 8\)/],
    'ones and zeros of another size': [
      { ...self, keep: [4, 5] },
      {},
      /mask is \(query 5, key 5\), but \(4, 5\)/,
    ],
    'a bias of another size': [{ ...self, bias: [5, 4] }, {}, /bias is \(query 5, key 5\).*\(5, 4\)/],
    'buckets for more heads than there can be': [
      { ...self, relative_bias: [32, 3] },
      {},
      /relative bias \(32, 3\) has a column for each of 3 heads, but there are 1/,
    ],
    'sinks for more heads than there can be': [
      { ...self, sinks: [3] },
      {},
      /sink logits are one a head, \(1,\).*\(3,\)/,
    ],
    'heads that sinks are not for': [{ ...self, sinks: [4] }, { heads: 2 }, /Heads can be 4, not 2/],
  },
  hard,
  bahdanau,
  luong,
  'luong-local': luongLocal,
  linear,
};

/** How a sentence calls an input, where not by its name. */
export const spoken: Readonly<Record<string, string>> = {
  relative_bias: 'relative bias',
  bias: 'position bias',
  sinks: 'sink logits',
  keep: 'mask',
  lengths: 'valid length',
};
