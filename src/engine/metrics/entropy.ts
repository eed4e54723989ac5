import { meanOfRows, type Metric } from './metric.js';

/** mean_q −Σ_k A log A, in nats (Clark et al. 2019, §3.3); 0 for one key, log m for all alike. */
export const entropy: Metric = {
  name: 'entropy',
  title: 'Entropy',
  note: 'Entropy of each query’s weights in nats, averaged: 0 where each attends to one key alone.',
  unit: 'nats',
  full: (_, m) => Math.log(Math.max(2, m)),
  begin: () =>
    meanOfRows((weights) => {
      let sum = 0;
      for (let key = 0; key < weights.length; key++) {
        const weight = weights[key] ?? 0;
        if (weight > 0) sum -= weight * Math.log(weight);
      }
      return sum;
    }),
};
