import { label, type Value } from '../../../engine/graph.js';
import { multiHead, standardAttention } from '../../../engine/mechanisms/index.js';
import { add, exponential, multiply, transpose } from '../../../engine/ops/index.js';
import { halfOf } from '../parts/contrastive.js';
import { activationOf, activations, checkHeads, limits } from '../parts/settings.js';
import { affine, columns, Weights } from '../parts/weights.js';
import type { Pairing } from './architecture.js';
import { holdsBoth, textHalf } from './clip-pairing.js';

/** Both halves of SigLIP: Zhai et al. 2023. Its image half pools all patches by an attention of its own (Lee et al. 2019, §3.2). */
export const siglipPairing: Pairing = {
  isIn: (checkpoint) => holdsBoth(checkpoint, 'vision_model.head.probe') && checkpoint.has('logit_bias'),
  textOf: (checkpoint) => textHalf(checkpoint, 'siglip_text_model'),

  spaceOf(checkpoint) {
    const { config } = checkpoint;
    const seen = halfOf(config, 'vision', 'siglip_vision_model') ?? config;
    const read = halfOf(config, 'text', 'siglip_text_model') ?? config;
    const width = seen.count('hidden_size', limits.width);
    const heads = seen.count('num_attention_heads', limits.heads);
    checkHeads(seen, width, heads);
    const inner = seen.count('intermediate_size', limits.inner);
    const activation = activations[activationOf(seen, 'hidden_act')];
    const epsilon = seen.positive('layer_norm_eps', 1e-6);
    const weights = new Weights(checkpoint, 'vision_model.', 'head.probe');
    const all = {
      weight: transpose(
        weights.reshaped('head.attention.in_proj_weight', [3 * width, width], [3 * width, width]),
      ), // (model, 3 · model)
      bias: weights.vector('head.attention.in_proj_bias', 3 * width), // (3 · model)
    };
    const [Q, K, V] = [0, 1, 2].map((which) =>
      columns(all, { start: which * width, end: (which + 1) * width }),
    );
    if (Q === undefined || K === undefined || V === undefined) throw new Error('A projection is missing.');
    const output = weights.linear('head.attention.out_proj', width, width);
    const norm = weights.norm('head.layernorm', width);
    const up = weights.linear('head.mlp.fc1', width, inner);
    const down = weights.linear('head.mlp.fc2', inner, width);
    const probe = label(weights.reshaped('head.probe', [1, 1, width], [1, width]), {
      name: 'probe',
      symbol: 'p',
      axes: ['query', 'model'],
    }); // (1, model)
    const pooling = (last: Value): readonly Value[] =>
      multiHead({ queries: probe, keys: last, Q, K, V, output, heads, groups: heads }, standardAttention);
    /** // (rows, model) → (rows, feature), which are as many */
    const behind = (attended: Value): Value =>
      add(attended, affine(activation(affine(norm(attended, epsilon), up)), down));
    const textWidth = read.count('hidden_size', limits.width);
    const head = new Weights(checkpoint, 'text_model.', 'head.weight').linear('head', textWidth, width);
    const factor = exponential(checkpoint.weight('logit_scale', [1])); // (1)
    const offset = checkpoint.weight('logit_bias', [1]); // (1)
    return {
      width,
      independent: true,
      image: (last) => {
        const attended = pooling(last).at(-1);
        if (attended === undefined) throw new Error('Pooling gave nothing.');
        return behind(attended); // (1, feature)
      },
      patches: (last) => behind(affine(affine(last, V), output)), // (n, feature)
      patchesNote:
        'Each token’s last state goes through SigLIP’s pooling as if all of its attention lay on that one token, which it never does.',
      readsFrom: (ids) => ids.length - 1,
      words: (last) => affine(last, head), // (n, feature)
      logits: (cosines) => add(multiply(cosines, factor), offset),
      pooling: (last) => ({ steps: pooling(last), heads }),
    };
  },
};
