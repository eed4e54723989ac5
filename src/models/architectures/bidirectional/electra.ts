import type { Architecture } from '../architecture.js';
import { buildBert, describeBert, type BertVariant } from './bert.js';
import { limits } from '../parts/settings.js';

const variant: BertVariant = {
  prefix: 'electra.',
  firstPosition: () => 0,
  positions: (_, ids) => ids.map((_id, at) => at),
  widening(config) {
    const from = config.count('embedding_size', limits.width, 128);
    return from === config.count('hidden_size', limits.width)
      ? undefined
      : { name: 'embeddings_project', from };
  },
};

/** ELECTRA: Clark et al. 2020. A BERT that was trained to find replaced words; small ones have smaller embeddings. */
export const electra: Architecture = {
  modelTypes: ['electra'],
  title: 'ELECTRA',
  describe: (config) => describeBert(config, variant),
  build: (checkpoint, tokens, attention) => buildBert(checkpoint, tokens, attention, variant),
};
