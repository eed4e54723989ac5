import { shareOn, type HeadType } from './head-type.js';

/** mean_q A_{q,q−1} (Clark et al. 2019, §3.1; Olsson et al. 2022). */
export const previousToken: HeadType = {
  name: 'previous-token',
  title: 'Previous token',
  label: 'P',
  note: 'The weight on the token just before, on average.',
  threshold: 0.4,
  text: 'passage',
  self: true,
  masks: ['none', 'causal'],
  begin: () => shareOn((key, query) => key === query - 1),
};
