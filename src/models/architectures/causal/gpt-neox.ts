import { standardAttention, type Projection } from '../../../engine/mechanisms/index.js';
import { dropAxis, gather, insertAxis, mergeHeads, slice, splitHeads } from '../../../engine/ops/index.js';
import type { Value } from '../../../engine/graph.js';
import type { Config } from '../../config.js';
import type { Architecture, ArchitectureDescription } from '../architecture.js';
import { decoder, type DecoderLayer } from '../parts/decoder.js';
import { list, whole } from '../parts/inputs.js';
import { logitsOf } from '../parts/language-head.js';
import { grows, rotaryForm, rotaryRemarks, rotarySettings, type RotaryStandards } from '../parts/rotary.js';
import { activationOf, activations, checkHeads, checkTokens, limits } from '../parts/settings.js';
import { affine, Weights } from '../parts/weights.js';

/** GPT-NeoX: Black et al. 2022, and Pythia. Some features turn; attention and the rest run side by side. */
export const gptNeox: Architecture = {
  modelTypes: ['gpt_neox'],
  title: 'GPT-NeoX',
  describe,

  build(checkpoint, tokens, attention) {
    const { config } = checkpoint;
    const { layers, heads, width, limit, vocabulary } = describe(config);
    checkTokens(checkpoint, tokens, limit);
    const weights = new Weights(checkpoint, 'gpt_neox.', 'embed_in.weight');
    const epsilon = config.positive('layer_norm_eps', 1e-5);
    const inner = config.count('intermediate_size', limits.inner);
    const activation = activations[activationOf(config, 'hidden_act')];
    const size = width / heads;
    const rotary = rotaryForm(rotarySettings(config, defaults(size)), size, tokens);
    const parallel = config.flag('use_parallel_residual', true);
    const biased = config.flag('attention_bias', true);
    const linear = (name: string, from: number, to: number): Projection =>
      biased ? weights.linear(name, from, to) : weights.matrix(name, from, to);

    const layer = (at: number): DecoderLayer => {
      const name = `layers.${at}`;
      const before = weights.norm(`${name}.input_layernorm`, width);
      const between = weights.norm(`${name}.post_attention_layernorm`, width);
      const qkv = linear(`${name}.attention.query_key_value`, width, 3 * width);
      const up = weights.linear(`${name}.mlp.dense_h_to_4h`, width, inner);
      const down = weights.linear(`${name}.mlp.dense_4h_to_h`, inner, width);
      return {
        attentionNorm: (value) => before(value, epsilon),
        projections: {
          Q: third(qkv, heads, 0),
          K: third(qkv, heads, 1),
          V: third(qkv, heads, 2),
          output: linear(`${name}.attention.dense`, width, width),
          heads,
          groups: heads,
        },
        attention: { ...attention, rotary },
        feedForwardNorm: (value) => between(value, epsilon),
        feedForward: (value) => affine(activation(affine(value, up)), down), // (n, inner) → (n, model)
        parallel,
      };
    };

    const ids = whole('ids', 't', tokens); // (n)
    const table = weights.table('embed_in', vocabulary, width); // (vocabulary, model)
    const words = gather(table, ids); // (n, model)
    const last = weights.norm('final_layer_norm', width);
    const stack = decoder(
      words,
      Array.from({ length: layers }, (_, at) => layer(at)),
      (value) => last(value, epsilon),
    );
    return {
      ids,
      words,
      feeds: (numbers) => new Map([[ids, list(numbers)]]),
      ...stack,
      logits: logitsOf(checkpoint, stack.hiddenStates.at(-1), {
        table,
        tied: false,
        // Newer programs call it as all families do.
        name: checkpoint.has('embed_out.weight') ? 'embed_out' : 'lm_head',
      }),
    };
  },
};

/** Queries, keys and values lie side by side within each head: the columns of one of them. */
function third({ weight, bias }: Projection, heads: number, which: number): Projection {
  const part = (value: Value): Value => {
    const [, rows = 0, columns = 0] = splitHeads(value, heads).shape;
    const size = columns / 3;
    const box = [
      { start: 0, end: heads },
      { start: 0, end: rows },
      { start: which * size, end: (which + 1) * size },
    ];
    return mergeHeads(slice(splitHeads(value, heads), box)); // (rows, heads · size)
  };
  return {
    weight: part(weight), // (in, out)
    bias: bias && dropAxis(part(insertAxis(bias, 0)), 0), // (out)
  };
}

function defaults(size: number): RotaryStandards {
  return { size, share: 0.25, names: { base: 'rotary_emb_base', share: 'rotary_pct' } };
}

function describe(config: Config): ArchitectureDescription {
  const layers = config.count('num_hidden_layers', limits.layers);
  const heads = config.count('num_attention_heads', limits.heads);
  const width = config.count('hidden_size', limits.width);
  const positions = config.count('max_position_embeddings', limits.positions);
  checkHeads(config, width, heads);
  const standards = defaults(width / heads);
  const rotary = rotarySettings(config, standards);
  const { kind, factor } = rotary;
  return {
    layers,
    heads,
    width,
    limit: kind === 'dynamic' ? Math.floor(positions * factor) : positions,
    vocabulary: config.count('vocab_size', limits.vocabulary),
    attention: { ...standardAttention, mask: { kind: 'causal' } },
    positions: 'rotary',
    growing: grows(rotary, positions),
    remarks: rotaryRemarks(config, standards),
  };
}
