import {
  describeGpt2,
  gpt2Attention,
  gpt2Embeddings,
  gpt2Layer,
  gpt2Norm,
  gpt2Weights,
} from '../causal/gpt2.js';
import { columns } from '../parts/weights.js';
import { sequenceStack, type SequenceLayer } from '../sequence/sequence-stack.js';
import { decoderAttention, memoryWidth, spoken, type CaptionDecoder } from './caption-decoder.js';

/** GPT-2 with a part between attention and feed-forward network in each layer that attends to an image. */
export const gpt2Decoder: CaptionDecoder = {
  modelTypes: ['gpt2'],
  title: 'GPT-2',

  describe(config) {
    const { layers, heads, width, limit, vocabulary, attention } = describeGpt2(config);
    return {
      layers,
      heads,
      width,
      limit,
      vocabulary,
      positions: 'embedded',
      attention: decoderAttention({ ...attention, mask: { kind: 'none' } }),
    };
  },

  build(checkpoint, tokens, memory, attention) {
    const { config } = checkpoint;
    const { layers, heads, width } = describeGpt2(config);
    const weights = gpt2Weights(checkpoint);
    const { ids, table, embeddings, feeds } = gpt2Embeddings(checkpoint, weights, tokens);
    const from = memoryWidth(checkpoint, memory, width);
    const layer = (at: number): SequenceLayer => {
      const own = gpt2Layer(config, weights, at, attention.decoder);
      const name = `h.${at}.crossattention`;
      const both = weights.upright(`${name}.c_attn`, from, 2 * width);
      return {
        self: { norm: own.attentionNorm, projections: own.projections, attention: own.attention },
        cross: {
          memory,
          norm: gpt2Norm(config, weights, `h.${at}.ln_cross_attn`),
          projections: {
            Q: weights.upright(`${name}.q_attn`, width, width),
            K: columns(both, { start: 0, end: width }),
            V: columns(both, { start: width, end: 2 * width }),
            output: weights.upright(`${name}.c_proj`, width, width),
            heads,
            groups: heads,
          },
          attention: gpt2Attention(config, at, attention.cross),
        },
        feedForward: { norm: own.feedForwardNorm, change: own.feedForward },
      };
    };
    const stack = sequenceStack(
      embeddings,
      'before',
      Array.from({ length: layers }, (_, at) => layer(at)),
      gpt2Norm(config, weights, 'ln_f'),
    );
    const last = stack.hiddenStates.at(-1) ?? embeddings; // (n, model)
    return { ids, feeds, ...stack, logits: spoken(checkpoint, last, table, 'lm_head') };
  },
};
