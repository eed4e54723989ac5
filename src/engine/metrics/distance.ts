import { meanOfRows, sumOfKeys, type Metric } from './metric.js';

/** mean_q Σ_k A · |q − k|, in positions (Dosovitskiy et al. 2021, §4.5). */
export const distance: Metric = {
  name: 'distance',
  title: 'Distance',
  note: 'How far away the keys are that a query takes from, weighted, on average.',
  unit: 'tokens',
  full: (n, m) => Math.max(1, (Math.max(n, m) - 1) / 2),
  begin: () =>
    meanOfRows((weights, query) => sumOfKeys(weights, (weight, key) => weight * Math.abs(query - key))),
};
