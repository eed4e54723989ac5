import {
  standardAttention,
  type AttendParameters,
  type HeadNorm,
  type Projection,
} from '../../../engine/mechanisms/index.js';
import { gather, multiply, rmsNorm, scale, softCap } from '../../../engine/ops/index.js';
import type { Config } from '../../config.js';
import { ModelError } from '../../error.js';
import type { Architecture, ArchitectureDescription } from '../architecture.js';
import { decoder, windows, type Change, type DecoderLayer } from '../parts/decoder.js';
import { list, whole } from '../parts/inputs.js';
import { logitsOf } from '../parts/language-head.js';
import { grows, rotaryForm, rotaryRemarks, rotarySettings, type RotaryStandards } from '../parts/rotary.js';
import { activationOf, activations, checkTokens, limits, type Activation } from '../parts/settings.js';
import { affine, columns, Weights } from '../parts/weights.js';

/** How a member of the family differs from Llama itself. */
export interface LlamaVariant {
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
  /** Queries, keys and values lie in one weight, and so do the gate and what it gates (Phi-3). */
  readonly fused?: boolean;
  /** Gemma: norms keep their weight as its distance from 1, and words are scaled by √d; from the second on norms stand behind each part too. */
  readonly gemma?: 'first' | 'later';
  /** What the family calls its weights where a file has another name for one. */
  readonly nameOf?: (name: string) => string;
  /** What a reader should know of settings that are not followed, in sentences. */
  remarks?(config: Config): readonly string[];
  /** What attention does otherwise than in the paper. @param size d_k */
  attention?(config: Config, size: number): Partial<AttendParameters>;
  /** What a layer's rotary positions are like. */
  rotary?(config: Config, layer: number): Omit<RotaryStandards, 'size'>;
  /** Whether words are said with the vectors they are read with, where the configuration does not tell. */
  readonly tied?: boolean;
  /** What the configuration calls the activation, and means where it does not say. */
  readonly activation?: readonly [name: string, standard: Activation];
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
    config.says('sliding_window') ? config.count('sliding_window', limits.positions) : undefined,
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
    config.count('num_hidden_layers', limits.layers),
  );
  const first = config.count('max_window_layers', { from: 0, to: limits.layers.to }, 28);
  const slides = kinds === undefined ? layer >= first : kinds[layer] === 'sliding_attention';
  return slides ? config.count('sliding_window', limits.positions) : undefined;
}

interface LlamaDescription extends ArchitectureDescription {
  /** Heads of keys and values. */
  readonly groups: number;
  /** d_k */
  readonly size: number;
}

function describe(config: Config, variant: LlamaVariant): LlamaDescription {
  const layers = config.count('num_hidden_layers', limits.layers);
  const heads = config.count('num_attention_heads', limits.heads);
  const width = config.count('hidden_size', limits.width);
  const groups = config.count('num_key_value_heads', limits.heads, heads);
  if (heads % groups !== 0) {
    throw new ModelError(
      `${config.where} shares ${groups} heads of keys among ${heads} of queries, which leaves a rest.`,
    );
  }
  const size = config.count('head_dim', limits.width, variant.headSize ?? Math.floor(width / heads));
  if (size % 2 !== 0) {
    throw new ModelError(
      `${config.where} turns pairs of features, but a head has ${size} of them, which is not even.`,
    );
  }
  const standards = { size, ...variant.rotary?.(config, 0) };
  const rotary = rotarySettings(config, standards);
  const { kind, factor } = rotary;
  const positions = config.count('max_position_embeddings', limits.positions);
  return {
    layers,
    heads,
    groups,
    width,
    size,
    limit: kind === 'dynamic' ? Math.floor(positions * factor) : positions,
    vocabulary: config.count('vocab_size', limits.vocabulary),
    attention: { ...standardAttention, mask: { kind: 'causal' }, ...variant.attention?.(config, size) },
    positions: 'rotary',
    growing: grows(rotary, positions),
    remarks: [...rotaryRemarks(config, standards), ...(variant.remarks?.(config) ?? [])],
  };
}

