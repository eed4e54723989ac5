import { shareOn, type HeadType } from './head-type.js';

/** mean_q A_{q,q} (Clark et al. 2019, §3.1). */
export const sameToken: HeadType = {
  name: 'same-token',
  title: 'Same token',
  label: 'S',
  note: 'The weight of each token on itself, on average.',
  threshold: 0.4,
  text: 'passage',
  self: true,
  masks: ['none', 'causal'],
  begin: () => shareOn((key, query) => key === query),
};
