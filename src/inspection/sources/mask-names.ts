/** What ones and zeros under a name mean to those who use it; undefined where makers differ. */
export interface MaskName {
  readonly pattern: RegExp;
  readonly input: 'mask' | 'padding';
  readonly ones?: 'keep' | 'drop';
  readonly because: string;
  readonly perSequence?: boolean;
  /** Whether PyTorch takes it as an argument, and adds it where it is of floating point. */
  readonly addsFloats?: boolean;
}

const maskNames: readonly MaskName[] = [
  {
    pattern: /^(src|tgt|memory|encoder|decoder|self_attn)?_?key_padding_mask$/,
    input: 'padding',
    ones: 'drop',
    because: 'as PyTorch’s nn.MultiheadAttention and nn.Transformer have a key_padding_mask',
    perSequence: true,
    addsFloats: true,
  },
  {
    pattern: /^(encoder|decoder)_padding_mask$/,
    input: 'padding',
    ones: 'drop',
    because: 'as fairseq has it',
    perSequence: true,
  },
  {
    pattern: /^((encoder|decoder|cross)_)?attention_mask$/,
    input: 'mask',
    ones: 'keep',
    because: 'as transformers’ attention_mask',
    perSequence: true,
  },
  { pattern: /^keep(_mask)?$/, input: 'mask', ones: 'keep', because: 'as its name says' },
  {
    pattern: /^padding$/,
    input: 'padding',
    ones: 'keep',
    because: 'a padding mask has 1 for a real key here',
    perSequence: true,
  },
  { pattern: /^padding_?mask$/, input: 'padding', because: '', perSequence: true },
  {
    pattern: /^memory_mask$/,
    input: 'mask',
    ones: 'drop',
    because: 'as PyTorch’s nn.Transformer has it',
    addsFloats: true,
  },
  // nn.Transformer leaves out what is True in these, the Annotated Transformer what is 0.
  { pattern: /^(src|tgt)_mask$/, input: 'mask', because: '', addsFloats: true },
  { pattern: /^(m|mask|attn_?mask|bias_mask)$/, input: 'mask', because: '', addsFloats: true },
  { pattern: /^causal_?mask$/, input: 'mask', because: '' },
];

/** The last part of a name: "decoder.self_attn.attn_mask" → "attn_mask". */
function tailOf(name: string): string {
  return (
    name
      .toLowerCase()
      .split(/[./:\s-]+/)
      .at(-1) ?? ''
  );
}

/** What is known of a mask's name; undefined for one that is in no list. */
export function maskNamed(name: string): MaskName | undefined {
  return maskNames.find(({ pattern }) => pattern.test(tailOf(name)));
}

/** Whether a name speaks of a mask, whosever it is: "extended_attention_mask", "pad_mask". One for heads or tokens is no mask of keys. */
export function speaksOfMask(name: string): boolean {
  const words = tailOf(name).split('_');
  if (words.some((word) => /^(heads?|tokens?|lm|loss|labels?|embeddings?)$/.test(word))) return false;
  return words.some((word) => /mask(s|ed)?$/.test(word));
}

/** Whether a matrix under this name has a row for each sequence of a batch, and not for each query. */
export function isPerSequence(name: string): boolean {
  const known = maskNamed(name);
  return known === undefined ? /pad/.test(tailOf(name)) : known.perSequence === true;
}
