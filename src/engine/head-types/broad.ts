import type { HeadType } from './head-type.js';

/** mean_q H(A_q) / log m_q over the m_q > 1 keys that a query sees (Clark et al. 2019, §3.3); 1 where all are alike. */
export const broad: HeadType = {
  name: 'broad',
  title: 'Broad',
  label: 'B',
  note: 'The entropy of each query’s weights as a share of what uniform ones would have, on average.',
  threshold: 0.9,
  text: 'passage',
  self: false,
  masks: ['none', 'causal'],
  begin: () => {
    let sum = 0;
    let rows = 0;
    return {
      row(weights) {
        let seen = 0;
        let entropy = 0;
        for (const weight of weights) {
          if (Number.isNaN(weight)) continue;
          seen++;
          if (weight > 0) entropy -= weight * Math.log(weight);
        }
        if (seen < 2) return;
        sum += entropy / Math.log(seen);
        rows++;
      },
      result: () => (rows === 0 ? Number.NaN : sum / rows),
    };
  },
};
