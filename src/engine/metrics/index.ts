import { confidence } from './confidence.js';
import { distance } from './distance.js';
import { entropy } from './entropy.js';
import { firstToken } from './first-token.js';
import type { Metric } from './metric.js';

/** Every metric there is, in the order in which they are shown. */
export const metrics: readonly Metric[] = [entropy, confidence, distance, firstToken];

export type { Metric } from './metric.js';
