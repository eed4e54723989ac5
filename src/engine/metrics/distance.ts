import { meanOfRows, type Metric } from './metric.js';

/** mean_q Σ_k A · |q − k|, in positions (Dosovitskiy et al. 2021, §4.5). */
export const distance: Metric = {
  name: 'distance',
  title: 'Distance',
  note: 'Mean distance from query to key, weighted by attention.',
  unit: 'tokens',
  applies: ({ queries, keys }) => queries === null && keys === null,
  full: (n, m) => Math.max(1, (Math.max(n, m) - 1) / 2),
  begin: () =>
    meanOfRows((weights, query) => {
      let sum = 0;
      for (let key = 0; key < weights.length; key++) {
        const weight = weights[key] ?? 0;
        if (weight > 0) sum += weight * Math.abs(query - key);
      }
      return sum;
    }),
};
