import { exponential, matmul, multiply, transpose } from '../../../engine/ops/index.js';
import type { Value } from '../../../engine/graph.js';
import type { Checkpoint } from '../../checkpoint.js';
import type { Config } from '../../config.js';
import { ModelError } from '../../error.js';
import { halfOf } from '../parts/contrastive.js';
import { limits } from '../parts/settings.js';
import { Weights } from '../parts/weights.js';
import type { Pairing } from './architecture.js';
import { rowsOf } from './tower.js';

const text = 'text_model.';

/** Both halves of CLIP: Radford et al. 2021, fig. 3. */
export const clipPairing: Pairing = {
  isIn: (checkpoint) => holdsBoth(checkpoint, 'visual_projection.weight'),
  textOf: (checkpoint) => textHalf(checkpoint, 'clip_text_model'),

  spaceOf(checkpoint) {
    const { config } = checkpoint;
    const [seen, read] = [
      halfOf(config, 'vision', 'clip_vision_model'),
      halfOf(config, 'text', 'clip_text_model'),
    ];
    const [imageWidth, textWidth] = [seen ?? config, read ?? config].map((each) =>
      each.count('hidden_size', limits.width),
    );
    if (imageWidth === undefined || textWidth === undefined) throw new Error('A half has no width.');
    const width = config.count('projection_dim', limits.width, 512);
    const weights = new Weights(checkpoint, 'vision_model.', 'post_layernorm.weight');
    const epsilon = (seen ?? config).positive('layer_norm_eps', 1e-5);
    const project = (name: string, from: number) => {
      const weight = transpose(checkpoint.weight(name, [width, from])); // (model, feature)
      return (value: Value): Value => matmul(value, weight); // (n, feature)
    };
    const ofImage = project('visual_projection.weight', imageWidth);
    const norm = weights.norm('post_layernorm', imageWidth);
    const patches = (last: Value): Value => ofImage(norm(last, epsilon)); // (n, feature)
    const factor = exponential(checkpoint.weight('logit_scale', [], [1])); // (1)
    return {
      width,
      independent: false,
      image: (last) => patches(rowsOf(last, 0, 1)), // (1, feature)
      patches,
      patchesNote:
        'Each token’s last state goes through the norm and the projection that CLIP was trained to use for the class token alone.',
      readsFrom: endOf(read ?? config),
      words: project('text_projection.weight', textWidth),
      logits: (cosines) => multiply(cosines, factor),
    };
  },
};

/**
 * Where the token that ends a text stands, as transformers (5.24) finds it: the first that has the number of the settings, else the
 * first of the text. Settings that were written before it was told rightly say 2: then the largest number is meant.
 * @throws ModelError
 */
function endOf(config: Config): (ids: readonly number[]) => number {
  const end = config.count('eos_token_id', { from: 0, to: limits.vocabulary.to }, 49_407);
  return (ids) => {
    if (end === 2) return ids.indexOf(ids.reduce((most, id) => Math.max(most, id), 0));
    return Math.max(0, ids.indexOf(end));
  };
}

/** Whether a checkpoint has both halves, and what the one's vectors are compared with the other's by. */
export function holdsBoth(checkpoint: Checkpoint, projection: string): boolean {
  return (
    checkpoint.has(`${text}embeddings.token_embedding.weight`) &&
    checkpoint.has(projection) &&
    checkpoint.has('logit_scale')
  );
}

/** @throws ModelError where the settings of the half are not there */
export function textHalf(checkpoint: Checkpoint, modelType: string): Checkpoint {
  const own = halfOf(checkpoint.config, 'text', modelType);
  if (own === undefined) throw new ModelError(`${checkpoint.name} has no half that reads texts.`);
  return checkpoint.part(text, own);
}
