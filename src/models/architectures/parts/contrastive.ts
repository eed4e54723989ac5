import { isRecord } from '../../../common/values.js';
import { add, gather } from '../../../engine/ops/index.js';
import type { AttendParameters } from '../../../engine/mechanisms/index.js';
import type { Checkpoint } from '../../checkpoint.js';
import { Config } from '../../config.js';
import type { ArchitectureDescription, ModelGraph } from '../architecture.js';
import { visionLayer, type VisionLayerNames } from '../vision/tower.js';
import { decoder } from './decoder.js';
import { list, whole } from './inputs.js';
import { activationOf, checkHeads, checkTokens, limits } from './settings.js';
import { Weights } from './weights.js';

/** Of models with both halves. */
const pairs: ReadonlySet<string> = new Set(['clip', 'siglip']);

/**
 * The settings of one half of a model that reads images and texts, with what its class adds; undefined where they are of that half
 * alone. Older files of CLIP have "text_config_dict" beside "text_config": what it says holds, with what its class adds
 * (transformers 5.24, configuration_clip.py).
 * @param modelType what the settings of the half are called by themselves
 * @throws ModelError where they are no object
 */
export function halfOf(config: Config, half: 'text' | 'vision', modelType: string): Config | undefined {
  const section = config.raw(`${half}_config`);
  if (section === undefined && !pairs.has(config.modelType ?? '')) return undefined;
  const where = `${config.where}: "${half}_config"`;
  const said = section ?? {};
  const own = Config.ofClass(isRecord(said) ? { ...said, model_type: modelType } : said, where);
  const older = config.raw(`${half}_config_dict`);
  if (!isRecord(older)) return own;
  return Config.ofClass({ ...older, model_type: modelType }, where).over(own);
}

/** How the half of CLIP that reads texts and that of SigLIP differ. */
export interface TextVariant {
  readonly modelType: string;
  readonly attention: AttendParameters;
  /** Whether a text is filled up to the longest that the model reads, as it was trained. */
  readonly filled: boolean;
}

/** @throws ModelError */
export function describeContrastiveText(config: Config, own: TextVariant): ArchitectureDescription {
  const layers = config.count('num_hidden_layers', limits.layers);
  const heads = config.count('num_attention_heads', limits.heads);
  const width = config.count('hidden_size', limits.width);
  checkHeads(config, width, heads);
  const limit = config.count('max_position_embeddings', limits.positions);
  return {
    layers,
    heads,
    width,
    limit,
    vocabulary: config.count('vocab_size', limits.vocabulary),
    attention: own.attention,
    positions: 'embedded',
    embeds: true,
    ...(own.filled
      ? {
          filled: true,
          remarks: [
            `Texts are filled up to ${limit} tokens, as the model was trained: what fills them is read like any other token, and the last one stands for the text.`,
          ],
        }
      : {}),
  };
}

/** Words and learned positions, and layers as the half that reads images has them: Radford et al. 2021, §2.4. @throws ModelError */
export function buildContrastiveText(
  checkpoint: Checkpoint,
  tokens: number,
  attention: AttendParameters,
  own: TextVariant,
): ModelGraph {
  const { config } = checkpoint;
  const { layers, heads, width, limit, vocabulary } = describeContrastiveText(config, own);
  checkTokens(checkpoint, tokens, limit);
  const weights = new Weights(checkpoint, 'text_model.', 'embeddings.token_embedding.weight');
  const epsilon = config.positive('layer_norm_eps', 1e-6);
  const sizes = {
    heads,
    width,
    inner: config.count('intermediate_size', limits.inner),
    activation: activationOf(config, 'hidden_act'),
    epsilon,
    biases: { query: true, key: true, value: true },
  };
  const ids = whole('ids', 't', tokens); // (n)
  const positions = whole('position_ids', 'p', tokens); // (n)
  const words = gather(weights.table('embeddings.token_embedding', vocabulary, width), ids); // (n, model)
  const places = gather(weights.table('embeddings.position_embedding', limit, width), positions); // (n, model)
  const norm = weights.norm('final_layer_norm', width);
  const stack = decoder(
    add(words, places),
    Array.from({ length: layers }, (_, layer) =>
      visionLayer(weights, contrastiveLayerNames(layer), sizes, attention),
    ),
    (value) => norm(value, epsilon),
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
  };
}

/** What both halves call the weights of a layer. */
export function contrastiveLayerNames(layer: number): VisionLayerNames {
  const at = `encoder.layers.${layer}`;
  return {
    query: `${at}.self_attn.q_proj`,
    key: `${at}.self_attn.k_proj`,
    value: `${at}.self_attn.v_proj`,
    output: `${at}.self_attn.out_proj`,
    attentionNorm: `${at}.layer_norm1`,
    feedForwardNorm: `${at}.layer_norm2`,
    up: `${at}.mlp.fc1`,
    down: `${at}.mlp.fc2`,
  };
}
