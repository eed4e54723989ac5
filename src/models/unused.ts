import { quoted } from '../formats/untrusted.js';

/** Tensors that checkpoints hold beside what attention is computed from, by the ends of their names or the parts in them. */
const known: readonly RegExp[] = [
  // What is worked out anew: positions, masks, frequencies.
  /(?:^|\.)(?:position_ids|token_type_ids|masked_bias|inv_freq|version|_float_tensor)$/,
  /(?:^|\.)(?:attn|attention|crossattention)\.bias$/,
  /(?:^|\.)rotary_emb\.\w+$/,
  /(?:^|\.)embed_positions\.weights?$/,
  // T5's first checkpoints have a table that is never read.
  /EncDecAttention\.relative_attention_bias\.weight$/,
  // Copies under the names that tied weights have.
  /(?:^|\.)(?:embed_tokens|shared|lm_head|embed_out)\.weight$/,
  // What stands on top of the last layer, and does not change what attention does.
  /(?:^|\.)(?:pooler|classifier|pre_classifier|classification_head|qa_outputs|score|summary|v_head|value_head|multiple_choice_head)\./,
  /^(?:cls|lm_head|head|predictions|sop_classifier|seq_relationship|decoder\.bias$|decoder\.weight$)/,
  /^(?:vocab_transform|vocab_layer_norm|vocab_projector|vocab_outputs)\./,
  /^(?:generator_predictions|generator_lm_head|discriminator_predictions|sequence_summary)\./,
  /(?:^|\.)final_logits_bias$/,
  // Of models that read images: what stands for a hidden patch in training, and SigLIP’s pooling behind the last layer.
  /(?:^|\.)embeddings\.mask_token$/,
  /(?:^|\.)vision_model\.head\./,
  /^encoder\.head\./,
  // Of models that hear: what stands for a hidden moment in training, and what training alone compares with.
  /(?:^|\.)masked_spec_embed$/,
  /^(?:quantizer|project_q|project_hid)\./,
  // CLIP normalises the class token alone behind its last layer.
  /(?:^|\.)post_layernorm\./,
  // What reads images, of which only the text part is shown.
  /^(?:model\.)?(?:vision_tower|multi_modal_projector)\./,
];

const shownNames = 3;

/**
 * A sentence about tensors that nothing was computed from, of which transformers would say that it did not expect them.
 * @param unread the names of all that were not read
 * @returns undefined where all of them are known to be left out
 */
export function unusedNotice(unread: readonly string[]): string | undefined {
  const strange = unread.filter((name) => !known.some((form) => form.test(name)));
  if (strange.length === 0) return undefined;
  const some = strange.slice(0, shownNames).map(quoted).join(', ');
  const more = strange.length > shownNames ? ` and ${strange.length - shownNames} more` : '';
  const verb = strange.length === 1 ? 'tensor of the checkpoint is' : 'tensors of the checkpoint are';
  return `${strange.length} ${verb} not used: ${some}${more}. By its settings the model has no such part.`;
}
