import type { Value } from '../../../engine/graph.js';
import { add, gather } from '../../../engine/ops/index.js';
import { standardAttention } from '../../../engine/mechanisms/index.js';
import type { Checkpoint } from '../../checkpoint.js';
import type { Config } from '../../config.js';
import { ModelError } from '../../error.js';
import type { DecoderAttention, DecoderGraph } from '../architecture.js';
import { list, placesBehind, whole } from '../parts/inputs.js';
import {
  activationOf,
  activations,
  checkHeads,
  checkTokens,
  limits,
  type Activation,
} from '../parts/settings.js';
import { affine, Weights } from '../parts/weights.js';
import { sequenceStack, type AttentionPart, type SequenceLayer } from '../sequence/sequence-stack.js';
import {
  decoderAttention,
  memoryWidth,
  spoken,
  type CaptionDecoder,
  type CaptionDecoderDescription,
} from './caption-decoder.js';

/** How a family of BERT's kind differs as a decoder. */
interface BertDecoderVariant {
  /** What names begin with below the head: "bert." */
  readonly prefix: string;
  /** Whether a token's first or second text has a vector of its own. */
  readonly types: boolean;
  /** What counts positions from behind its own number; from 0 where there is none. */
  padding?(config: Config): number;
  /** Whether what is attended to has a width that the configuration names. */
  readonly namesSourceWidth?: true;
  /** The layer before words are told, and the one that tells them. */
  readonly head: {
    readonly dense: string;
    readonly norm: string;
    readonly spoken: string;
    readonly biases: readonly string[];
    /** The configuration's own where left out. */
    readonly activation?: Activation;
  };
}

const bertHead = {
  dense: 'cls.predictions.transform.dense',
  norm: 'cls.predictions.transform.LayerNorm',
  spoken: 'cls.predictions.decoder',
  biases: ['cls.predictions.bias', 'cls.predictions.decoder.bias'],
};

/** BERT, made causal, with a part in each layer that attends to an image (Rothe et al. 2020). */
export const bertDecoder = decoderOf(['bert'], 'BERT', { prefix: 'bert.', types: true, head: bertHead });

export const robertaDecoder = decoderOf(['roberta', 'xlm-roberta'], 'RoBERTa', {
  prefix: 'roberta.',
  types: true,
  padding: (config) => config.count('pad_token_id', { from: 0, to: limits.vocabulary.to }, 1),
  head: {
    dense: 'lm_head.dense',
    norm: 'lm_head.layer_norm',
    spoken: 'lm_head.decoder',
    biases: ['lm_head.bias', 'lm_head.decoder.bias'],
    activation: 'gelu',
  },
});

/** The half of BLIP that writes: Li et al. 2022. */
export const blipDecoder = decoderOf(['blip_text_model'], 'BERT', {
  prefix: 'bert.',
  types: false,
  namesSourceWidth: true,
  head: bertHead,
});

function decoderOf(
  modelTypes: readonly string[],
  title: string,
  variant: BertDecoderVariant,
): CaptionDecoder {
  const describe = (config: Config): CaptionDecoderDescription => describeWith(config, variant);
  return {
    modelTypes,
    title,
    describe,
    build: (checkpoint, tokens, memory, attention) =>
      buildWith(checkpoint, tokens, memory, attention, variant),
  };
}

/** @throws ModelError */
function describeWith(config: Config, variant: BertDecoderVariant): CaptionDecoderDescription {
  const width = config.count('hidden_size', limits.width);
  const heads = config.count('num_attention_heads', limits.heads);
  checkHeads(config, width, heads);
  config.choice('position_embedding_type', ['absolute'], 'absolute');
  if (!config.flag('is_decoder')) {
    throw new ModelError(
      `${config.where} does not say "is_decoder": each token would see those that come after it, and nothing could be written.`,
    );
  }
  const first = firstPosition(config, variant);
  const limit = config.count('max_position_embeddings', limits.positions) - first;
  if (limit < 1) throw new ModelError(`${config.where} leaves no position for any token.`);
  return {
    layers: config.count('num_hidden_layers', limits.layers),
    heads,
    positions: 'embedded',
    width,
    limit,
    vocabulary: config.count('vocab_size', limits.vocabulary),
    attention: decoderAttention(standardAttention),
    ...(variant.namesSourceWidth === true ? { sourceWidth: sourceWidth(config, width) } : {}),
  };
}

