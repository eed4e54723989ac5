import { confidence } from './confidence.js';
import { distance } from './distance.js';
import { entropy } from './entropy.js';
import { firstToken } from './first-token.js';
import type { Layout, Metric } from './metric.js';
import { patchDistance } from './patch-distance.js';

/** Every metric there is, in the order in which they are shown. */
export const metrics: readonly Metric[] = [entropy, confidence, distance, patchDistance, firstToken];

/** Those that say something of queries and keys that lie so. */
export function metricsOfLayout(layout: Layout): readonly Metric[] {
  return metrics.filter(({ applies }) => applies?.(layout) ?? true);
}

export type { Layout, Metric } from './metric.js';