/** @returns a family that is a Llama but for what `variant` says */
export function family(variant: LlamaVariant): Architecture {
  return {
    modelTypes: [variant.modelType],
    title: variant.title,
    ...(variant.nameOf && { nameOf: variant.nameOf }),
    describe: (config) => describe(config, variant),

    build(checkpoint, tokens, attention) {
      const { config } = checkpoint;
      const { layers, heads, groups, width, size, limit, vocabulary } = describe(config, variant);
      checkTokens(checkpoint, tokens, limit);
      const weights = new Weights(checkpoint, 'model.', 'embed_tokens.weight');
      const epsilon = config.positive('rms_norm_eps', 1e-6);
      const inner = config.count('intermediate_size', limits.inner);
      const [named, standard] = variant.activation ?? ['hidden_act', 'silu'];
      const said = activationOf(config, named, standard);
      const activation =
        activations[variant.gemma === 'first' && said === 'gelu' ? 'gelu_pytorch_tanh' : said];
      const biases = variant.biases(config);
      const innerBiases = config.flag('mlp_bias');
      const linear = (name: string, from: number, to: number, biased: boolean): Projection =>
        biased ? weights.linear(name, from, to) : weights.matrix(name, from, to);

      const offset = variant.gemma === undefined ? 0 : 1;
      const norm = (name: string, extent: number): Change => weights.rmsNorm(name, extent, epsilon, offset);
      const headNorm = (name: string): HeadNorm => ({
        weight: weights.vector(`${name}.weight`, size),
        apply: (value, weight) => rmsNorm(value, weight, epsilon, offset),
      });
      /** Linear layers that read the same, under names of their own or, in Phi-3, side by side in one weight. */
      const beside = (
        at: string,
        names: readonly [name: string, to: number][],
        together: string,
        biased: boolean,
      ): Projection[] => {
        if (variant.fused !== true)
          return names.map(([name, to]) => linear(`${at}.${name}`, width, to, biased));
        const all = linear(
          `${at}.${together}`,
          width,
          names.reduce((sum, [, to]) => sum + to, 0),
          biased,
        );
        let end = 0;
        return names.map(([, to]) => columns(all, { start: end, end: (end += to) }));
      };

      const seen = windows(layers, (at) => {
        const window = variant.window?.(config, at);
        return window === undefined ? undefined : window - 1;
      });

      const layer = (at: number): DecoderLayer => {
        const name = `layers.${at}`;
        const own = `${name}.self_attn`;
        const [q, k] = [heads * size, groups * size];
        const [Q, K, V] = beside(
          own,
          [
            ['q_proj', q],
            ['k_proj', k],
            ['v_proj', k],
          ],
          'qkv_proj',
          biases.inputs,
        );
        const [gate, up] = beside(
          `${name}.mlp`,
          [
            ['gate_proj', inner],
            ['up_proj', inner],
          ],
          'gate_up_proj',
          innerBiases,
        );
        if (!Q || !K || !V || !gate || !up) throw new Error('A layer has three projections and a gate.');
        const down = linear(`${name}.mlp.down_proj`, inner, width, innerBiases);
        const rotary = rotaryForm(
          rotarySettings(config, { size, ...variant.rotary?.(config, at) }),
          size,
          tokens,
        );
        const after = norm(`${name}.post_attention_layernorm`, width);
        return {
          attentionNorm: norm(`${name}.input_layernorm`, width),
          projections: {
            Q,
            K,
            V,
            output: linear(`${own}.o_proj`, q, width, biases.output),
            ...(variant.normed === true && {
              normQ: headNorm(`${own}.q_norm`),
              normK: headNorm(`${own}.k_norm`),
            }),
            heads,
            groups,
          },
          attention: { ...attention, rotary, ...seen[at] },
          feedForward: (value) => affine(multiply(activation(affine(value, gate)), affine(value, up)), down), // (n, inner) → (n, model)
          ...(variant.gemma === 'later'
            ? {
                afterAttention: after,
                feedForwardNorm: norm(`${name}.pre_feedforward_layernorm`, width),
                afterFeedForward: norm(`${name}.post_feedforward_layernorm`, width),
              }
            : { feedForwardNorm: after }),
        };
      };

      const ids = whole('ids', 't', tokens); // (n)
      const table = weights.table('embed_tokens', vocabulary, width);
      const plain = gather(table, ids); // (n, model)
      const words = variant.gemma !== undefined ? scale(plain, Math.sqrt(width), '\\sqrt{d}') : plain; // (n, model)
      const stack = decoder(
        words,
        Array.from({ length: layers }, (_, at) => layer(at)),
        norm('norm', width),
      );
      const logits = logitsOf(checkpoint, stack.hiddenStates.at(-1), { table, tied: variant.tied === true });
      // What reads images as well says its words without the cap (Gemma3ForConditionalGeneration).
      const isCapped = config.says('final_logit_softcapping') && !config.says('vision_config');
      return {
        ids,
        words,
        feeds: (numbers) => new Map([[ids, list(numbers)]]),
        ...stack,
        logits: logits && isCapped ? softCap(logits, config.positive('final_logit_softcapping', 30)) : logits,
      };
    },
  };
}
