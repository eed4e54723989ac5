import type { Value } from '../../../engine/graph.js';
import { input, label } from '../../../engine/graph.js';
import { standardAttention, type AttendParameters } from '../../../engine/mechanisms/index.js';
import { add, dropAxis, gather, scale } from '../../../engine/ops/index.js';
import type { Tensor } from '../../../engine/tensor.js';
import type { Checkpoint } from '../../checkpoint.js';
import type { Config } from '../../config.js';
import type { Architecture, ArchitectureDescription, DecoderGraph } from '../architecture.js';
import type { Change } from '../parts/decoder.js';
import { list, whole } from '../parts/inputs.js';
import { logitsOf } from '../parts/language-head.js';
import { sequenceStack, type AttentionPart, type NormOrder, type SequenceLayer } from './sequence-stack.js';
import {
  activationOf,
  activations,
  checkHeads,
  checkTokens,
  limits,
  type Activation,
} from '../parts/settings.js';
import { affine, Weights } from '../parts/weights.js';

/** How a family of BART's kind differs from BART itself. */
export interface BartVariant {
  readonly order: NormOrder;
  /** Whether the embeddings are normalised before the first layer. */
  readonly normsEmbeddings: boolean;
  /** Whether the last layer's output is normalised. */
  readonly normsOutput: boolean;
  /** Positions that are computed for token ids; learned ones where nothing is said. // (n, width) */
  positions?(config: Config, ids: readonly number[], width: number): Tensor;
  /** Whether a table of computed positions that a checkpoint holds, rounded as it may be, is read instead. */
  readonly storesPositions?: boolean;
  /** What the configuration means where it does not name the activation. */
  readonly activation: Activation;
}

/** BART: Lewis et al. 2020. */
export const bart = bartFamily('bart', 'BART', {
  order: 'after',
  normsEmbeddings: true,
  normsOutput: false,
  activation: 'gelu',
});

type Side = 'encoder' | 'decoder';

