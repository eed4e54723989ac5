import { standardAttention, type Projection } from '../../../engine/mechanisms/index.js';
import { gather, multiply } from '../../../engine/ops/index.js';
import type { Config } from '../../config.js';
import type { Architecture, ArchitectureDescription } from '../architecture.js';
import { decoder, windows, type Change, type DecoderLayer } from '../parts/decoder.js';
import { list, whole } from '../parts/inputs.js';
import { rotaryForm, rotarySettings, type RotaryStandards } from '../parts/rotary.js';
import { activationOf, activations, checkHeads, checkTokens, limits } from '../parts/settings.js';
import { affine, columns, Weights } from '../parts/weights.js';

/** ModernBERT: Warner et al. 2024. Rotary positions, a window in two layers of three, gates, and norms before each part. */
export const modernbert: Architecture = {
  modelTypes: ['modernbert'],
  title: 'ModernBERT',
  describe,

  build(checkpoint, tokens, attention) {
    const { config } = checkpoint;
    const { layers, heads, width, limit, vocabulary } = describe(config);
    checkTokens(checkpoint, tokens, limit);
    const weights = new Weights(checkpoint, 'model.', 'embeddings.tok_embeddings.weight');
    const epsilon = config.positive('norm_eps', 1e-5);
    const inner = config.count('intermediate_size', limits.inner);
    const activation = activations[activationOf(config, 'hidden_activation')];
    const size = width / heads;
    const shifted = config.flag('norm_bias');
    const norm = (name: string): Change => {
      const apply = shifted ? weights.norm(name, width) : weights.unshiftedNorm(name, width);
      return (value) => apply(value, epsilon);
    };
    const linear = (name: string, from: number, to: number, biases: string): Projection =>
      config.flag(biases) ? weights.linear(name, from, to) : weights.matrix(name, from, to);

    const seen = windows(layers, (at) => (isLocal(config, at) ? windowOf(config) : undefined));

    const layer = (at: number): DecoderLayer => {
      const name = `layers.${at}`;
      const qkv = linear(`${name}.attn.Wqkv`, width, 3 * width, 'attention_bias');
      const wide = linear(`${name}.mlp.Wi`, width, 2 * inner, 'mlp_bias');
      const gate = columns(wide, { start: 0, end: inner });
      const up = columns(wide, { start: inner, end: 2 * inner });
      const down = linear(`${name}.mlp.Wo`, inner, width, 'mlp_bias');
      const slides = isLocal(config, at);
      const rotary = rotaryForm(rotarySettings(config, defaults(size, slides)), size, tokens);
      return {
        // The embeddings are normalised already.
        ...(at > 0 && { attentionNorm: norm(`${name}.attn_norm`) }),
        projections: {
          Q: columns(qkv, { start: 0, end: width }),
          K: columns(qkv, { start: width, end: 2 * width }),
          V: columns(qkv, { start: 2 * width, end: 3 * width }),
          output: linear(`${name}.attn.Wo`, width, width, 'attention_bias'),
          heads,
          groups: heads,
        },
        attention: { ...attention, rotary, ...seen[at] },
        feedForwardNorm: norm(`${name}.mlp_norm`),
        feedForward: (value) => affine(multiply(activation(affine(value, gate)), affine(value, up)), down), // (n, inner) → (n, model)
      };
    };

    const ids = whole('ids', 't', tokens); // (n)
    const words = gather(weights.table('embeddings.tok_embeddings', vocabulary, width), ids); // (n, model)
    return {
      ids,
      words,
      feeds: (numbers) => new Map([[ids, list(numbers)]]),
      ...decoder(
        norm('embeddings.norm')(words),
        Array.from({ length: layers }, (_, at) => layer(at)),
        norm('final_norm'),
      ),
    };
  },
};

/** Unless each layer's kind is listed, every third one from the first attends to everything. */
function isLocal(config: Config, layer: number): boolean {
  const layers = config.count('num_hidden_layers', limits.layers);
  const kinds = config.words('layer_types', ['full_attention', 'sliding_attention'], layers);
  if (kinds !== undefined) return kinds[layer] === 'sliding_attention';
  return layer % config.count('global_attn_every_n_layers', limits.layers, 3) !== 0;
}

/** How far a local layer looks to either side: half of the window. */
function windowOf(config: Config): number {
  return Math.floor(config.count('local_attention', limits.positions, 128) / 2);
}

function defaults(size: number, local: boolean): RotaryStandards {
  return local
    ? { size, layers: 'sliding_attention', base: 10_000, names: { base: 'local_rope_theta' } }
    : { size, layers: 'full_attention', base: 160_000, names: { base: 'global_rope_theta' } };
}

function describe(config: Config): ArchitectureDescription {
  const layers = config.count('num_hidden_layers', limits.layers);
  const heads = config.count('num_attention_heads', limits.heads);
  const width = config.count('hidden_size', limits.width);
  checkHeads(config, width, heads);
  return {
    layers,
    heads,
    width,
    limit: config.count('max_position_embeddings', limits.positions),
    vocabulary: config.count('vocab_size', limits.vocabulary),
    attention: standardAttention,
    positions: 'rotary',
  };
}
