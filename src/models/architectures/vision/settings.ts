import { standardAttention } from '../../../engine/mechanisms/index.js';
import type { Config } from '../../config.js';
import { ModelError } from '../../error.js';
import { checkHeads, limits } from '../parts/settings.js';
import type { PixelSize, VisionDescription } from './architecture.js';

const edges = { from: 1, to: 16_384 } as const;

/**
 * @param labelled the configuration that names the classes, where that is not the vision model's own
 * @throws ModelError
 */
export function describeVision(config: Config, labelled: Config = config): VisionDescription {
  const layers = config.count('num_hidden_layers', limits.layers);
  const heads = config.count('num_attention_heads', limits.heads);
  const width = config.count('hidden_size', limits.width);
  checkHeads(config, width, heads);
  config.count('num_channels', { from: 3, to: 3 }, 3);
  const patch = sizeIn(config, 'patch_size');
  const trained = sizeIn(config, 'image_size');
  if (trained.width < patch.width || trained.height < patch.height) {
    throw new ModelError(`${config.where} says that an image is smaller than a patch.`);
  }
  const names = labelled.names('id2label');
  return {
    layers,
    heads,
    width,
    patch,
    trained,
    attention: standardAttention,
    positions: 'embedded',
    labels: Array.from({ length: names.size }, (_, index) => names.get(String(index)) ?? String(index)),
  };
}

/** One number for both edges, or height and width. */
function sizeIn(config: Config, name: string): PixelSize {
  const numbers = config.numbers(name);
  const [height = 0, width = height] = numbers;
  const whole = (edge: number) => Number.isInteger(edge) && edge >= edges.from && edge <= edges.to;
  if (numbers.length > 2 || !whole(height) || !whole(width)) {
    // Says what is there and what is expected.
    const edge = config.count(name, edges);
    return { width: edge, height: edge };
  }
  return { width, height };
}
