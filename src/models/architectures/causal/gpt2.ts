import { standardAttention, type AttendParameters } from '../../../engine/mechanisms/index.js';
import type { Value } from '../../../engine/graph.js';
import { add, gather } from '../../../engine/ops/index.js';
import type { Checkpoint } from '../../checkpoint.js';
import type { Config } from '../../config.js';
import type { Architecture, ArchitectureDescription, ModelGraph } from '../architecture.js';
import { decoder, type Change, type DecoderLayer } from '../parts/decoder.js';
import { list, whole } from '../parts/inputs.js';
import { logitsOf } from '../parts/language-head.js';
import { activationOf, activations, checkHeads, checkTokens, limits } from '../parts/settings.js';
import { affine, columns, Weights } from '../parts/weights.js';

/** GPT-2: Radford et al. 2019. Learned positions, norms before each part, queries, keys and values in one weight. */
export const gpt2: Architecture = {
  modelTypes: ['gpt2'],
  title: 'GPT-2',
  describe: describeGpt2,

  build(checkpoint, tokens, attention) {
    const { layers } = describeGpt2(checkpoint.config);
    const weights = gpt2Weights(checkpoint);
    const { ids, words, table, embeddings, feeds } = gpt2Embeddings(checkpoint, weights, tokens);
    const stack = decoder(
      embeddings,
      Array.from({ length: layers }, (_, at) => gpt2Layer(checkpoint.config, weights, at, attention)),
      gpt2Norm(checkpoint.config, weights, 'ln_f'),
    );
    const logits = logitsOf(checkpoint, stack.hiddenStates.at(-1), { table, tied: true });
    return { ids, words, feeds, ...stack, logits };
  },
};

export function gpt2Weights(checkpoint: Checkpoint): Weights {
  return new Weights(checkpoint, 'transformer.', 'wte.weight');
}

/** Words and learned positions. @throws ModelError */
export function gpt2Embeddings(
  checkpoint: Checkpoint,
  weights: Weights,
  tokens: number,
): Pick<ModelGraph, 'feeds' | 'ids' | 'words'> & { readonly table: Value; readonly embeddings: Value } {
  const { width, limit, vocabulary } = describeGpt2(checkpoint.config);
  checkTokens(checkpoint, tokens, limit);
  const ids = whole('ids', 't', tokens); // (n)
  const positions = whole('position_ids', 'p', tokens); // (n)
  const table = weights.table('wte', vocabulary, width); // (vocabulary, model)
  const words = gather(table, ids); // (n, model)
  return {
    ids,
    words,
    table,
    embeddings: add(words, gather(weights.table('wpe', limit, width), positions)), // (n, model)
    feeds: (numbers) =>
      new Map([
        [ids, list(numbers)],
        [positions, list(numbers.map((_, at) => at))],
      ]),
  };
}

/** One layer, without attention to anything else than the text itself. @throws ModelError */
export function gpt2Layer(
  config: Config,
  weights: Weights,
  at: number,
  attention: AttendParameters,
): DecoderLayer & { readonly attentionNorm: Change } {
  const { heads, width } = describeGpt2(config);
  const inner = config.count('n_inner', limits.inner, 4 * width);
  const activation = activations[activationOf(config, 'activation_function', 'gelu_new')];
  const name = `h.${at}`;
  const qkv = weights.upright(`${name}.attn.c_attn`, width, 3 * width);
  const up = weights.upright(`${name}.mlp.c_fc`, width, inner);
  const down = weights.upright(`${name}.mlp.c_proj`, inner, width);
  return {
    attentionNorm: gpt2Norm(config, weights, `${name}.ln_1`),
    projections: {
      Q: columns(qkv, { start: 0, end: width }),
      K: columns(qkv, { start: width, end: 2 * width }),
      V: columns(qkv, { start: 2 * width, end: 3 * width }),
      output: weights.upright(`${name}.attn.c_proj`, width, width),
      heads,
      groups: heads,
    },
    attention: gpt2Attention(config, at, attention),
    feedForwardNorm: gpt2Norm(config, weights, `${name}.ln_2`),
    feedForward: (value) => affine(activation(affine(value, up)), down), // (n, inner) → (n, model)
  };
}

export function gpt2Norm(config: Config, weights: Weights, name: string): Change {
  const norm = weights.norm(name, describeGpt2(config).width);
  const epsilon = config.positive('layer_norm_epsilon', 1e-5);
  return (value) => norm(value, epsilon);
}

/** As a layer has it: its scores may be divided by its number as well. */
export function gpt2Attention(config: Config, at: number, attention: AttendParameters): AttendParameters {
  const { width, heads } = describeGpt2(config);
  return config.flag('scale_attn_by_inverse_layer_idx')
    ? dividedBy(at + 1, attention, width / heads)
    : attention;
}

/** Scores of a layer are divided by its number, from 1, as well. */
function dividedBy(number: number, attention: AttendParameters, size: number): AttendParameters {
  const { scaling } = attention;
  const own = scaling === 'sqrt' ? Math.sqrt(size) : scaling === 'none' ? 1 : scaling;
  return { ...attention, scaling: own * number };
}

/** @throws ModelError */
export function describeGpt2(config: Config): ArchitectureDescription {
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
