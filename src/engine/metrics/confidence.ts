import { meanOfRows, type Metric } from './metric.js';

/** mean_q max_k A (Voita et al. 2019, §4). */
export const confidence: Metric = {
  name: 'confidence',
  title: 'Confidence',
  note: 'Largest weight of each query, averaged over queries.',
  unit: '',
  full: () => 1,
  begin: () =>
    meanOfRows((weights) => {
      let most = 0;
      for (let key = 0; key < weights.length; key++) {
        const weight = weights[key] ?? 0;
        if (weight > most) most = weight;
      }
      return most;
    }),
};
