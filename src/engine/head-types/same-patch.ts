import { shareOnPatches, type HeadType } from './head-type.js';

/** mean_q A_{q,q} over the patches q. */
export const samePatch: HeadType = {
  name: 'same-patch',
  title: 'Same patch',
  label: 'Sp',
  note: 'The weight of each patch on itself, on average.',
  threshold: 0.4,
  text: 'picture',
  self: true,
  masks: ['none', 'causal'],
  begin: (tokens) => shareOnPatches(tokens, ({ columns }, row, column) => [row * columns + column]),
};
