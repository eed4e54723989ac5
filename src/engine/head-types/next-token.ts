import { shareOn, type HeadType } from './head-type.js';

/** mean_q A_{q,q+1} (Clark et al. 2019, §3.1). */
export const nextToken: HeadType = {
  name: 'next-token',
  title: 'Next token',
  label: 'N',
  note: 'The weight on the token just after, on average.',
  threshold: 0.4,
  text: 'passage',
  self: true,
  masks: ['none'],
  begin: () => shareOn((key, query) => key === query + 1),
};
