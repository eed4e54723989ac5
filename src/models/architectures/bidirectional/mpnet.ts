import type { Architecture } from '../architecture.js';
import { buildBert, describeBert, type BertVariant } from './bert.js';
import type { LayerNames } from '../parts/encoder.js';
import { behindPadding } from './roberta.js';
import { limits } from '../parts/settings.js';

const variant: BertVariant = {
  prefix: 'mpnet.',
  // The family's own code has this number in it, whatever the configuration calls the padding token.
  ...behindPadding(() => 1),
  remarks: (config) =>
    config.count('pad_token_id', { from: -1, to: limits.vocabulary.to }, 1) === 1 ? [] : [padding],
  names: (_, layer) => names(layer),
  types: false,
  bias: (config) => ({
    name: 'encoder.relative_attention_bias',
    rule: {
      // The family's own code has these numbers in it; a table of another size is only partly used.
      buckets: config.count('relative_attention_num_buckets', { from: 32, to: 32 }, 32),
      maximum: 128,
      bidirectional: true,
    },
  }),
};

const padding =
  'Positions count from behind token 1, as in transformers\' code, though "pad_token_id" is another one.';

/** MPNet: Song et al. 2020. A BERT that adds a bias for the distance to all scores. */
export const mpnet: Architecture = {
  modelTypes: ['mpnet'],
  title: 'MPNet',
  describe: (config) => describeBert(config, variant),
  build: (checkpoint, tokens, attention) => buildBert(checkpoint, tokens, attention, variant),
};

function names(layer: number): LayerNames {
  const at = `encoder.layer.${layer}`;
  return {
    query: `${at}.attention.attn.q`,
    key: `${at}.attention.attn.k`,
    value: `${at}.attention.attn.v`,
    output: `${at}.attention.attn.o`,
    attentionNorm: `${at}.attention.LayerNorm`,
    inner: `${at}.intermediate.dense`,
    outer: `${at}.output.dense`,
    outputNorm: `${at}.output.LayerNorm`,
  };
}
