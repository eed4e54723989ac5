import { meanOfRows, type Metric } from './metric.js';

/** mean_q max_k A (Voita et al. 2019, §4). */
export const confidence: Metric = {
  name: 'confidence',
  title: 'Confidence',
  note: 'The largest weight of each query, on average.',
  unit: '',
  full: () => 1,
  begin: () => meanOfRows((weights) => weights.reduce((most, weight) => (weight > most ? weight : most), 0)),
};
