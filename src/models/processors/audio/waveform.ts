import { isRecord } from '../../../common/values.js';
import { input, label, positions, type Value } from '../../../engine/graph.js';
import { full, layerNorm, rearrange } from '../../../engine/ops/index.js';
import type { Json } from '../../../formats/json-text.js';
import { quoted } from '../../../formats/untrusted.js';
import { ModelError } from '../../error.js';

/** How samples are prepared that a model hears as they are. */
export interface WaveformSettings {
  /** Samples in a second. */
  readonly rate: number;
  /** Whether each recording is brought to a mean of 0 and a variance of 1. */
  readonly normalises: boolean;
}

/** What says nothing of the numbers of a recording that is not padded. */
const harmless = new Set([
  'auto_map',
  'feature_extractor_type',
  'model_input_names',
  'padding_side',
  'padding_value',
  'processor_class',
  'return_attention_mask',
  'return_tensors',
  'transformers_version',
]);

/** As transformers' `zero_mean_unit_var_norm` has it. */
const epsilon = 1e-7;

const mostRate = 384_000;

/**
 * Reads preprocessor_config.json as transformers' `Wav2Vec2FeatureExtractor` does, with its defaults.
 * @param where the file, to begin messages
 * @throws ModelError naming what is unknown and changes the numbers, or makes no sense
 */
export function waveformSettings(value: Json, where: string): WaveformSettings {
  if (!isRecord(value)) throw new ModelError(`${where} is not a JSON object.`);
  const kind = value['feature_extractor_type'] ?? 'Wav2Vec2FeatureExtractor';
  if (kind !== 'Wav2Vec2FeatureExtractor') {
    throw new ModelError(
      `${where} is for ${quoted(typeof kind === 'string' ? kind : JSON.stringify(kind))}; "Wav2Vec2FeatureExtractor" can be followed.`,
    );
  }
  for (const [name, setting] of Object.entries(value)) {
    if (['do_normalize', 'sampling_rate'].includes(name) || harmless.has(name)) continue;
    if (setting === null || setting === false || (name === 'feature_size' && setting === 1)) continue;
    throw new ModelError(
      `${where} says that ${quoted(name)} is ${JSON.stringify(setting)}, which is not followed here and may change what is heard.`,
    );
  }
  const rate = value['sampling_rate'] ?? 16_000;
  if (typeof rate !== 'number' || !Number.isInteger(rate) || rate < 1000 || rate > mostRate) {
    throw new ModelError(
      `${where} says that "sampling_rate" is ${JSON.stringify(rate)}; a whole number from 1000 to ${mostRate} is meant.`,
    );
  }
  return { rate, normalises: (value['do_normalize'] ?? true) === true };
}

/** A recording as steps, from its samples to what a model hears. */
export interface WaveformInput {
  /** // (sample, 1) */
  readonly samples: Value;
  /** The normalised samples, where they are. */
  readonly steps: readonly Value[];
  /** What the model hears. // (sample, 1) */
  readonly heard: Value;
}

/** @param count samples; at least one */
export function waveformInput({ normalises }: WaveformSettings, count: number): WaveformInput {
  const samples = label(input([count, 1]), {
    name: 'samples',
    symbol: 's',
    axes: ['key', 'feature'],
    given: true,
  });
  if (!normalises) return { samples, steps: [], heard: samples };
  const [ones, zeros] = [full(positions(count), 1), full(positions(count), 0)]; // (sample)
  const row = layerNorm(rearrange(samples, [1, count]), ones, zeros, epsilon); // (1, sample)
  const heard = label(rearrange(row, [count, 1]), {
    name: 'normalised',
    symbol: "s'",
    axes: ['key', 'feature'],
    step: {
      title: 'Normalised',
      note: 'Less their mean and by their deviation: how loud a recording is makes no difference.',
      scale: 'signed',
      phase: 'input',
    },
  }); // (sample, 1)
  return { samples, steps: [heard], heard };
}
