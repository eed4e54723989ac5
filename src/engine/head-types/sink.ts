import { shareOn, type HeadType } from './head-type.js';

/** mean_q Σ_{k a sink} A_{q,k} (Clark et al. 2019, §3.2; Xiao et al. 2023, §3.1). */
export const sink: HeadType = {
  name: 'sink',
  title: 'First token or separator',
  label: 'F',
  note: 'The weight on the first token and on separators around the text, where unused attention goes, on average.',
  threshold: 0.5,
  text: 'passage',
  self: false,
  masks: ['none', 'causal'],
  begin: ({ sinks }) => shareOn((key) => sinks[key] === true),
};
