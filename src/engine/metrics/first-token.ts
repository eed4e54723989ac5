import { meanOfRows, type Metric } from './metric.js';

/** mean_q A_q0: what flows to the first token, where unused attention often sinks (Xiao et al. 2023, §3.1). */
export const firstToken: Metric = {
  name: 'first-token',
  title: 'First-token mass',
  note: 'Weight on the first key (a common attention sink), averaged over queries.',
  unit: '',
  full: () => 1,
  begin: () =>
    meanOfRows((weights) => {
      const first = weights[0] ?? 0;
      return Number.isNaN(first) ? 0 : first;
    }),
};