function sourceWidth(config: Config, width: number): number {
  return config.count('encoder_hidden_size', limits.width, width);
}

function firstPosition(config: Config, { padding }: BertDecoderVariant): number {
  return padding === undefined ? 0 : padding(config) + 1;
}

/** @throws ModelError */
function buildWith(
  checkpoint: Checkpoint,
  tokens: number,
  memory: Value,
  attention: DecoderAttention,
  variant: BertDecoderVariant,
): DecoderGraph {
  const { config } = checkpoint;
  const description = describeWith(config, variant);
  const { layers, heads, width, limit, vocabulary } = description;
  checkTokens(checkpoint, tokens, limit);
  const weights = new Weights(checkpoint, variant.prefix, 'embeddings.word_embeddings.weight');
  const epsilon = config.positive('layer_norm_eps', 1e-12);
  const norm = (name: string) => (value: Value) => weights.norm(name, width)(value, epsilon);
  const inner = config.count('intermediate_size', limits.inner);
  const activation = activationOf(config, 'hidden_act');
  const from = memoryWidth(checkpoint, memory, description.sourceWidth ?? width);

  const part = (name: string, source: number): Pick<AttentionPart, 'norm' | 'projections'> => ({
    norm: norm(`${name}.output.LayerNorm`),
    projections: {
      Q: weights.linear(`${name}.self.query`, width, width),
      K: weights.linear(`${name}.self.key`, source, width),
      V: weights.linear(`${name}.self.value`, source, width),
      output: weights.linear(`${name}.output.dense`, width, width),
      heads,
      groups: heads,
    },
  });
  const layer = (at: number): SequenceLayer => {
    const name = `encoder.layer.${at}`;
    const up = weights.linear(`${name}.intermediate.dense`, width, inner);
    const down = weights.linear(`${name}.output.dense`, inner, width);
    return {
      self: { ...part(`${name}.attention`, width), attention: attention.decoder },
      cross: { ...part(`${name}.crossattention`, from), attention: attention.cross, memory },
      feedForward: {
        norm: norm(`${name}.output.LayerNorm`),
        change: (value) => affine(activations[activation](affine(value, up)), down), // (n, inner) → (n, model)
      },
    };
  };

  const ids = whole('previous', 'p', tokens); // (n)
  const positions = whole('target_positions', 'q', tokens); // (n)
  const table = weights.table('embeddings.word_embeddings', vocabulary, width); // (vocabulary, model)
  const rows = limit + firstPosition(config, variant);
  const placed = add(
    gather(table, ids),
    gather(weights.table('embeddings.position_embeddings', rows, width), positions),
  ); // (n, model)
  const types = variant.types ? whole('target_types', 's', tokens) : undefined; // (n)
  const kinds = config.count('type_vocab_size', limits.vocabulary, 2);
  const sum =
    types === undefined
      ? placed
      : add(placed, gather(weights.table('embeddings.token_type_embeddings', kinds, width), types)); // (n, model)
  const stack = sequenceStack(
    norm('embeddings.LayerNorm')(sum),
    'after',
    Array.from({ length: layers }, (_, at) => layer(at)),
  );
  const last = stack.hiddenStates.at(-1) ?? sum; // (n, model)
  const padding = variant.padding?.(config);
  return {
    ids,
    feeds: (numbers) =>
      new Map([
        [ids, list(numbers)],
        [
          positions,
          list(padding === undefined ? numbers.map((_, at) => at) : placesBehind(padding, numbers)),
        ],
        ...(types === undefined ? [] : [[types, list(numbers.map(() => 0))] as const]),
      ]),
    ...stack,
    logits: said(checkpoint, last, table, variant, { activation, epsilon }),
  };
}

/** // (n, vocabulary) */
function said(
  checkpoint: Checkpoint,
  last: Value,
  table: Value,
  { head }: BertDecoderVariant,
  own: { readonly activation: Activation; readonly epsilon: number },
): Value {
  const [, width = 0] = last.shape;
  const weights = new Weights(checkpoint, '', '');
  const activated = activations[head.activation ?? own.activation](
    affine(last, weights.linear(head.dense, width, width)),
  ); // (n, model)
  const transformed = weights.norm(head.norm, width)(activated, own.epsilon); // (n, model)
  return spoken(checkpoint, transformed, table, head.spoken, head.biases);
}
