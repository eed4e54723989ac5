import { relativeDistance, type HeadType } from './head-type.js';

/** min(1, mean_q d_q / u_q), as in local-patches: from the threshold on, a patch attends as far as if it attended to all alike (Dosovitskiy et al. 2021, fig. 7). */
export const globalPatches: HeadType = {
  name: 'global-patches',
  title: 'Global',
  label: 'G',
  note: 'The mean distance in patches that a patch attends over, as a share of that if it attended to all patches alike.',
  threshold: 0.9,
  text: 'picture',
  self: true,
  masks: ['none', 'causal'],
  begin: (tokens) => {
    const far = relativeDistance(tokens);
    return {
      row: (weights, query) => {
        far.row(weights, query);
      },
      result: () => Math.min(1, far.result()),
    };
  },
};
