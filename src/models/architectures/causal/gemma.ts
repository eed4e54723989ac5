import type { AttendParameters } from '../../../engine/mechanisms/index.js';
import type { Config } from '../../config.js';
import { family } from './llama.js';
import { notHeeded } from '../parts/rotary.js';
import { limits } from '../parts/settings.js';

/** Gemma: Gemma Team 2024. "gelu" means the tanh form, as its first code had it (GemmaConfig). */
export const gemma = family({
  modelType: 'gemma',
  title: 'Gemma',
  biases,
  headSize: 256,
  gemma: 'first',
  tied: true,
  attention: (config) => (looksAhead(config) ? { mask: { kind: 'none' } } : {}),
  activation: ['hidden_act', 'gelu_pytorch_tanh'],
});

/** Gemma 2: Gemma Team 2024. Capped scores, and every other layer looks back only so far. */
export const gemma2 = family({
  modelType: 'gemma2',
  title: 'Gemma 2',
  biases,
  window: (config, layer) => window(config, layer, 2),
  headSize: 256,
  gemma: 'later',
  tied: true,
  attention: (config, size) => ({
    ...scaling(config, size),
    ...(config.says('attn_logit_softcapping') && { softcap: config.positive('attn_logit_softcapping', 50) }),
  }),
  activation: ['hidden_activation', 'gelu_pytorch_tanh'],
});

/**
 * Gemma 3: Gemma Team 2025. Norms of queries and keys instead of the cap; five layers of six look back only so far. Those that
 * make embeddings look ahead as well, with half of the window to either side (Vera et al. 2025).
 */
export const gemma3 = family({
  modelType: 'gemma3_text',
  title: 'Gemma 3',
  biases,
  window(config, layer) {
    const whole = window(config, layer, pattern(config));
    return whole !== undefined && looksAhead(config) ? Math.floor(whole / 2) + 1 : whole;
  },
  normed: true,
  headSize: 256,
  gemma: 'later',
  tied: true,
  attention: (config, size) => ({
    ...scaling(config, size),
    ...(looksAhead(config) && { mask: { kind: 'none' } }),
  }),
  remarks: (config) => [
    ...(config.says('attn_logit_softcapping') ? [notHeeded('attn_logit_softcapping')] : []),
    ...(config.says('vision_config')
      ? ['This is the text part of a model that reads images as well; they are left out.']
      : []),
  ],
  // The text part of a model that reads images, by its older names and its newer ones.
  nameOf: (name) => name.replace(/^language_model\./, '').replace(/^model\.language_model\./, 'model.'),
  rotary: (config, layer) =>
    window(config, layer, pattern(config)) === undefined
      ? { layers: 'full_attention', base: 1_000_000 }
      : {
          layers: 'sliding_attention',
          base: 10_000,
          names: { base: 'rope_local_base_freq' },
          unscaled: true,
        },
  activation: ['hidden_activation', 'gelu_pytorch_tanh'],
});

function biases(config: Config): { inputs: boolean; output: boolean } {
  const all = config.flag('attention_bias');
  return { inputs: all, output: all };
}

function pattern(config: Config): number {
  return config.count('sliding_window_pattern', limits.layers, 6);
}

/** Unless each layer's kind is listed, every `every`-th looks back all the way. */
function window(config: Config, layer: number, every: number): number | undefined {
  const layers = config.count('num_hidden_layers', limits.layers);
  const kinds = config.words('layer_types', ['full_attention', 'sliding_attention'], layers);
  const slides = kinds === undefined ? (layer + 1) % every !== 0 : kinds[layer] === 'sliding_attention';
  return slides ? config.count('sliding_window', limits.positions, 4096) : undefined;
}

function looksAhead(config: Config): boolean {
  return config.flag('use_bidirectional_attention');
}

function scaling(config: Config, size: number): Pick<AttendParameters, 'scaling'> {
  const scalar = config.positive('query_pre_attn_scalar', 256);
  return { scaling: scalar === size ? 'sqrt' : Math.sqrt(scalar) };
}
