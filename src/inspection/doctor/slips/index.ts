import type { Slip } from '../slip.js';
import { droppedHead } from './dropped-head.js';
import { groupsTiled, headsInterleaved, headsMerged, keysReshaped } from './heads.js';
import {
  maskAdded,
  maskAfterSoftmax,
  maskInverted,
  maskOmitted,
  maskShifted,
  maskTransposed,
} from './masks.js';
import { rotaryAdded, rotaryBase, rotaryOmitted, rotaryPairs } from './rotary.js';
import { roundingToHalf } from './rounding.js';
import { scalingBeforeRotary } from './scaling-before-rotary.js';
import { modelScaling, noScaling, scalingAdded, scalingInverted, scalingTwice } from './scaling.js';
import { softmaxOverHeads, softmaxOverQueries } from './softmax-axis.js';
import { biasMissing, weightsTransposed } from './weights.js';

/** Every slip that is looked for, in the order in which they change a graph: what stands first is computed first. */
export const slips: readonly Slip[] = [
  biasMissing,
  weightsTransposed,
  headsInterleaved,
  rotaryAdded,
  rotaryPairs,
  rotaryBase,
  rotaryOmitted,
  scalingBeforeRotary,
  keysReshaped,
  groupsTiled,
  noScaling,
  modelScaling,
  scalingTwice,
  scalingInverted,
  scalingAdded,
  maskAdded,
  maskOmitted,
  maskInverted,
  maskShifted,
  maskTransposed,
  softmaxOverQueries,
  softmaxOverHeads,
  maskAfterSoftmax,
  droppedHead,
  headsMerged,
  roundingToHalf,
];
