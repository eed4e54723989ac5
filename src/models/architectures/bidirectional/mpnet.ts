import type { Architecture } from '../architecture.js';
import { buildBert, describeBert, type BertVariant } from './bert.js';
import type { LayerNames } from '../parts/encoder.js';
import { behindPadding } from './roberta.js';

const variant: BertVariant = {
  prefix: 'mpnet.',
  ...behindPadding,
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
