import type { Json } from '../../formats/json-text.js';
import { byHead, fromOne, halvesApart, transposed, type Change } from './derived.js';
import type { Metadata } from './metadata.js';

type Settings = { readonly [name: string]: Json | undefined };

/** How a family is called and kept in GGUF. */
export interface GgufFamily {
  /** What config.json would say. */
  settings(metadata: Metadata): Settings;
  /** Hugging Face's names for tensors outside of layers, and, behind "layer", for those in them, without ".weight". */
  readonly names: Readonly<Record<string, string>>;
  /** What a layer's names begin with: "layers." */
  readonly layer: string;
  /** What the converter changed in a tensor. @param name without "blk.0." */
  change?(name: string, metadata: Metadata): Change | undefined;
}

const llamaNames = {
  token_embd: 'embed_tokens',
  output_norm: 'norm',
  output: 'lm_head',
  attn_norm: 'layer.input_layernorm',
  attn_q: 'layer.self_attn.q_proj',
  attn_k: 'layer.self_attn.k_proj',
  attn_v: 'layer.self_attn.v_proj',
  attn_output: 'layer.self_attn.o_proj',
  attn_q_norm: 'layer.self_attn.q_norm',
  attn_k_norm: 'layer.self_attn.k_norm',
  ffn_norm: 'layer.post_attention_layernorm',
  ffn_gate: 'layer.mlp.gate_proj',
  ffn_up: 'layer.mlp.up_proj',
  ffn_down: 'layer.mlp.down_proj',
};

const gemmaNames = {
  ...llamaNames,
  post_attention_norm: 'layer.post_attention_layernorm',
  ffn_norm: 'layer.pre_feedforward_layernorm',
  post_ffw_norm: 'layer.post_feedforward_layernorm',
};

/** Every architecture of GGUF that a family here stands for. */
export const ggufFamilies: Readonly<Record<string, GgufFamily>> = {
  llama: {
    settings: (metadata) => ({
      ...llamaSettings(metadata),
      model_type: metadata.number('attention.sliding_window') === undefined ? 'llama' : 'mistral',
      sliding_window: metadata.number('attention.sliding_window'),
      attention_bias: metadata.has('blk.0.attn_q.bias'),
      mlp_bias: metadata.has('blk.0.ffn_gate.bias'),
    }),
    names: llamaNames,
    layer: 'layers.',
    change(name, metadata) {
      const heads = metadata.number('attention.head_count') ?? 1;
      if (/^attn_q\.(weight|bias)$/.test(name)) return halvesApart(heads);
      if (/^attn_k\.(weight|bias)$/.test(name)) {
        return halvesApart(metadata.number('attention.head_count_kv') ?? heads);
      }
      return undefined;
    },
  },
  qwen2: {
    settings: (metadata) => ({ ...llamaSettings(metadata), model_type: 'qwen2' }),
    names: llamaNames,
    layer: 'layers.',
  },
  qwen3: {
    settings: (metadata) => ({
      ...llamaSettings(metadata),
      model_type: 'qwen3',
      attention_bias: metadata.has('blk.0.attn_q.bias'),
    }),
    names: llamaNames,
    layer: 'layers.',
  },
  phi3: {
    settings(metadata) {
      const scaled = metadata.has('rope_factors_long.weight') || metadata.has('rope_factors_short.weight');
      return {
        ...llamaSettings(metadata),
        model_type: 'phi3',
        sliding_window: metadata.number('attention.sliding_window'),
        partial_rotary_factor: shareOf(metadata),
        ...(scaled && { rope_scaling: { rope_type: 'longrope' } }),
      };
    },
    names: { ...llamaNames, attn_qkv: 'layer.self_attn.qkv_proj', ffn_up: 'layer.mlp.gate_up_proj' },
    layer: 'layers.',
  },
  gemma2: {
    settings: (metadata) => ({ ...gemmaSettings(metadata, 46), model_type: 'gemma2' }),
    names: gemmaNames,
    layer: 'layers.',
    change: gemmaChange,
  },
  gemma3: {
    settings: (metadata) => ({
      ...gemmaSettings(metadata, 62),
      model_type: 'gemma3_text',
      rope_local_base_freq: metadata.number('rope.freq_base_swa') ?? 10_000,
    }),
    names: gemmaNames,
    layer: 'layers.',
    change: gemmaChange,
  },
  gpt2: {
    settings: (metadata) => ({
      model_type: 'gpt2',
      n_layer: metadata.setting('block_count'),
      n_head: metadata.setting('attention.head_count'),
      n_embd: metadata.setting('embedding_length'),
      n_inner: metadata.setting('feed_forward_length'),
      n_positions: metadata.setting('context_length'),
      layer_norm_epsilon: metadata.setting('attention.layer_norm_epsilon'),
    }),
    names: {
      token_embd: 'wte',
      position_embd: 'wpe',
      output_norm: 'ln_f',
      output: 'lm_head',
      attn_norm: 'layer.ln_1',
      attn_qkv: 'layer.attn.c_attn',
      attn_output: 'layer.attn.c_proj',
      ffn_norm: 'layer.ln_2',
      ffn_up: 'layer.mlp.c_fc',
      ffn_down: 'layer.mlp.c_proj',
    },
    layer: 'h.',
    change: (name) =>
      /^(attn_qkv|attn_output|ffn_up|ffn_down)\.weight$/.test(name) ? transposed : undefined,
  },
  gptneox: {
    settings: (metadata) => ({
      ...sizes(metadata),
      model_type: 'gpt_neox',
      layer_norm_eps: metadata.setting('attention.layer_norm_epsilon'),
      use_parallel_residual: metadata.setting('use_parallel_residual'),
      attention_bias: metadata.has('blk.0.attn_qkv.bias'),
      rope_theta: undefined,
      rotary_emb_base: metadata.setting('rope.freq_base'),
      rotary_pct: shareOf(metadata),
    }),
    names: {
      token_embd: 'embed_in',
      output_norm: 'final_layer_norm',
      output: 'embed_out',
      attn_norm: 'layer.input_layernorm',
      attn_qkv: 'layer.attention.query_key_value',
      attn_output: 'layer.attention.dense',
      ffn_norm: 'layer.post_attention_layernorm',
      ffn_up: 'layer.mlp.dense_h_to_4h',
      ffn_down: 'layer.mlp.dense_4h_to_h',
    },
    layer: 'layers.',
    change: (name, metadata) =>
      name.startsWith('attn_qkv.') ? byHead(metadata.number('attention.head_count') ?? 1) : undefined,
  },
  phi2: {
    settings: (metadata) => ({
      ...sizes(metadata),
      model_type: 'phi',
      hidden_act: 'gelu_new',
      layer_norm_eps: metadata.setting('attention.layer_norm_epsilon'),
      partial_rotary_factor: shareOf(metadata),
      qk_layernorm: metadata.has('blk.0.attn_q_norm.weight'),
    }),
    names: {
      token_embd: 'embed_tokens',
      output_norm: 'final_layernorm',
      output: 'lm_head',
      attn_norm: 'layer.input_layernorm',
      attn_q: 'layer.self_attn.q_proj',
      attn_k: 'layer.self_attn.k_proj',
      attn_v: 'layer.self_attn.v_proj',
      attn_q_norm: 'layer.self_attn.q_layernorm',
      attn_k_norm: 'layer.self_attn.k_layernorm',
      attn_output: 'layer.self_attn.dense',
      ffn_up: 'layer.mlp.fc1',
      ffn_down: 'layer.mlp.fc2',
    },
    layer: 'layers.',
  },
  bert: {
    settings: (metadata) => ({
      ...sizes(metadata),
      model_type: 'bert',
      max_position_embeddings: metadata.rows('position_embd.weight'),
      type_vocab_size: metadata.rows('token_types.weight'),
      layer_norm_eps: metadata.setting('attention.layer_norm_epsilon'),
    }),
    names: {
      token_embd: 'embeddings.word_embeddings',
      position_embd: 'embeddings.position_embeddings',
      token_types: 'embeddings.token_type_embeddings',
      token_embd_norm: 'embeddings.LayerNorm',
      attn_q: 'layer.attention.self.query',
      attn_k: 'layer.attention.self.key',
      attn_v: 'layer.attention.self.value',
      attn_output: 'layer.attention.output.dense',
      attn_output_norm: 'layer.attention.output.LayerNorm',
      ffn_up: 'layer.intermediate.dense',
      ffn_down: 'layer.output.dense',
      layer_output_norm: 'layer.output.LayerNorm',
    },
    layer: 'encoder.layer.',
  },
};

