import type { Config } from '../../config.js';
import type { Architecture } from '../architecture.js';
import { buildBert, describeBert, type BertVariant } from './bert.js';
import type { LayerNames } from '../parts/encoder.js';
import { limits } from '../parts/settings.js';

const variant: BertVariant = {
  prefix: 'albert.',
  firstPosition: () => 0,
  positions: (_, ids) => ids.map((_id, at) => at),
  names,
  widening: (config) => ({
    name: 'encoder.embedding_hidden_mapping_in',
    from: config.count('embedding_size', limits.width, 128),
  }),
  activation: 'gelu_new',
};

/** ALBERT: Lan et al. 2020. A BERT whose layers share their weights, with smaller embeddings. */
export const albert: Architecture = {
  modelTypes: ['albert'],
  title: 'ALBERT',
  describe: (config) => describeBert(config, variant),
  build: (checkpoint, tokens, attention) => buildBert(checkpoint, tokens, attention, variant),
};

/** Layers one after the other share the weights of their group. */
function names(config: Config, layer: number): LayerNames {
  const layers = config.count('num_hidden_layers', limits.layers);
  const groups = config.count('num_hidden_groups', { from: 1, to: layers }, 1);
  config.count('inner_group_num', { from: 1, to: 1 }, 1);
  const at = `encoder.albert_layer_groups.${Math.trunc(layer / (layers / groups))}.albert_layers.0`;
  return {
    query: `${at}.attention.query`,
    key: `${at}.attention.key`,
    value: `${at}.attention.value`,
    output: `${at}.attention.dense`,
    attentionNorm: `${at}.attention.LayerNorm`,
    inner: `${at}.ffn`,
    outer: `${at}.ffn_output`,
    outputNorm: `${at}.full_layer_layer_norm`,
  };
}
