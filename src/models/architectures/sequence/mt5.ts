import { t5Family } from './t5.js';

/** mT5: Xue et al. 2021. */
export const mt5 = t5Family('mt5', 'mT5', { scalesOutput: () => false });
