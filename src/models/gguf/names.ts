import type { GgufFamily } from './families.js';

/** What the metadata calls a setting that config.json has under another name. */
const settings: Readonly<Record<string, string>> = {
  num_hidden_layers: 'block_count',
  n_layer: 'block_count',
  hidden_size: 'embedding_length',
  n_embd: 'embedding_length',
  intermediate_size: 'feed_forward_length',
  n_inner: 'feed_forward_length',
  num_attention_heads: 'attention.head_count',
  n_head: 'attention.head_count',
  num_key_value_heads: 'attention.head_count_kv',
  head_dim: 'attention.key_length',
  max_position_embeddings: 'context_length',
  n_positions: 'context_length',
  rope_theta: 'rope.freq_base',
  rotary_emb_base: 'rope.freq_base',
  rope_type: 'rope.scaling.type',
  factor: 'rope.scaling.factor',
  rope_local_base_freq: 'rope.freq_base_swa',
  partial_rotary_factor: 'rope.dimension_count',
  rotary_pct: 'rope.dimension_count',
  rms_norm_eps: 'attention.layer_norm_rms_epsilon',
  layer_norm_eps: 'attention.layer_norm_epsilon',
  layer_norm_epsilon: 'attention.layer_norm_epsilon',
  sliding_window: 'attention.sliding_window',
  sliding_window_pattern: 'attention.sliding_window_pattern',
  layer_types: 'attention.sliding_window_pattern',
  attn_logit_softcapping: 'attn_logit_softcapping',
  final_logit_softcapping: 'final_logit_softcapping',
  use_parallel_residual: 'use_parallel_residual',
};

/** "num_hidden_layers" → "llama.block_count" */
export function settingIn(architecture: string, name: string): string {
  const own = Object.hasOwn(settings, name) ? settings[name] : undefined;
  return own === undefined ? name : `${architecture}.${own}`;
}

/** "layers.1.mlp.gate_proj.weight" → "blk.1.ffn_gate.weight"; a name that no tensor of the file stands for stays. */
export function tensorIn({ names, layer }: GgufFamily, name: string): string {
  const [, stem = name, ending = ''] = /^(.*?)(\.(?:weight|bias))?$/.exec(name) ?? [];
  const inLayer = stem.startsWith(layer) ? /^(\d+)\.(.*)$/.exec(stem.slice(layer.length)) : null;
  const [, number, own] = inLayer ?? [];
  const wanted = own === undefined ? stem : `layer.${own}`;
  const found = Object.entries(names).find(([, each]) => each === wanted)?.[0];
  if (found === undefined) return name;
  return (number === undefined ? found : `blk.${number}.${found}`) + ending;
}
