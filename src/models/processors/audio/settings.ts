import { isRecord } from '../../../common/values.js';
import type { Json } from '../../../formats/json-text.js';
import { quoted } from '../../../formats/untrusted.js';
import { ModelError } from '../../error.js';

/** What preprocessor_config.json says of a log-mel spectrogram, in full. */
export interface LogMelSettings {
  /** Samples in a second. */
  readonly rate: number;
  /** Bands of the mel scale. */
  readonly bands: number;
  /** Samples of a window that a spectrum is made of, and from one window to the next. */
  readonly window: number;
  readonly hop: number;
  /** Samples that are read at a time; shorter recordings are filled up. */
  readonly samples: number;
  /** With what. */
  readonly filling: number;
}

const known = new Set([
  'feature_size',
  'sampling_rate',
  'hop_length',
  'chunk_length',
  'n_fft',
  'padding_value',
]);

/** What says nothing of the numbers, or follows from what does. */
const harmless = new Set([
  'auto_map',
  'feature_extractor_type',
  'image_processor_type',
  'model_input_names',
  'processor_class',
  'return_attention_mask',
  'return_tensors',
  'transformers_version',
  // Made anew from the rest by transformers, whatever stands there.
  'mel_filters',
  'n_samples',
  'nb_max_frames',
]);

/** Sizes that no model comes near; beyond them a setting is a mistake or an attack. */
const most = { rate: 384_000, bands: 1024, window: 65_536, samples: 2 ** 24, frames: 65_536 };

/**
 * Reads preprocessor_config.json as transformers' `WhisperFeatureExtractor` does, with its defaults.
 * @param where the file, to begin messages: "tiny-whisper: preprocessor_config.json"
 * @throws ModelError naming what is unknown and changes the numbers, or makes no sense
 */
export function logMelSettings(value: Json, where: string): LogMelSettings {
  if (!isRecord(value)) throw new ModelError(`${where} is not a JSON object.`);
  const kind = value['feature_extractor_type'] ?? 'WhisperFeatureExtractor';
  if (kind !== 'WhisperFeatureExtractor' && kind !== 'WhisperProcessor') {
    throw new ModelError(
      `${where} is for ${quoted(typeof kind === 'string' ? kind : JSON.stringify(kind))}; "WhisperFeatureExtractor" can be followed.`,
    );
  }
  for (const [name, setting] of Object.entries(value)) {
    if (known.has(name) || harmless.has(name) || setting === null || setting === false) continue;
    if (name === 'dither' && setting === 0) continue;
    if (name === 'padding_side' && setting === 'right') continue;
    if (name === 'dither' || name === 'padding_side') {
      throw new ModelError(
        `${where} says that ${quoted(name)} is ${JSON.stringify(setting)}, which is not followed here.`,
      );
    }
    throw new ModelError(
      `${where} says ${quoted(name)}, which is not known here and may change the spectrogram; it cannot be left out.`,
    );
  }
  const count = (name: string, standard: number, limit: number): number => {
    const setting = value[name] ?? standard;
    if (typeof setting === 'number' && Number.isInteger(setting) && setting >= 1 && setting <= limit)
      return setting;
    throw new ModelError(
      `${where} says that ${quoted(name)} is ${JSON.stringify(setting)}; a whole number from 1 to ${limit} is meant.`,
    );
  };
  const filling = value['padding_value'] ?? 0;
  if (typeof filling !== 'number' || !Number.isFinite(filling)) {
    throw new ModelError(
      `${where} says that "padding_value" is ${JSON.stringify(filling)}; a number is meant.`,
    );
  }
  const rate = count('sampling_rate', 16_000, most.rate);
  const settings: LogMelSettings = {
    rate,
    bands: count('feature_size', 80, most.bands),
    window: count('n_fft', 400, most.window),
    hop: count('hop_length', 160, most.window),
    samples: count('chunk_length', 30, Math.floor(most.samples / rate)) * rate,
    filling,
  };
  const frames = Math.floor(settings.samples / settings.hop);
  if (frames < 1 || frames > most.frames || settings.window >= 2 * settings.samples) {
    throw new ModelError(
      `${where} makes ${frames} frames of ${settings.samples} samples, ${settings.window} a window; 1 to ${most.frames} frames are read.`,
    );
  }
  return settings;
}
