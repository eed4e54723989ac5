import type { AttendParameters } from '../../../engine/mechanisms/index.js';
import { concat } from '../../../engine/ops/index.js';
import type { Checkpoint } from '../../checkpoint.js';
import type { Config } from '../../config.js';
import { ModelError } from '../../error.js';
import { activationOf, limits } from '../parts/settings.js';
import { Weights } from '../parts/weights.js';
import type { PixelSize, VisionArchitecture, VisionGraph } from './architecture.js';
import { describeVision } from './settings.js';
import { buildTower, classifier, meanOf, rowsOf, visionLayer, type VisionLayerSizes } from './tower.js';
import { positionTable, token, vitNames } from './vit.js';

/** DINOv2: Oquab et al. 2024. */
export const dinov2: VisionArchitecture = {
  modelTypes: ['dinov2'],
  title: 'DINOv2',
  describe: (config) => describeVision(config),
  build: (checkpoint, size, attention) => buildDino(checkpoint, size, attention, 0),
};

/** DINOv2 with registers: Darcet et al. 2024. Its positions are interpolated with antialias. */
export const dinov2WithRegisters: VisionArchitecture = {
  modelTypes: ['dinov2_with_registers'],
  title: 'DINOv2 with registers',
  describe: (config) => describeVision(config),
  build: (checkpoint, size, attention) =>
    buildDino(
      checkpoint,
      size,
      attention,
      checkpoint.config.count('num_register_tokens', { from: 0, to: 1024 }, 4),
    ),
};

function buildDino(
  checkpoint: Checkpoint,
  size: PixelSize,
  attention: AttendParameters,
  registers: number,
): VisionGraph {
  const { config } = checkpoint;
  const description = describeVision(config);
  const { width, labels, layers } = description;
  const prefix = config.modelType === 'dinov2' ? 'dinov2.' : 'dinov2_with_registers.';
  const weights = new Weights(checkpoint, prefix, 'embeddings.cls_token');
  const sizes = dinoSizes(config);
  const sort = classifier(checkpoint, 'classifier', 2 * width, labels.length);
  const stored =
    registers === 0
      ? undefined
      : weights.reshaped('embeddings.register_tokens', [1, registers, width], [registers, width]); // (register, model)
  return buildTower(checkpoint, size, {
    weights,
    description,
    patch: { name: 'embeddings.patch_embeddings.projection', bias: true },
    specials: [{ token: { kind: 'class' }, row: token(weights, 'embeddings.cls_token', width) }],
    registers:
      stored === undefined
        ? []
        : Array.from({ length: registers }, (_, index) => ({
            token: { kind: 'register', index },
            row: rowsOf(stored, index, index + 1),
          })),
    positions: {
      table: positionTable(weights, description, 1),
      kind: config.modelType === 'dinov2' ? 'bicubic' : 'bicubic-antialias',
    },
    stack: () =>
      Array.from({ length: layers }, (_, layer) => {
        const at = `encoder.layer.${layer}`;
        const gated = sizes.activation === 'swiglu';
        const names = {
          ...vitNames(layer),
          attentionNorm: `${at}.norm1`,
          feedForwardNorm: `${at}.norm2`,
          up: `${at}.mlp.${gated ? 'weights_in' : 'fc1'}`,
          down: `${at}.mlp.${gated ? 'weights_out' : 'fc2'}`,
        };
        const scales = [`${at}.layer_scale1.lambda1`, `${at}.layer_scale2.lambda1`] as const;
        return visionLayer(weights, names, { ...sizes, scales }, attention);
      }),
    finalNorm: (value) => weights.norm('layernorm', width)(value, sizes.epsilon),
    ...(sort === undefined
      ? {}
      : {
          // The class token beside the mean of the patches.
          head: (last) => sort(concat([rowsOf(last, 0, 1), meanOf(rowsOf(last, 1 + registers))], 'columns')), // (1, label)
        }),
  });
}

/** @throws ModelError */
function dinoSizes(config: Config): VisionLayerSizes {
  const width = config.count('hidden_size', limits.width);
  const full = Math.trunc(width * config.positive('mlp_ratio', 4));
  const gated = config.flag('use_swiglu_ffn');
  const inner = gated ? Math.floor((Math.trunc((full * 2) / 3) + 7) / 8) * 8 : full;
  if (inner < limits.inner.from || inner > limits.inner.to) {
    throw new ModelError(
      `${config.where} asks for a feed-forward network of ${inner}, which makes no sense.`,
    );
  }
  const biased = config.flag('qkv_bias', true);
  return {
    heads: config.count('num_attention_heads', limits.heads),
    width,
    inner,
    activation: gated ? 'swiglu' : activationOf(config, 'hidden_act'),
    epsilon: config.positive('layer_norm_eps', 1e-6),
    biases: { query: biased, key: biased, value: biased },
  };
}
