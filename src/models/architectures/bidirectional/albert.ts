import type { Config } from '../../config.js';
import type { Architecture } from '../architecture.js';
import { buildBert, describeBert, type BertVariant } from './bert.js';
import type { LayerNames } from '../parts/encoder.js';
import { limits } from '../parts/settings.js';

const variant: BertVariant = {
  prefix: 'albert.',
  firstPosition: () => 0,
  positions: (_, ids) => ids.map((_id, at) => at),
  repeats: inner,
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

/** How many layers a group holds, which come one after the other each time that the group is used. */
function inner(config: Config): number {
  return config.count('inner_group_num', limits.layers, 1);
}

/** Layers one after the other share the weights of their group. */
function names(config: Config, layer: number): LayerNames {
  const layers = config.count('num_hidden_layers', limits.layers);
  const groups = config.count('num_hidden_groups', { from: 1, to: layers }, 1);
  const [use, within] = [Math.floor(layer / inner(config)), layer % inner(config)];
  const at = `encoder.albert_layer_groups.${Math.trunc(use / (layers / groups))}.albert_layers.${within}`;
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
