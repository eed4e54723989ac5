import { family } from './llama.js';
import { limits } from '../parts/settings.js';

/** Phi-3: Abdin et al. 2024. A Llama whose weights of one kind lie side by side in one. */
export const phi3 = family({
  modelType: 'phi3',
  title: 'Phi-3',
  biases: () => ({ inputs: false, output: false }),
  window: (config) =>
    config.says('sliding_window') ? config.count('sliding_window', limits.positions) : undefined,
  fused: true,
  // What it was called before (Phi3Config).
  rotary: () => ({ share: 1, kinds: { su: 'longrope', yarn: 'longrope' } }),
});
