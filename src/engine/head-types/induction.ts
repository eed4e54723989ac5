import { shareOn, type HeadType } from './head-type.js';

/** The prefix-matching score: mean_q of the weight on what followed earlier occurrences of q (Olsson et al. 2022). */
export const induction: HeadType = {
  name: 'induction',
  title: 'Induction',
  label: 'I',
  note: 'In random tokens that are repeated: the weight on the token that followed the same token before, on average.',
  threshold: 0.4,
  text: 'repeated',
  self: true,
  masks: ['causal'],
  begin: ({ ids, sinks }) =>
    shareOn(
      (key, query) => key > 0 && key < query && ids[key - 1] === ids[query],
      (query) => sinks[query] === true,
    ),
};
