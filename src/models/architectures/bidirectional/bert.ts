import { standardAttention, type AttendParameters } from '../../../engine/mechanisms/index.js';
import type { Value } from '../../../engine/graph.js';
import { add, gather, type BucketRule } from '../../../engine/ops/index.js';
import type { Tensor } from '../../../engine/tensor.js';
import type { Checkpoint } from '../../checkpoint.js';
import type { Config } from '../../config.js';
import { ModelError } from '../../error.js';
import type { Architecture, ArchitectureDescription, ModelGraph } from '../architecture.js';
import { encoder, type LayerNames } from '../parts/encoder.js';
import { list, whole } from '../parts/inputs.js';
import { activationOf, checkHeads, checkTokens, limits, type Activation } from '../parts/settings.js';
import { affine, Weights } from '../parts/weights.js';

/** How a member of the family differs from BERT itself. */
export interface BertVariant {
  /** What the names of weights begin with below a head: "bert." */
  readonly prefix: string;
  /** Rows of the position table before the first that is used. */
  firstPosition(config: Config): number;
  /** The row of the position table for each token. */
  positions(config: Config, ids: readonly number[]): number[];
  /** Where a layer's weights are called otherwise than in BERT. */
  names?(config: Config, layer: number): LayerNames;
  /** The linear layer from embeddings of another size to the model's; undefined where there is none. */
  widening?(config: Config): { readonly name: string; readonly from: number } | undefined;
  /** Whether a token is of a first or a second text; it is, where nothing is said. */
  readonly types?: boolean;
  /** What is added to the scores of all layers for the distance of query and key. */
  bias?(config: Config): { readonly name: string; readonly rule: BucketRule };
  /** What a reader should know of settings that are not followed, in sentences. */
  remarks?(config: Config): readonly string[];
  /** What the configuration means where it does not name the activation. */
  readonly activation?: Activation;
}

const plain: BertVariant = {
  prefix: 'bert.',
  firstPosition: () => 0,
  positions: (_, ids) => ids.map((_id, at) => at),
};

/** BERT: Devlin et al. 2019. MiniLM and many sentence encoders are BERTs of other sizes. */
export const bert: Architecture = {
  modelTypes: ['bert'],
  title: 'BERT',
  describe: (config) => describeBert(config, plain),
  build: (checkpoint, tokens, attention) => buildBert(checkpoint, tokens, attention, plain),
};

/** @throws ModelError */
export function describeBert(config: Config, variant: BertVariant): ArchitectureDescription {
  const layers = config.count('num_hidden_layers', limits.layers);
  const heads = config.count('num_attention_heads', limits.heads);
  const width = config.count('hidden_size', limits.width);
  const positions = config.count('max_position_embeddings', limits.positions);
  checkHeads(config, width, heads);
  config.choice('position_embedding_type', ['absolute'], 'absolute');
  if (config.flag('is_decoder')) {
    throw new ModelError(`${config.where} says "is_decoder"; only encoders of this family are read.`);
  }
  const vocabulary = config.count('vocab_size', limits.vocabulary);
  const limit = positions - variant.firstPosition(config);
  if (limit < 1) throw new ModelError(`${config.where} leaves no position for any token.`);
  return {
    layers,
    heads,
    width,
    limit,
    vocabulary,
    attention: standardAttention,
    positions: variant.bias === undefined ? 'embedded' : 'bias',
    remarks: variant.remarks?.(config) ?? [],
  };
}

/** @throws ModelError */
export function buildBert(
  checkpoint: Checkpoint,
  tokens: number,
  attention: AttendParameters,
  variant: BertVariant,
): ModelGraph {
  const { config } = checkpoint;
  const { layers, heads, width, limit, vocabulary } = describeBert(config, variant);
  checkTokens(checkpoint, tokens, limit);
  const places = config.count('max_position_embeddings', limits.positions);
  const epsilon = config.positive('layer_norm_eps', 1e-12);
  const weights = new Weights(checkpoint, variant.prefix, 'embeddings.word_embeddings.weight');

  const widening = variant.widening?.(config);
  const size = widening?.from ?? width;
  const ids = whole('ids', 't', tokens); // (n)
  const positions = whole('position_ids', 'p', tokens); // (n)
  const words = gather(weights.table('embeddings.word_embeddings', vocabulary, size), ids); // (n, embedding)
  const placed = add(words, gather(weights.table('embeddings.position_embeddings', places, size), positions)); // (n, embedding)
  const feeds = (numbers: readonly number[]): Map<Value, Tensor> =>
    new Map([
      [ids, list(numbers)],
      [positions, list(variant.positions(config, numbers))],
    ]);
  // A text by itself is all of the first kind.
  const types = variant.types === false ? undefined : whole('token_type_ids', 's', tokens); // (n)
  const kinds = config.count('type_vocab_size', limits.vocabulary, 2);
  const sum =
    types === undefined
      ? placed
      : add(placed, gather(weights.table('embeddings.token_type_embeddings', kinds, size), types)); // (n, embedding)
  const normed = weights.norm('embeddings.LayerNorm', size)(sum, epsilon); // (n, embedding)
  const embeddings =
    widening === undefined ? normed : affine(normed, weights.linear(widening.name, size, width)); // (n, model)

  const sizes = {
    layers,
    heads,
    width,
    epsilon,
    inner: config.count('intermediate_size', limits.inner),
    activation: activationOf(config, 'hidden_act', variant.activation),
  };
  const bias = variant.bias?.(config);
  const own: AttendParameters =
    bias === undefined
      ? attention
      : {
          ...attention,
          bias: { kind: 't5', table: weights.table(bias.name, bias.rule.buckets, heads), rule: bias.rule },
        };
  const names = (layer: number): LayerNames => variant.names?.(config, layer) ?? namesOf(layer);
  return {
    ids,
    words,
    feeds: (numbers, segments) =>
      types === undefined
        ? feeds(numbers)
        : feeds(numbers).set(
            types,
            list(segments?.map((segment) => Math.min(segment, kinds - 1)) ?? numbers.map(() => 0)),
          ),
    ...encoder(weights, embeddings, sizes, names, own),
  };
}

function namesOf(layer: number): LayerNames {
  const at = `encoder.layer.${layer}`;
  return {
    query: `${at}.attention.self.query`,
    key: `${at}.attention.self.key`,
    value: `${at}.attention.self.value`,
    output: `${at}.attention.output.dense`,
    attentionNorm: `${at}.attention.output.LayerNorm`,
    inner: `${at}.intermediate.dense`,
    outer: `${at}.output.dense`,
    outputNorm: `${at}.output.LayerNorm`,
  };
}
