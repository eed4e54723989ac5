import { standardAttention, type Projection } from '../../engine/mechanisms/index.js';
import { gather, multiply } from '../../engine/ops/index.js';
import type { Config } from '../config.js';
import { ModelError } from '../error.js';
import type { Architecture, ArchitectureDescription } from './architecture.js';
import { decoder, type DecoderLayer } from './decoder.js';
import { list, whole } from './inputs.js';
import { rotaryForm, rotarySettings } from './rotary.js';
import { activationOf, activations, checkTokens, sane } from './settings.js';
import { affine, Weights } from './weights.js';

/** How a member of the family differs from Llama itself. */
interface LlamaVariant {
  readonly modelType: string;
  readonly title: string;
  /** Whether queries, keys and values have biases, and whether the output has. */
  biases(config: Config): { readonly inputs: boolean; readonly output: boolean };
  /** How many positions back a layer looks, counting its own; undefined for all. */
  window?(config: Config, layer: number): number | undefined;
  /** Each head's queries and keys are normalised. */
  readonly normed?: boolean;
  /** What a configuration of the family means where it does not say the size of a head. */
  readonly headSize?: number;
}

const none = { inputs: false, output: false };

/** Llama 1 to 3: Touvron et al. 2023. SmolLM and many others are Llamas of other sizes. */
export const llama = family({
  modelType: 'llama',
  title: 'Llama',
  biases(config) {
    const all = config.flag('attention_bias');
    return { inputs: all, output: all };
  },
});

/** Mistral 7B: Jiang et al. 2023. A Llama whose layers may look back only so far. */
export const mistral = family({
  modelType: 'mistral',
  title: 'Mistral',
  biases: () => none,
  window: (config) =>
    config.says('sliding_window') ? config.count('sliding_window', sane.positions) : undefined,
});

/** Qwen2: Yang et al. 2024. A Llama with biases on queries, keys and values. */
export const qwen2 = family({
  modelType: 'qwen2',
  title: 'Qwen2',
  biases: () => ({ inputs: true, output: false }),
  window: qwenWindow,
});

/** Qwen3: Yang et al. 2025. A Llama whose heads normalise their queries and keys. */
export const qwen3 = family({
  modelType: 'qwen3',
  title: 'Qwen3',
  biases(config) {
    const all = config.flag('attention_bias');
    return { inputs: all, output: all };
  },
  window: qwenWindow,
  normed: true,
  headSize: 128,
});

function qwenWindow(config: Config, layer: number): number | undefined {
  if (!config.flag('use_sliding_window') || !config.says('sliding_window')) return undefined;
  const kinds = config.words(
    'layer_types',
    ['full_attention', 'sliding_attention'],
    config.count('num_hidden_layers', sane.layers),
  );
  const first = config.count('max_window_layers', { from: 0, to: sane.layers.to }, 28);
  const slides = kinds === undefined ? layer >= first : kinds[layer] === 'sliding_attention';
  return slides ? config.count('sliding_window', sane.positions) : undefined;
}

interface LlamaDescription extends ArchitectureDescription {
  /** Heads of keys and values. */
  readonly groups: number;
  /** d_k */
  readonly size: number;
}

function describe(config: Config, variant: LlamaVariant): LlamaDescription {
  const layers = config.count('num_hidden_layers', sane.layers);
  const heads = config.count('num_attention_heads', sane.heads);
  const width = config.count('hidden_size', sane.width);
  const groups = config.count('num_key_value_heads', sane.heads, heads);
  if (heads % groups !== 0) {
    throw new ModelError(
      `${config.where} shares ${groups} heads of keys among ${heads} of queries, which leaves a rest.`,
    );
  }
  const size = config.count('head_dim', sane.width, variant.headSize ?? Math.floor(width / heads));
  if (size % 2 !== 0) {
    throw new ModelError(
      `${config.where} turns pairs of features, but a head has ${size} of them, which is not even.`,
    );
  }
  const { kind, factor } = rotarySettings(config, { size });
  const positions = config.count('max_position_embeddings', sane.positions);
  return {
    layers,
    heads,
    groups,
    width,
    size,
    limit: kind === 'dynamic' ? Math.floor(positions * factor) : positions,
    vocabulary: config.count('vocab_size', sane.vocabulary),
    attention: { ...standardAttention, mask: { kind: 'causal' } },
    positions: 'rotary',
  };
}

function family(variant: LlamaVariant): Architecture {
  return {
    modelTypes: [variant.modelType],
    title: variant.title,
    describe: (config) => describe(config, variant),

    build(checkpoint, tokens, attention) {
      const { config } = checkpoint;
      const { layers, heads, groups, width, size, limit, vocabulary } = describe(config, variant);
      checkTokens(checkpoint, tokens, limit);
      const weights = new Weights(checkpoint, 'model.', 'embed_tokens.weight');
      const epsilon = config.positive('rms_norm_eps', 1e-6);
      const inner = config.count('intermediate_size', sane.inner);
      const activation = activations[activationOf(config, 'hidden_act', 'silu')];
      const rotary = rotaryForm(rotarySettings(config, { size }), size, tokens);
      const biases = variant.biases(config);
      const innerBiases = config.flag('mlp_bias');
      const linear = (name: string, from: number, to: number, biased: boolean): Projection =>
        biased ? weights.linear(name, from, to) : weights.matrix(name, from, to);

      const layer = (at: number): DecoderLayer => {
        const name = `layers.${at}`;
        const own = `${name}.self_attn`;
        const gate = linear(`${name}.mlp.gate_proj`, width, inner, innerBiases);
        const up = linear(`${name}.mlp.up_proj`, width, inner, innerBiases);
        const down = linear(`${name}.mlp.down_proj`, inner, width, innerBiases);
        const window = variant.window?.(config, at);
        return {
          attentionNorm: weights.rmsNorm(`${name}.input_layernorm`, width, epsilon),
          projections: {
            Q: linear(`${own}.q_proj`, width, heads * size, biases.inputs),
            K: linear(`${own}.k_proj`, width, groups * size, biases.inputs),
            V: linear(`${own}.v_proj`, width, groups * size, biases.inputs),
            output: linear(`${own}.o_proj`, heads * size, width, biases.output),
            ...(variant.normed === true && {
              normQ: weights.rmsNorm(`${own}.q_norm`, size, epsilon),
              normK: weights.rmsNorm(`${own}.k_norm`, size, epsilon),
            }),
            heads,
            groups,
          },
          attention: { ...attention, rotary, ...(window !== undefined && { window: window - 1 }) },
          feedForwardNorm: weights.rmsNorm(`${name}.post_attention_layernorm`, width, epsilon),
          feedForward: (value) => affine(multiply(activation(affine(value, gate)), affine(value, up)), down), // (n, inner) → (n, model)
        };
      };

      const ids = whole('ids', 't', tokens); // (n)
      const words = gather(weights.table('embed_tokens', vocabulary, width), ids); // (n, model)
      return {
        ids,
        words,
        feeds: (numbers) => new Map([[ids, list(numbers)]]),
        ...decoder(
          words,
          Array.from({ length: layers }, (_, at) => layer(at)),
          weights.rmsNorm('norm', width, epsilon),
        ),
      };
    },
  };
}
