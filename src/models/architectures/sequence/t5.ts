import type { Value } from '../../../engine/graph.js';
import { standardAttention, type AttendParameters } from '../../../engine/mechanisms/index.js';
import { gather, multiply, scale } from '../../../engine/ops/index.js';
import type { Tensor } from '../../../engine/tensor.js';
import type { Checkpoint } from '../../checkpoint.js';
import type { Config } from '../../config.js';
import type { Architecture, ArchitectureDescription, DecoderGraph } from '../architecture.js';
import { checkedRule } from '../parts/buckets.js';
import { list, whole } from '../parts/inputs.js';
import { logitsOf } from '../parts/language-head.js';
import { sequenceStack, type AttentionPart, type SequenceLayer } from './sequence-stack.js';
import { activations, checkTokens, isActivation, limits, type Activation } from '../parts/settings.js';
import { affine, Weights } from '../parts/weights.js';

/** Distances have buckets, so that there is no last position; n² scores have to be somewhere, though. */
const limit = 4096;

/** How a family of T5’s kind differs from T5 itself. */
export interface T5Variant {
  /** Whether hidden states are scaled down before they are compared with words. */
  scalesOutput(config: Config): boolean;
}

/** T5: Raffel et al. 2020; versions 1.1 and Flan as well. */
export const t5 = t5Family('t5', 'T5', {
  scalesOutput: (config) =>
    config.says('scale_decoder_outputs')
      ? config.flag('scale_decoder_outputs')
      : config.flag('tie_word_embeddings', true),
});

export function t5Family(modelType: string, title: string, variant: T5Variant): Architecture {
  return {
    modelTypes: [modelType],
    title,
    describe,

    build(checkpoint, tokens, attention) {
      const { config } = checkpoint;
      const half = new Half(checkpoint, 'encoder', tokens);
      const { layers } = describe(config);
      const stack = sequenceStack(
        half.words,
        'before',
        Array.from({ length: layers }, (_, at) => half.layer(at, attention)),
        half.norm('encoder.final_layer_norm'),
      );
      const { ids, words, feeds } = half;
      return { ids, words, feeds, layers: stack.layers, hiddenStates: stack.hiddenStates };
    },

    decoder: {
      isIn: (checkpoint) => checkpoint.has('decoder.final_layer_norm.weight'),

      build(checkpoint, tokens, memory, attention): DecoderGraph {
        const { config } = checkpoint;
        const half = new Half(checkpoint, 'decoder', tokens);
        const { decoder, width } = describe(config);
        const layer = (at: number): SequenceLayer => ({
          ...half.layer(at, attention.decoder),
          cross: {
            ...half.attention(`decoder.block.${at}.layer.1`, 'EncDecAttention', attention.cross),
            memory,
          },
        });
        const stack = sequenceStack(
          half.words,
          'before',
          Array.from({ length: decoder?.layers ?? 0 }, (_, at) => layer(at)),
          half.norm('decoder.final_layer_norm'),
        );
        const hidden = stack.hiddenStates.at(-1) ?? half.words; // (n, model)
        const said = variant.scalesOutput(config) ? scale(hidden, width ** -0.5, 'd^{-1/2}') : hidden; // (n, model)
        const { ids, feeds } = half;
        const table = half.spoken(); // (vocabulary, model)
        // T5Config ties what is not there, and takes an untied configuration for the sign that nothing is scaled.
        const logits = logitsOf(checkpoint, said, { table, tied: true, always: true }); // (n, vocabulary)
        return { ids, feeds, ...stack, logits };
      },
    },
  };
}

/** What encoder and decoder have in common. */
class Half {
  readonly ids: Value;
  /** The vectors that words are read with. // (vocabulary, model) */
  private readonly table: Value;
  /** (n, model) */
  readonly words: Value;
  private readonly weights: Weights;
  private readonly config: Config;
  private readonly heads: number;
  private readonly width: number;
  private readonly epsilon: number;

  constructor(
    checkpoint: Checkpoint,
    private readonly side: 'encoder' | 'decoder',
    tokens: number,
  ) {
    this.config = checkpoint.config;
    const { heads, width, vocabulary } = describe(this.config);
    checkTokens(checkpoint, tokens, limit);
    this.heads = heads;
    this.width = width;
    this.epsilon = this.config.positive('layer_norm_epsilon', 1e-6);
    this.weights = new Weights(checkpoint, '', 'shared.weight');
    this.ids = whole(side === 'encoder' ? 'ids' : 'previous', side === 'encoder' ? 't' : 'p', tokens); // (n)
    this.table = this.weights.table(this.weights.wordTable(side), vocabulary, width); // (vocabulary, model)
    this.words = gather(this.table, this.ids); // (n, model)
  }

