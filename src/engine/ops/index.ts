// Entries move, repeat, or are summed where they were repeated.
export { dropAxis, insertAxis } from './structure/axes.js';
export { concat } from './structure/concat.js';
export { gather, scatterRows } from './structure/gather.js';
export { repeatHeads, sumHeads } from './structure/head-groups.js';
export { mergeHeads, splitHeads } from './structure/heads.js';
export { rearrange } from './structure/rearrange.js';
export { pad, slice } from './structure/slice.js';
export { spread, sumTo } from './structure/spread.js';
export { overlapAdd, windows, type WindowForm } from './structure/windows.js';

// Each entry by itself, or with the one in its place.
export { add } from './elementwise/add.js';
export { decimalLogarithm } from './elementwise/decimal-logarithm.js';
export { constant, divide, squareRoot } from './elementwise/divide.js';
export { exponential } from './elementwise/exponential.js';
export { featureMap } from './elementwise/feature-map.js';
export { gaussian } from './elementwise/gaussian.js';
export { gelu } from './elementwise/gelu.js';
export { inverseSquareRoot } from './elementwise/inverse-square-root.js';
export { larger } from './elementwise/larger.js';
export { multiply } from './elementwise/multiply.js';
export { negate } from './elementwise/negate.js';
export { normalDensity, normalDistribution } from './elementwise/normal.js';
export { oneMinus } from './elementwise/one-minus.js';
export { relu, wherePositive } from './elementwise/relu.js';
export { replace } from './elementwise/replace.js';
export { roundTo } from './elementwise/round-to.js';
export { scale } from './elementwise/scale.js';
export { sigmoid } from './elementwise/sigmoid.js';
export { silu } from './elementwise/silu.js';
export { softCap } from './elementwise/soft-cap.js';
export { subtract } from './elementwise/subtract.js';
export { tanh } from './elementwise/tanh.js';

// Whole rows at once.
export { argmax } from './rows/argmax.js';
export { divideRows } from './rows/divide-rows.js';
export { largest } from './rows/largest.js';
export { layerNorm } from './rows/layer-norm.js';
export { matmul, transpose } from './rows/matmul.js';
export { median } from './rows/median.js';
export { rmsNorm } from './rows/rms-norm.js';
export { rowSum } from './rows/row-sum.js';
export { sinkSoftmax } from './rows/sink-softmax.js';
export { softmax } from './rows/softmax.js';
export { weightedSum } from './rows/weighted-sum.js';

// From the places of queries and keys.
export { alibi } from './position/alibi.js';
export { full } from './position/full.js';
export { identity } from './position/identity.js';
export { mask } from './position/mask.js';
export { addMask } from './position/add-mask.js';
export { maskBeyond } from './position/mask-beyond.js';
export { checkMaskShape, maskKeys } from './position/mask-keys.js';
export { shift } from './position/shift.js';
export { offset } from './position/offset.js';
export { exactBuckets, relativeBias, type BucketRule } from './position/relative-bias.js';
export { rotary, type RotaryForm } from './position/rotary.js';
export { within } from './position/within.js';

// Draws.
export { frequencies } from './random/frequencies.js';
export { gumbel } from './random/gumbel.js';
export { noise } from './random/noise.js';

// States that are made one after another.
export { gru, type GruForm, type GruWeights } from './recurrent/gru.js';
