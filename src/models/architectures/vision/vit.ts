import type { AttendParameters } from '../../../engine/mechanisms/index.js';
import type { Config } from '../../config.js';
import { activationOf, limits } from '../parts/settings.js';
import { Weights } from '../parts/weights.js';
import type { VisionArchitecture } from './architecture.js';
import { describeVision } from './settings.js';
import {
  buildTower,
  classifier,
  rowsOf,
  visionLayer,
  type VisionLayerNames,
  type VisionLayerSizes,
} from './tower.js';

/** ViT: Dosovitskiy et al. 2021. DINO’s checkpoints are ViTs. */
export const vit: VisionArchitecture = {
  modelTypes: ['vit'],
  title: 'ViT',
  describe: (config) => describeVision(config),
  build(checkpoint, size, attention) {
    const description = describeVision(checkpoint.config);
    const { width, labels } = description;
    const weights = new Weights(checkpoint, 'vit.', 'embeddings.cls_token');
    const sizes = vitSizes(checkpoint.config);
    const sort = classifier(checkpoint, 'classifier', width, labels.length);
    return buildTower(checkpoint, size, {
      weights,
      description,
      patch: { name: 'embeddings.patch_embeddings.projection', bias: true },
      specials: [{ token: { kind: 'class' }, row: token(weights, 'embeddings.cls_token', width) }],
      positions: { table: positionTable(weights, description, 1), kind: 'bicubic' },
      stack: () => vitStack(weights, sizes, description.layers, attention),
      finalNorm: (value) => weights.norm('layernorm', width)(value, sizes.epsilon),
      ...(sort === undefined ? {} : { head: (last) => sort(rowsOf(last, 0, 1)) }),
    });
  },
};

/** A token’s vector that was learnt. // (1, model) */
export function token(weights: Weights, name: string, width: number): ReturnType<Weights['vector']> {
  return weights.reshaped(name, [1, 1, width], [1, width]);
}

/** // (token, model) */
export function positionTable(
  weights: Weights,
  { patch, trained, width }: ReturnType<typeof describeVision>,
  specials: number,
): ReturnType<Weights['vector']> {
  const patches = Math.floor(trained.height / patch.height) * Math.floor(trained.width / patch.width);
  const rows = patches + specials;
  return weights.reshaped('embeddings.position_embeddings', [1, rows, width], [rows, width]);
}

/** @throws ModelError */
export function vitSizes(config: Config): VisionLayerSizes {
  const biased = config.flag('qkv_bias', true);
  return {
    heads: config.count('num_attention_heads', limits.heads),
    width: config.count('hidden_size', limits.width),
    inner: config.count('intermediate_size', limits.inner),
    activation: activationOf(config, 'hidden_act'),
    epsilon: config.positive('layer_norm_eps', 1e-12),
    biases: { query: biased, key: biased, value: biased },
  };
}

export function vitStack(
  weights: Weights,
  sizes: VisionLayerSizes,
  layers: number,
  attention: AttendParameters,
): ReturnType<typeof visionLayer>[] {
  return Array.from({ length: layers }, (_, layer) =>
    visionLayer(weights, vitNames(layer), sizes, attention),
  );
}

export function vitNames(layer: number): VisionLayerNames {
  const at = `encoder.layer.${layer}`;
  return {
    query: `${at}.attention.attention.query`,
    key: `${at}.attention.attention.key`,
    value: `${at}.attention.attention.value`,
    output: `${at}.attention.output.dense`,
    attentionNorm: `${at}.layernorm_before`,
    feedForwardNorm: `${at}.layernorm_after`,
    up: `${at}.intermediate.dense`,
    down: `${at}.output.dense`,
  };
}
