import { standardAttention } from '../../../engine/mechanisms/index.js';
import { add, gather } from '../../../engine/ops/index.js';
import type { Config } from '../../config.js';
import { ModelError } from '../../error.js';
import type { Architecture, ArchitectureDescription } from '../architecture.js';
import { encoder, type LayerNames } from '../parts/encoder.js';
import { list, whole } from '../parts/inputs.js';
import { activationOf, checkHeads, checkTokens, limits } from '../parts/settings.js';
import { Weights } from '../parts/weights.js';

/** DistilBERT: Sanh et al. 2019. A BERT without token types, and with names of its own. */
export const distilbert: Architecture = {
  modelTypes: ['distilbert'],
  title: 'DistilBERT',
  describe,

  build(checkpoint, tokens, attention) {
    const { config } = checkpoint;
    const { layers, heads, width, limit, vocabulary } = describe(config);
    checkTokens(checkpoint, tokens, limit);
    const weights = new Weights(checkpoint, 'distilbert.', 'embeddings.word_embeddings.weight');
    // The family's own code has this number in it, not in its configuration.
    const epsilon = 1e-12;

    const ids = whole('ids', 't', tokens); // (n)
    const positions = whole('position_ids', 'p', tokens); // (n)
    const words = gather(weights.table('embeddings.word_embeddings', vocabulary, width), ids); // (n, model)
    const sum = add(words, gather(weights.table('embeddings.position_embeddings', limit, width), positions)); // (n, model)
    const embeddings = weights.norm('embeddings.LayerNorm', width)(sum, epsilon); // (n, model)
    const sizes = {
      layers,
      heads,
      width,
      epsilon,
      inner: config.count('hidden_dim', limits.inner),
      activation: activationOf(config, 'activation'),
    };
    return {
      ids,
      words,
      feeds: (numbers) =>
        new Map([
          [ids, list(numbers)],
          [positions, list(numbers.map((_, at) => at))],
        ]),
      ...encoder(weights, embeddings, sizes, namesOf, attention),
    };
  },
};

function describe(config: Config): ArchitectureDescription {
  const layers = config.count('n_layers', limits.layers);
  const heads = config.count('n_heads', limits.heads);
  const width = config.count('dim', limits.width);
  const limit = config.count('max_position_embeddings', limits.positions);
  checkHeads(config, width, heads);
  if (config.flag('is_decoder')) {
    throw new ModelError(`${config.where} says "is_decoder"; only encoders of this family are read.`);
  }
  const vocabulary = config.count('vocab_size', limits.vocabulary);
  return { layers, heads, width, limit, vocabulary, attention: standardAttention, positions: 'embedded' };
}

function namesOf(layer: number): LayerNames {
  const at = `transformer.layer.${layer}`;
  return {
    query: `${at}.attention.q_lin`,
    key: `${at}.attention.k_lin`,
    value: `${at}.attention.v_lin`,
    output: `${at}.attention.out_lin`,
    attentionNorm: `${at}.sa_layer_norm`,
    inner: `${at}.ffn.lin1`,
    outer: `${at}.ffn.lin2`,
    outputNorm: `${at}.output_layer_norm`,
  };
}