export function bartFamily(modelType: string, title: string, variant: BartVariant): Architecture {
  return {
    modelTypes: [modelType],
    title,
    describe,

    build(checkpoint, tokens, attention) {
      const half = new Half(checkpoint, 'encoder', tokens, variant);
      const stack = half.stack((at) => half.layer(at, attention));
      const { ids, words, feeds } = half;
      return { ids, words, feeds, layers: stack.layers, hiddenStates: stack.hiddenStates };
    },

    decoder: {
      isIn: (checkpoint) =>
        ['model.', ''].some((prefix) =>
          checkpoint.has(`${prefix}decoder.layers.0.encoder_attn.q_proj.weight`),
        ),

      build(checkpoint, tokens, memory, attention): DecoderGraph {
        const half = new Half(checkpoint, 'decoder', tokens, variant);
        const stack = half.stack((at) => ({
          ...half.layer(at, attention.decoder),
          cross: { ...half.attention(at, 'encoder_attn', attention.cross), memory },
        }));
        const { ids, feeds } = half;
        const table = half.spoken(); // (vocabulary, model)
        const hidden = stack.hiddenStates.at(-1) ?? half.words; // (n, model)
        const said = logitsOf(checkpoint, hidden, { table, tied: true }) ?? hidden; // (n, vocabulary)
        const bias = checkpoint.has('final_logits_bias')
          ? dropAxis(checkpoint.weight('final_logits_bias', [1, table.shape[0] ?? 0]), 0) // (vocabulary)
          : undefined;
        return { ids, feeds, ...stack, logits: bias === undefined ? said : add(said, bias) };
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
  private readonly positions: Value;
  private readonly computes: boolean;
  private readonly weights: Weights;
  private readonly config: Config;
  private readonly layers: number;
  private readonly heads: number;
  private readonly width: number;
  private readonly vocabulary: number;

  constructor(
    checkpoint: Checkpoint,
    private readonly side: Side,
    tokens: number,
    private readonly variant: BartVariant,
  ) {
    this.config = checkpoint.config;
    const description = describe(this.config);
    const { width } = description;
    const { layers, heads, limit, vocabulary } =
      side === 'decoder' && description.decoder !== undefined ? description.decoder : description;
    checkTokens(checkpoint, tokens, limit);
    [this.layers, this.heads, this.width] = [layers, heads, width];
    this.weights = new Weights(checkpoint, 'model.', 'encoder.layers.0.fc1.weight');
    const [name, symbol] = side === 'encoder' ? ['ids', 't'] : ['previous', 'p'];
    this.ids = whole(name, symbol, tokens); // (n)
    this.vocabulary = vocabulary;
    this.table = this.weights.table(this.weights.wordTable(side), vocabulary, width); // (vocabulary, model)
    const words = gather(this.table, this.ids); // (n, model)
    this.words = this.config.flag('scale_embedding') ? scale(words, Math.sqrt(width), '\\sqrt{d}') : words;
    this.computes =
      variant.positions !== undefined &&
      !(variant.storesPositions === true && this.weights.has(`${side}.embed_positions.weight`));
    this.positions = this.computes
      ? label(input([tokens, width]), { name: 'positions', symbol: 'P', axes: ['query', 'model'] })
      : whole('position_ids', 'q', tokens); // (n)
  }

  /** The vectors that words are said with. // (vocabulary, model) */
  spoken(): Value {
    const { weights, side } = this;
    const name = weights.wordTable('head');
    return name === weights.wordTable(side) ? this.table : weights.table(name, this.vocabulary, this.width);
  }

  /** Rows of the table of positions before the first that is used: two where they are learned. */
  private get firstPosition(): number {
    return this.variant.positions === undefined ? 2 : 0;
  }

  readonly feeds = (ids: readonly number[]): ReadonlyMap<Value, Tensor> => {
    const { config, width, variant } = this;
    const computed = this.computes ? variant.positions?.(config, ids, width) : undefined; // (n, width)
    return new Map<Value, Tensor>([
      [this.ids, list(ids)],
      [this.positions, computed ?? list(ids.map((_, at) => at + this.firstPosition))],
    ]);
  };

  stack(layer: (at: number) => SequenceLayer): ReturnType<typeof sequenceStack> {
    const { side, variant, config, width, weights } = this;
    const rows = config.count('max_position_embeddings', limits.positions, 1024) + this.firstPosition;
    const places = this.computes
      ? this.positions
      : gather(weights.table(`${side}.embed_positions`, rows, width), this.positions); // (n, model)
    const sum = add(this.words, places); // (n, model)
    return sequenceStack(
      variant.normsEmbeddings ? this.norm(`${side}.layernorm_embedding`)(sum) : sum,
      variant.order,
      Array.from({ length: this.layers }, (_, at) => layer(at)),
      variant.normsOutput ? this.norm(`${side}.layer_norm`) : undefined,
    );
  }

  /** Without attention to a source. */
  layer(at: number, attention: AttendParameters): SequenceLayer {
    const { side, variant, config, width, weights } = this;
    const name = `${side}.layers.${at}`;
    const inner = config.count(`${side}_ffn_dim`, limits.inner, 4096);
    const [up, down] = [
      weights.linear(`${name}.fc1`, width, inner),
      weights.linear(`${name}.fc2`, inner, width),
    ];
    const activation = activations[activationOf(config, 'activation_function', variant.activation)];
    return {
      self: this.attention(at, 'self_attn', attention),
      feedForward: {
        norm: this.norm(`${name}.final_layer_norm`),
        change: (value) => affine(activation(affine(value, up)), down), // (n, inner) → (n, model)
      },
    };
  }

  attention(at: number, part: 'self_attn' | 'encoder_attn', attention: AttendParameters): AttentionPart {
    const { side, heads, width, weights } = this;
    const name = `${side}.layers.${at}.${part}`;
    const linear = (letter: string): ReturnType<Weights['linear']> =>
      weights.linear(`${name}.${letter}_proj`, width, width);
    return {
      norm: this.norm(`${name}_layer_norm`),
      projections: {
        Q: linear('q'),
        K: linear('k'),
        V: linear('v'),
        output: linear('out'),
        heads,
        groups: heads,
      },
      attention,
    };
  }

  private norm(name: string): Change {
    const norm = this.weights.norm(name, this.width);
    return (value) => norm(value, 1e-5);
  }
}

function describe(config: Config): ArchitectureDescription {
  const width = config.count('d_model', limits.width);
  const [heads, ownHeads] = (['encoder', 'decoder'] as const).map((side) =>
    config.count(`${side}_attention_heads`, limits.heads),
  );
  for (const each of [heads, ownHeads]) checkHeads(config, width, each ?? 1);
  const limit = config.count('max_position_embeddings', limits.positions, 1024);
  const vocabulary = config.count('vocab_size', limits.vocabulary);
  return {
    layers: config.count('encoder_layers', limits.layers),
    heads: heads ?? 1,
    width,
    limit,
    vocabulary,
    attention: standardAttention,
    positions: 'embedded',
    decoder: {
      layers: config.count('decoder_layers', limits.layers),
      heads: ownHeads ?? 1,
      // Where the words are shared, as they are unless it is denied, only one of the sizes counts.
      vocabulary: config.flag('share_encoder_decoder_embeddings', true)
        ? vocabulary
        : config.count('decoder_vocab_size', limits.vocabulary, vocabulary),
      limit,
      attention: { decoder: { ...standardAttention, mask: { kind: 'causal' } }, cross: standardAttention },
    },
  };
}
