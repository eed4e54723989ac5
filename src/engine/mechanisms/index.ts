import { bahdanau } from './bahdanau.js';
import { hard } from './hard.js';
import { linear } from './linear.js';
import { luongLocal } from './luong-local.js';
import { luong } from './luong.js';
import type { Mechanism } from './mechanism.js';
import { multiHeadAttention } from './multi-head.js';
import { scaledDotProduct } from './scaled-dot-product.js';

/** Every mechanism there is. */
export const mechanisms: readonly Mechanism[] = [
  scaledDotProduct,
  multiHeadAttention,
  hard,
  bahdanau,
  luong,
  luongLocal,
  linear,
];

export type { AttentionGraph, Mechanism } from './mechanism.js';
export { attendParameters } from './attend-parameters.js';
export { readAttendParameters } from './attend-values.js';
export { scaledDotProduct } from './scaled-dot-product.js';
export { withChanges } from './mask-shorthand.js';
export { isCausal } from './masks.js';
export { placesWithin } from './places.js';
export { standardAttention, type AttendParameters } from './attend.js';
export { gradientParameters, gradientSteps, readObjective } from './gradients.js';
export { additiveAttention } from './bahdanau.js';
export { luongAttention } from './luong.js';
export { multiHead, type HeadNorm, type MultiHeadInputs, type Projection } from './multi-head.js';
export { readBaseline, reinforce, type Baseline } from './reinforce.js';
export {
  ParameterError,
  withDefaults,
  withValues,
  type Parameter,
  type ParameterValue,
  type ParameterValues,
} from './parameters.js';
