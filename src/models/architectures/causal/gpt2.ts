import { standardAttention, type AttendParameters } from '../../../engine/mechanisms/index.js';
import { add, gather } from '../../../engine/ops/index.js';
import type { Config } from '../../config.js';
import type { Architecture, ArchitectureDescription } from '../architecture.js';
import { decoder, type DecoderLayer } from '../parts/decoder.js';
import { list, whole } from '../parts/inputs.js';
import { logitsOf } from '../parts/language-head.js';
import { activationOf, activations, checkHeads, checkTokens, limits } from '../parts/settings.js';
import { affine, columns, Weights } from '../parts/weights.js';

/** GPT-2: Radford et al. 2019. Learned positions, norms before each part, queries, keys and values in one weight. */
export const gpt2: Architecture = {
  modelTypes: ['gpt2'],
  title: 'GPT-2',
  describe,

  build(checkpoint, tokens, attention) {
    const { config } = checkpoint;
    const { layers, heads, width, limit, vocabulary } = describe(config);
    checkTokens(checkpoint, tokens, limit);
    const weights = new Weights(checkpoint, 'transformer.', 'wte.weight');
    const epsilon = config.positive('layer_norm_epsilon', 1e-5);
    const inner = config.count('n_inner', limits.inner, 4 * width);
    const activation = activations[activationOf(config, 'activation_function', 'gelu_new')];
    const byLayer = config.flag('scale_attn_by_inverse_layer_idx');

    const layer = (at: number): DecoderLayer => {
      const name = `h.${at}`;
      const qkv = weights.upright(`${name}.attn.c_attn`, width, 3 * width);
      const up = weights.upright(`${name}.mlp.c_fc`, width, inner);
      const down = weights.upright(`${name}.mlp.c_proj`, inner, width);
      const [before, between] = [1, 2].map((norm) => weights.norm(`${name}.ln_${norm}`, width));
      return {
        attentionNorm: (value) => before?.(value, epsilon) ?? value,
        projections: {
          Q: columns(qkv, { start: 0, end: width }),
          K: columns(qkv, { start: width, end: 2 * width }),
          V: columns(qkv, { start: 2 * width, end: 3 * width }),
          output: weights.upright(`${name}.attn.c_proj`, width, width),
          heads,
          groups: heads,
        },
        attention: byLayer ? dividedBy(at + 1, attention, width / heads) : attention,
        feedForwardNorm: (value) => between?.(value, epsilon) ?? value,
        feedForward: (value) => affine(activation(affine(value, up)), down), // (n, inner) → (n, model)
      };
    };

    const ids = whole('ids', 't', tokens); // (n)
    const positions = whole('position_ids', 'p', tokens); // (n)
    const table = weights.table('wte', vocabulary, width); // (vocabulary, model)
    const words = gather(table, ids); // (n, model)
    const embeddings = add(words, gather(weights.table('wpe', limit, width), positions)); // (n, model)
    const last = weights.norm('ln_f', width);
    const stack = decoder(
      embeddings,
      Array.from({ length: layers }, (_, at) => layer(at)),
      (value) => last(value, epsilon),
    );
    return {
      ids,
      words,
      feeds: (numbers) =>
        new Map([
          [ids, list(numbers)],
          [positions, list(numbers.map((_, at) => at))],
        ]),
      ...stack,
      logits: logitsOf(checkpoint, stack.hiddenStates.at(-1), { table, tied: true }),
    };
  },
};

/** Scores of a layer are divided by its number, from 1, as well. */
function dividedBy(number: number, attention: AttendParameters, size: number): AttendParameters {
  const { scaling } = attention;
  const own = scaling === 'sqrt' ? Math.sqrt(size) : scaling === 'none' ? 1 : scaling;
  return { ...attention, scaling: own * number };
}

function describe(config: Config): ArchitectureDescription {
  const layers = config.count('n_layer', limits.layers);
  const heads = config.count('n_head', limits.heads);
  const width = config.count('n_embd', limits.width);
  const limit = config.count('n_positions', limits.positions);
  checkHeads(config, width, heads);
  return {
    layers,
    heads,
    width,
    limit,
    vocabulary: config.count('vocab_size', limits.vocabulary),
    attention: {
      ...standardAttention,
      scaling: config.flag('scale_attn_weights', true) ? 'sqrt' : 'none',
      mask: { kind: 'causal' },
    },
    positions: 'embedded',
  };
}
