import type { Mechanism } from './mechanism.js';
import { multiHeadAttention } from './multi-head.js';
import { scaledDotProduct } from './scaled-dot-product.js';

/** Every mechanism there is. */
export const mechanisms: readonly Mechanism[] = [scaledDotProduct, multiHeadAttention];

export type { AttentionGraph, InputDescription, Mechanism } from './mechanism.js';
export {
  attendParameters,
  readAttendParameters,
  standardAttention,
  type AttendParameters,
} from './attend.js';
export { multiHead, type MultiHeadInputs, type Projection } from './multi-head.js';
export {
  ParameterError,
  withValues,
  type Parameter,
  type ParameterValue,
  type ParameterValues,
} from './parameters.js';
