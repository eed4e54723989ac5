import { relativeDistance, type HeadType } from './head-type.js';

/** 1 − mean_q d_q / u_q: d_q is the mean distance from patch to patch weighed by attention, u_q that of even weights (Dosovitskiy et al. 2021, fig. 7). */
export const localPatches: HeadType = {
  name: 'local-patches',
  title: 'Local',
  label: 'L',
  note: 'How much nearer a patch attends than if it attended to all patches alike: 1 less the mean distance in patches as a share of that.',
  threshold: 0.5,
  text: 'picture',
  self: true,
  masks: ['none', 'causal'],
  begin: (tokens) => {
    const far = relativeDistance(tokens);
    return {
      row: (weights, query) => {
        far.row(weights, query);
      },
      result: () => Math.max(0, 1 - far.result()),
    };
  },
};
