import type { Config } from '../../config.js';
import type { Architecture } from '../architecture.js';
import { buildBert, describeBert, type BertVariant } from './bert.js';
import { placesBehind } from '../parts/inputs.js';
import { limits } from '../parts/settings.js';

/** Positions count from behind the padding token's own number, and padding itself stays there. */
export function behindPadding(
  padding: (config: Config) => number,
): Pick<BertVariant, 'firstPosition' | 'positions'> {
  return {
    firstPosition: (config) => padding(config) + 1,
    positions: (config, ids) => placesBehind(padding(config), ids),
  };
}

function padding(config: Config): number {
  return config.count('pad_token_id', { from: 0, to: limits.vocabulary.to }, 1);
}

const variant: BertVariant = { prefix: 'roberta.', ...behindPadding(padding) };

/** RoBERTa: Liu et al. 2019. BERT's graph with positions that begin behind the padding token. */
export const roberta: Architecture = {
  modelTypes: ['roberta', 'xlm-roberta'],
  title: 'RoBERTa',
  describe: (config) => describeBert(config, variant),
  build: (checkpoint, tokens, attention) => buildBert(checkpoint, tokens, attention, variant),
};

/** CamemBERT: Martin et al. 2020. RoBERTa under another name. */
export const camembert: Architecture = { ...roberta, modelTypes: ['camembert'], title: 'CamemBERT' };

/** data2vec for texts: Baevski et al. 2022. RoBERTa's graph under names of its own. */
const data2vec: BertVariant = { ...variant, prefix: 'data2vec_text.' };

export const data2vecText: Architecture = {
  modelTypes: ['data2vec-text'],
  title: 'data2vec',
  describe: (config) => describeBert(config, data2vec),
  build: (checkpoint, tokens, attention) => buildBert(checkpoint, tokens, attention, data2vec),
};