  readonly feeds = (ids: readonly number[]): ReadonlyMap<Value, Tensor> => new Map([[this.ids, list(ids)]]);

  /** The vectors that words are said with. // (vocabulary, model) */
  spoken(): Value {
    const { weights, side } = this;
    const name = weights.wordTable('head');
    if (name === weights.wordTable(side)) return this.table;
    return weights.table(name, describe(this.config).vocabulary, this.width);
  }

  norm(name: string): (value: Value) => Value {
    return this.weights.rmsNorm(name, this.width, this.epsilon);
  }

  /** Without attention to a source. @param attention without the bias, which comes from the first layer for all */
  layer(at: number, attention: AttendParameters): SequenceLayer {
    const { config, side, heads, weights } = this;
    const block = `${side}.block.${at}.layer`;
    const buckets = config.count('relative_attention_num_buckets', limits.heads, 32);
    const rule = checkedRule(config, {
      buckets,
      maximum: config.count('relative_attention_max_distance', limits.positions, 128),
      bidirectional: side === 'encoder',
    });
    const table = weights.table(
      `${side}.block.0.layer.0.SelfAttention.relative_attention_bias`,
      buckets,
      heads,
    ); // (bucket, head)
    const own: AttendParameters = { ...attention, bias: { kind: 't5', table, rule } };
    const last = side === 'encoder' ? 1 : 2;
    return {
      self: this.attention(`${block}.0`, 'SelfAttention', own),
      feedForward: { norm: this.norm(`${block}.${last}.layer_norm`), change: this.inner(`${block}.${last}`) },
    };
  }

  attention(
    part: string,
    name: 'SelfAttention' | 'EncDecAttention',
    attention: AttendParameters,
  ): AttentionPart {
    const { config, heads, width, weights } = this;
    const all = heads * sizeOf(config, width, heads);
    const from = (letter: string): ReturnType<Weights['matrix']> =>
      weights.matrix(`${part}.${name}.${letter}`, width, all);
    return {
      norm: this.norm(`${part}.layer_norm`),
      projections: {
        Q: from('q'),
        K: from('k'),
        V: from('v'),
        output: weights.matrix(`${part}.${name}.o`, all, width),
        heads,
        groups: heads,
      },
      attention,
    };
  }

  /** The feed-forward network, gated or not (Shazeer 2020). */
  private inner(part: string): (value: Value) => Value {
    const { config, weights, width } = this;
    const size = config.count('d_ff', limits.inner, 2048);
    const name = `${part}.DenseReluDense`;
    const said = config.choice('feed_forward_proj', kinds, 'relu');
    const [gated, kind] = kindOf(said);
    const down = weights.matrix(`${name}.wo`, size, width);
    if (!gated) {
      const up = weights.matrix(`${name}.wi`, width, size);
      return (value) => affine(activations[kind](affine(value, up)), down); // (n, inner) → (n, model)
    }
    const activation = activations[kind];
    const gate = weights.matrix(`${name}.wi_0`, width, size);
    const up = weights.matrix(`${name}.wi_1`, width, size);
    return (value) => affine(multiply(activation(affine(value, gate)), affine(value, up)), down); // (n, inner) → (n, model)
  }
}

const plainKinds = Object.keys(activations).filter(isActivation);
const kinds = [...plainKinds, ...plainKinds.map((kind) => `gated-${kind}` as const)];

/** "gated-gelu" means the tanh form, as its first code had it. */
function kindOf(said: (typeof kinds)[number]): readonly [gated: boolean, kind: Activation] {
  if (said === 'gated-gelu') return [true, 'gelu_new'];
  const kind = said.replace(/^gated-/, '');
  return [said !== kind, isActivation(kind) ? kind : 'relu'];
}

function sizeOf(config: Config, width: number, heads: number): number {
  return config.count('d_kv', limits.width, Math.floor(width / heads));
}

function describe(config: Config): ArchitectureDescription {
  const layers = config.count('num_layers', limits.layers);
  const heads = config.count('num_heads', limits.heads);
  const width = config.count('d_model', limits.width);
  const vocabulary = config.count('vocab_size', limits.vocabulary);
  // Weights are initialised so that scores need no division.
  const unscaled: AttendParameters = { ...standardAttention, scaling: 'none' };
  return {
    layers,
    heads,
    width,
    limit,
    vocabulary,
    attention: unscaled,
    positions: 'bias',
    decoder: {
      layers: config.count('num_decoder_layers', limits.layers, layers),
      heads,
      vocabulary,
      limit,
      attention: { decoder: { ...unscaled, mask: { kind: 'causal' } }, cross: unscaled },
    },
  };
}