function sizes(metadata: Metadata): Settings {
  return {
    num_hidden_layers: metadata.setting('block_count'),
    hidden_size: metadata.setting('embedding_length'),
    intermediate_size: metadata.setting('feed_forward_length'),
    num_attention_heads: metadata.setting('attention.head_count'),
    num_key_value_heads: metadata.setting('attention.head_count_kv'),
    max_position_embeddings: metadata.setting('context_length'),
    rope_theta: metadata.setting('rope.freq_base'),
    rope_scaling: scaling(metadata),
  };
}

function llamaSettings(metadata: Metadata): Settings {
  return {
    ...sizes(metadata),
    head_dim: headSize(metadata),
    rms_norm_eps: metadata.setting('attention.layer_norm_rms_epsilon'),
  };
}

/** @param large how many layers the largest model of the family has, whose scores are divided in another way */
function gemmaSettings(metadata: Metadata, large: number): Settings {
  const slides = metadata.flags('attention.sliding_window_pattern');
  const [width = 0, heads = 1] = [
    metadata.number('embedding_length'),
    metadata.number('attention.head_count'),
  ];
  return {
    ...llamaSettings(metadata),
    query_pre_attn_scalar:
      metadata.number('block_count') === large ? Math.floor(width / heads) : headSize(metadata),
    attn_logit_softcapping: metadata.number('attn_logit_softcapping'),
    final_logit_softcapping: metadata.number('final_logit_softcapping'),
    sliding_window: metadata.number('attention.sliding_window'),
    sliding_window_pattern: metadata.number('attention.sliding_window_pattern'),
    layer_types: slides?.map((each) => (each ? 'sliding_attention' : 'full_attention')),
  };
}

/** Norms keep their weight itself, which Gemma has as its distance from 1. */
function gemmaChange(name: string): Change | undefined {
  return name.endsWith('norm.weight') ? fromOne : undefined;
}

/** d_k */
function headSize(metadata: Metadata): number | undefined {
  const [width, heads] = [metadata.number('embedding_length'), metadata.number('attention.head_count')];
  const shared = width === undefined || heads === undefined ? undefined : Math.floor(width / heads);
  return metadata.number('attention.key_length') ?? shared;
}

/** The share of a head's features that turn. */
function shareOf(metadata: Metadata): number | undefined {
  const [turning, size] = [metadata.number('rope.dimension_count'), headSize(metadata)];
  return turning === undefined || size === undefined ? 1 : turning / size;
}

function scaling(metadata: Metadata): Json | undefined {
  const type = metadata.setting('rope.scaling.type');
  const factor = metadata.number('rope.scaling.factor') ?? metadata.number('rope.scale_linear');
  const kind = type ?? (factor === undefined ? 'none' : 'linear');
  return kind === 'none' ? undefined : { rope_type: kind, ...(factor === undefined ? {} : { factor }) };
}
