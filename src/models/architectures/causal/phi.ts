import { standardAttention, type HeadNorm } from '../../../engine/mechanisms/index.js';
import { gather, layerNorm } from '../../../engine/ops/index.js';
import type { Config } from '../../config.js';
import { ModelError } from '../../error.js';
import type { Architecture, ArchitectureDescription } from '../architecture.js';
import { decoder, type Change, type DecoderLayer } from '../parts/decoder.js';
import { list, whole } from '../parts/inputs.js';
import { logitsOf } from '../parts/language-head.js';
import { grows, rotaryForm, rotaryRemarks, rotarySettings, type RotaryStandards } from '../parts/rotary.js';
import { activationOf, activations, checkHeads, checkTokens, limits } from '../parts/settings.js';
import { affine, Weights } from '../parts/weights.js';

/** Phi-1 to Phi-2: Gunasekar et al. 2023. Half of the features turn; attention and the rest read the same norm. */
export const phi: Architecture = {
  modelTypes: ['phi'],
  title: 'Phi',
  describe,

  build(checkpoint, tokens, attention) {
    const { config } = checkpoint;
    const { layers, heads, groups, width, limit, vocabulary } = describe(config);
    checkTokens(checkpoint, tokens, limit);
    const weights = new Weights(checkpoint, 'model.', 'embed_tokens.weight');
    const epsilon = config.positive('layer_norm_eps', 1e-5);
    const inner = config.count('intermediate_size', limits.inner);
    const activation = activations[activationOf(config, 'hidden_act', 'gelu_new')];
    const size = width / heads;
    const rotary = rotaryForm(rotarySettings(config, defaults(size)), size, tokens);
    const norm = (name: string, extent: number): Change => {
      const apply = weights.norm(name, extent);
      return (value) => apply(value, epsilon);
    };

    const headNorm = (name: string): HeadNorm => {
      const shift = weights.vector(`${name}.bias`, size); // (feature)
      return {
        weight: weights.vector(`${name}.weight`, size), // (feature)
        bias: shift,
        apply: (value, weight, bias = shift) => layerNorm(value, weight, bias, epsilon),
      };
    };

    const layer = (at: number): DecoderLayer => {
      const name = `layers.${at}`;
      const own = `${name}.self_attn`;
      const up = weights.linear(`${name}.mlp.fc1`, width, inner);
      const down = weights.linear(`${name}.mlp.fc2`, inner, width);
      const shared = norm(`${name}.input_layernorm`, width);
      return {
        attentionNorm: shared,
        projections: {
          Q: weights.linear(`${own}.q_proj`, width, width),
          K: weights.linear(`${own}.k_proj`, width, groups * size),
          V: weights.linear(`${own}.v_proj`, width, groups * size),
          output: weights.linear(`${own}.dense`, width, width),
          ...(config.flag('qk_layernorm') && {
            normQ: headNorm(`${own}.q_layernorm`),
            normK: headNorm(`${own}.k_layernorm`),
          }),
          heads,
          groups,
        },
        attention: { ...attention, rotary },
        feedForwardNorm: shared,
        feedForward: (value) => affine(activation(affine(value, up)), down), // (n, inner) → (n, model)
        parallel: true,
      };
    };

    const ids = whole('ids', 't', tokens); // (n)
    const table = weights.table('embed_tokens', vocabulary, width); // (vocabulary, model)
    const words = gather(table, ids); // (n, model)
    const stack = decoder(
      words,
      Array.from({ length: layers }, (_, at) => layer(at)),
      norm('final_layernorm', width),
    );
    return {
      ids,
      words,
      feeds: (numbers) => new Map([[ids, list(numbers)]]),
      ...stack,
      logits: logitsOf(checkpoint, stack.hiddenStates.at(-1), { table, tied: false }),
    };
  },
};

function defaults(size: number): RotaryStandards {
  return { size, share: 0.5 };
}

function describe(config: Config): ArchitectureDescription & { readonly groups: number } {
  const layers = config.count('num_hidden_layers', limits.layers);
  const heads = config.count('num_attention_heads', limits.heads);
  const groups = config.count('num_key_value_heads', limits.heads, heads);
  const width = config.count('hidden_size', limits.width);
  const positions = config.count('max_position_embeddings', limits.positions);
  checkHeads(config, width, heads);
  if (heads % groups !== 0) {
    throw new ModelError(
      `${config.where} shares ${groups} heads of keys among ${heads} of queries, which leaves a rest.`,
    );
  }
  const standards = defaults(width / heads);
  const rotary = rotarySettings(config, standards);
  const { kind, factor } = rotary;
  return {
    layers,
    heads,
    groups,
    width,
    limit: kind === 'dynamic' ? Math.floor(positions * factor) : positions,
    vocabulary: config.count('vocab_size', limits.vocabulary),
    attention: { ...standardAttention, mask: { kind: 'causal' } },
    positions: 'rotary',
    growing: grows(rotary, positions),
    remarks: rotaryRemarks(config, standards),
  };
}
