/** Whether a file is called like one of OpenAI's models: "tiny.en.pt", "large-v3-turbo.pt". */
export function isOpenAiName(file: string): boolean {
  return /^(?:(?:tiny|base|small|medium)(?:\.en)?|large(?:-v\d)?(?:-turbo)?|turbo)\.pt$/i.test(file);
}

/** What the weights lie under. */
export const state = 'model_state_dict.';

/** OpenAI's settings (`ModelDimensions`) → config.json's. */
export const dimensions: Readonly<Record<string, string>> = {
  n_mels: 'num_mel_bins',
  n_audio_ctx: 'max_source_positions',
  n_audio_state: 'd_model',
  n_audio_head: 'encoder_attention_heads',
  n_audio_layer: 'encoder_layers',
  n_vocab: 'vocab_size',
  n_text_ctx: 'max_target_positions',
  // In config.json both halves are as wide.
  n_text_state: 'text_width',
  n_text_head: 'decoder_attention_heads',
  n_text_layer: 'decoder_layers',
};

/** Parts of a layer: OpenAI's name → Hugging Face's; the reverse of transformers' convert_openai_to_hf.py. */
const parts: readonly (readonly [string, string])[] = [
  ['attn.query', 'self_attn.q_proj'],
  ['attn.key', 'self_attn.k_proj'],
  ['attn.value', 'self_attn.v_proj'],
  ['attn.out', 'self_attn.out_proj'],
  ['attn_ln', 'self_attn_layer_norm'],
  ['cross_attn.query', 'encoder_attn.q_proj'],
  ['cross_attn.key', 'encoder_attn.k_proj'],
  ['cross_attn.value', 'encoder_attn.v_proj'],
  ['cross_attn.out', 'encoder_attn.out_proj'],
  ['cross_attn_ln', 'encoder_attn_layer_norm'],
  ['mlp.0', 'fc1'],
  ['mlp.2', 'fc2'],
  ['mlp_ln', 'final_layer_norm'],
];

/** What stands outside of layers. */
const others: readonly (readonly [string, string])[] = [
  ['encoder.conv1', 'encoder.conv1'],
  ['encoder.conv2', 'encoder.conv2'],
  ['encoder.positional_embedding', 'encoder.embed_positions.weight'],
  ['encoder.ln_post', 'encoder.layer_norm'],
  ['decoder.token_embedding', 'decoder.embed_tokens'],
  ['decoder.positional_embedding', 'decoder.embed_positions.weight'],
  ['decoder.ln', 'decoder.layer_norm'],
];

/** "model_state_dict.encoder.blocks.0.attn.query.weight" → "model.encoder.layers.0.self_attn.q_proj.weight" */
export function nameOf(name: string): string {
  const own = name.startsWith(state) ? name.slice(state.length) : name;
  return `model.${translated(own, ['blocks', 'layers'], 0, 1)}`;
}

/** The reverse of `nameOf`, without what the weights lie under. */
export function originalName(name: string): string {
  return translated(name.replace(/^model\./, ''), ['layers', 'blocks'], 1, 0);
}

function translated(
  name: string,
  [block, renamed]: readonly [string, string],
  from: 0 | 1,
  to: 0 | 1,
): string {
  const layer = new RegExp(`^((?:en|de)coder)\\.${block}\\.(\\d+)\\.`).exec(name);
  const [whole = '', side = '', index = ''] = layer ?? [];
  const own = name.slice(whole.length);
  const found = (layer === null ? others : parts).find(
    (each) => own === each[from] || own.startsWith(`${each[from]}.`),
  );
  if (found === undefined) return name;
  const rest = own.slice(found[from].length);
  return `${layer === null ? '' : `${side}.${renamed}.${index}.`}${found[to]}${rest}`;
}
