/** What several weights of Hugging Face's are one variable of CTranslate2's: rows of each behind those of the one before. */
interface Joined {
  readonly variable: string;
  /** One after another, each with as many rows. */
  readonly parts: readonly string[];
  /** Parts that have no bias; what stands in its place are zeros. */
  readonly unbiased?: string;
}

const selfAttention: readonly Joined[] = [
  {
    variable: 'self_attention/linear_0',
    parts: ['self_attn.q_proj', 'self_attn.k_proj', 'self_attn.v_proj'],
    unbiased: 'self_attn.k_proj',
  },
  { variable: 'self_attention/linear_1', parts: ['self_attn.out_proj'] },
  { variable: 'self_attention/layer_norm', parts: ['self_attn_layer_norm'] },
];

const crossAttention: readonly Joined[] = [
  { variable: 'attention/linear_0', parts: ['encoder_attn.q_proj'] },
  {
    variable: 'attention/linear_1',
    parts: ['encoder_attn.k_proj', 'encoder_attn.v_proj'],
    unbiased: 'encoder_attn.k_proj',
  },
  { variable: 'attention/linear_2', parts: ['encoder_attn.out_proj'] },
  { variable: 'attention/layer_norm', parts: ['encoder_attn_layer_norm'] },
];

const feedForward: readonly Joined[] = [
  { variable: 'ffn/linear_0', parts: ['fc1'] },
  { variable: 'ffn/linear_1', parts: ['fc2'] },
  { variable: 'ffn/layer_norm', parts: ['final_layer_norm'] },
];

const outside: readonly Joined[] = [
  { variable: 'encoder/conv1', parts: ['encoder.conv1'] },
  { variable: 'encoder/conv2', parts: ['encoder.conv2'] },
  { variable: 'encoder/position_encodings', parts: ['encoder.embed_positions'] },
  { variable: 'encoder/layer_norm', parts: ['encoder.layer_norm'] },
  { variable: 'decoder/embeddings', parts: ['decoder.embed_tokens'] },
  { variable: 'decoder/position_encodings', parts: ['decoder.embed_positions'] },
  { variable: 'decoder/layer_norm', parts: ['decoder.layer_norm'] },
];

/** The last part of a variable's name → a weight's. */
const endings: Readonly<Record<string, string>> = {
  weight: 'weight',
  bias: 'bias',
  gamma: 'weight',
  beta: 'bias',
  encodings: 'weight',
};

/** A weight, and which of how many parts of a variable it is. */
export interface Part {
  readonly name: string;
  readonly part: number;
  readonly of: number;
}

/** The weights that a variable holds, under Hugging Face's names; none for what is no weight of a Whisper's. */
export function partsOf(variable: string): readonly Part[] {
  const [, side = '', index, own = variable] = /^(?:(en|de)coder\/layer_(\d+)\/)?(.*)$/.exec(variable) ?? [];
  const known =
    index === undefined
      ? outside
      : [...selfAttention, ...(side === 'de' ? crossAttention : []), ...feedForward];
  const slash = own.lastIndexOf('/');
  const [stem, last] = [own.slice(0, slash), own.slice(slash + 1)];
  const found = known.find((each) => each.variable === stem);
  const ending = Object.hasOwn(endings, last) ? endings[last] : undefined;
  if (found === undefined || ending === undefined) return [];
  const before = index === undefined ? 'model.' : `model.${side}coder.layers.${index}.`;
  return found.parts.flatMap((name, part) =>
    ending === 'bias' && name === found.unbiased
      ? []
      : [{ name: `${before}${name}.${ending}`, part, of: found.parts.length }],
  );
}
