import { add, scale } from '../../../engine/ops/index.js';
import { Weights } from '../parts/weights.js';
import type { VisionArchitecture } from './architecture.js';
import { describeVision } from './settings.js';
import { buildTower, classifier, rowsOf, type Tower } from './tower.js';
import { positionTable, token, vitSizes, vitStack } from './vit.js';

/** DeiT: Touvron et al. 2021. A second token learns from a teacher; with both heads, their logits are averaged. */
export const deit: VisionArchitecture = {
  modelTypes: ['deit'],
  title: 'DeiT',
  describe: (config) => describeVision(config),
  build(checkpoint, size, attention) {
    const description = describeVision(checkpoint.config);
    const { width, labels } = description;
    const weights = new Weights(checkpoint, 'deit.', 'embeddings.cls_token');
    const sizes = vitSizes(checkpoint.config);
    const sort = (name: string) => classifier(checkpoint, name, width, labels.length);
    const [alone, own, taught] = [
      sort('classifier'),
      sort('cls_classifier'),
      sort('distillation_classifier'),
    ];
    let head: Tower['head'];
    if (alone !== undefined) head = (last) => alone(rowsOf(last, 0, 1)); // (1, label)
    if (own !== undefined && taught !== undefined) {
      head = (last) => scale(add(own(rowsOf(last, 0, 1)), taught(rowsOf(last, 1, 2))), 0.5, '\\tfrac{1}{2}'); // (1, label)
    }
    return buildTower(checkpoint, size, {
      weights,
      description,
      patch: { name: 'embeddings.patch_embeddings.projection', bias: true },
      specials: [
        { token: { kind: 'class' }, row: token(weights, 'embeddings.cls_token', width) },
        { token: { kind: 'distillation' }, row: token(weights, 'embeddings.distillation_token', width) },
      ],
      positions: { table: positionTable(weights, description, 2), kind: 'bicubic' },
      stack: () => vitStack(weights, sizes, description.layers, attention),
      finalNorm: (value) => weights.norm('layernorm', width)(value, sizes.epsilon),
      ...(head === undefined ? {} : { head }),
    });
  },
};
