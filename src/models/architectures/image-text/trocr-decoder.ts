import { input, label, type Value } from '../../../engine/graph.js';
import { add, gather, scale } from '../../../engine/ops/index.js';
import type { Config } from '../../config.js';
import type { Change } from '../parts/decoder.js';
import { list, whole } from '../parts/inputs.js';
import { activationOf, activations, checkHeads, checkTokens, limits } from '../parts/settings.js';
import { affine, Weights } from '../parts/weights.js';
import { behindPadding } from '../sequence/m2m100.js';
import { sequenceStack, type AttentionPart, type SequenceLayer } from '../sequence/sequence-stack.js';
import {
  decoderAttention,
  memoryWidth,
  spoken,
  type CaptionDecoder,
  type CaptionDecoderDescription,
} from './caption-decoder.js';

/** Rows of the table of learned positions before the first that is used. */
const firstPosition = 2;

/** The half of TrOCR that writes: Li et al. 2023, BART's decoder with an image to attend to. */
export const trocrDecoder: CaptionDecoder = {
  modelTypes: ['trocr'],
  title: 'TrOCR',
  describe,

  build(checkpoint, tokens, memory, attention) {
    const { config } = checkpoint;
    const { layers, heads, width, limit, vocabulary, sourceWidth = width } = describe(config);
    checkTokens(checkpoint, tokens, limit);
    const weights = new Weights(checkpoint, 'model.decoder.', 'embed_tokens.weight');
    const from = memoryWidth(checkpoint, memory, sourceWidth);
    const inner = config.count('decoder_ffn_dim', limits.inner);
    const activation = activations[activationOf(config, 'activation_function')];
    const norm = (name: string): Change => {
      const own = weights.norm(name, width);
      return (value) => own(value, 1e-5);
    };
    const part = (name: string, source: number, attend: AttentionPart['attention']): AttentionPart => ({
      norm: norm(`${name}_layer_norm`),
      projections: {
        Q: weights.linear(`${name}.q_proj`, width, width),
        K: weights.linear(`${name}.k_proj`, source, width),
        V: weights.linear(`${name}.v_proj`, source, width),
        output: weights.linear(`${name}.out_proj`, width, width),
        heads,
        groups: heads,
      },
      attention: attend,
    });
    const layer = (at: number): SequenceLayer => {
      const name = `layers.${at}`;
      const up = weights.linear(`${name}.fc1`, width, inner);
      const down = weights.linear(`${name}.fc2`, inner, width);
      return {
        self: part(`${name}.self_attn`, width, attention.decoder),
        cross: { ...part(`${name}.encoder_attn`, from, attention.cross), memory },
        feedForward: {
          norm: norm(`${name}.final_layer_norm`),
          change: (value) => affine(activation(affine(value, up)), down), // (n, inner) → (n, model)
        },
      };
    };

    const ids = whole('previous', 'p', tokens); // (n)
    const table = weights.table('embed_tokens', vocabulary, width); // (vocabulary, model)
    const read = gather(table, ids); // (n, model)
    const words = config.flag('scale_embedding') ? scale(read, Math.sqrt(width), '\\sqrt{d}') : read; // (n, model)
    const isLearned = config.flag('use_learned_position_embeddings', true);
    const positions = isLearned
      ? whole('target_positions', 'q', tokens) // (n)
      : label(input([tokens, width]), { name: 'target_positions', symbol: 'P', axes: ['query', 'model'] });
    const placed = isLearned
      ? gather(weights.table('embed_positions', limit + firstPosition, width), positions)
      : positions; // (n, model)
    const sum = add(words, placed); // (n, model)
    const stack = sequenceStack(
      config.flag('layernorm_embedding', true) ? norm('layernorm_embedding')(sum) : sum,
      'after',
      Array.from({ length: layers }, (_, at) => layer(at)),
    );
    const last: Value = stack.hiddenStates.at(-1) ?? sum; // (n, model)
    return {
      ids,
      feeds: (numbers) =>
        new Map([
          [ids, list(numbers)],
          [
            positions,
            isLearned
              ? list(numbers.map((_, at) => at + firstPosition))
              : behindPadding(config, numbers, width),
          ],
        ]),
      ...stack,
      logits: spoken(checkpoint, last, table, 'output_projection'),
    };
  },
};

/** @throws ModelError */
function describe(config: Config): CaptionDecoderDescription {
  const width = config.count('d_model', limits.width);
  const heads = config.count('decoder_attention_heads', limits.heads);
  checkHeads(config, width, heads);
  return {
    layers: config.count('decoder_layers', limits.layers),
    positions: 'embedded',
    heads,
    width,
    limit: config.count('max_position_embeddings', limits.positions),
    vocabulary: config.count('vocab_size', limits.vocabulary),
    attention: decoderAttention(),
    ...(config.says('cross_attention_hidden_size')
      ? { sourceWidth: config.count('cross_attention_hidden_size', limits.width) }
      : {}),
  };
}
