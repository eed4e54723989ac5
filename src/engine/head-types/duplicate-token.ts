import { shareOn, type HeadType } from './head-type.js';

/** mean_q of the weight on other occurrences of the same token (Wang et al. 2022, §3.2). */
export const duplicateToken: HeadType = {
  name: 'duplicate-token',
  title: 'Duplicate token',
  label: 'D',
  note: 'In random tokens that are repeated: the weight on other occurrences of the same token, on average.',
  threshold: 0.4,
  text: 'repeated',
  self: true,
  masks: ['none', 'causal'],
  begin: ({ ids, sinks }) =>
    shareOn(
      (key, query) => key !== query && ids[key] === ids[query],
      (query) => sinks[query] === true,
    ),
};
