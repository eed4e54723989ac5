import type { RotaryForm } from '../../../engine/ops/index.js';
import type { Config } from '../../config.js';
import { quoted } from '../../../formats/untrusted.js';
import { ModelError } from '../../error.js';

const kinds = ['default', 'linear', 'dynamic', 'llama3'] as const;

/** The tensor of a GGUF file that has what each pair's speed is divided by; such a file says no kind. */
export const divisorsName = 'rope_freqs.weight';

/** Rotary positions as a configuration says them. */
export interface RotarySettings {
  readonly kind: (typeof kinds)[number] | 'divided';
  readonly base: number;
  /** How many of a head's features turn. */
  readonly size: number;
  /** How much longer texts may be than those the model was first trained on. */
  readonly factor: number;
  /** Of "llama3": where frequencies count as low and as high, in wavelengths per first context. */
  readonly low: number;
  readonly high: number;
  /** The longest text that the frequencies were first made for. */
  readonly context: number;
  /** Of "divided": what the speed of each pair is divided by. */
  readonly divisors: readonly number[];
}

/** What families differ in. */
export interface RotaryStandards {
  /** Of one head, d_k. */
  readonly size: number;
  readonly base?: number;
  /** The share of features that turn. */
  readonly share?: number;
  /** What older configurations call the base and the share. */
  readonly names?: { readonly base?: string; readonly share?: string };
  /** The kind of layer whose settings are meant, where kinds have their own. */
  readonly layers?: string;
  /** Layers that older configurations leave out of "rope_scaling". */
  readonly unscaled?: boolean;
}

/**
 * Reads "rope_parameters", or what stood for it before: "rope_theta", "rope_scaling", "partial_rotary_factor".
 * @throws ModelError when a scaling is not known here, or makes no sense
 */
export function rotarySettings(config: Config, defaults: RotaryStandards): RotarySettings {
  const { size, layers } = defaults;
  const names = { base: 'rope_theta', share: 'partial_rotary_factor', ...defaults.names };
  const parameters = config.section('rope_parameters');
  const own =
    (layers === undefined ? undefined : parameters?.section(layers)) ??
    parameters ??
    (defaults.unscaled === true ? undefined : config.section('rope_scaling'));
  const where = (name: string, older: string): [Config, string] =>
    own?.says(name) === true ? [own, name] : [config, older];

  const [baseConfig, baseName] = where('rope_theta', names.base);
  const base = baseConfig.positive(baseName, defaults.base ?? 10_000);
  const [shareConfig, shareName] = where('partial_rotary_factor', names.share);
  const share = Math.min(1, shareConfig.positive(shareName, defaults.share ?? 1));
  // In the oldest configurations the kind of scaling is called "type".
  const said = own?.choice(own.says('rope_type') ? 'rope_type' : 'type', kinds, 'default') ?? 'default';
  const kind = own?.says(divisorsName) === true ? 'divided' : said;
  const divisors = kind === 'divided' ? (own?.numbers(divisorsName) ?? []) : [];
  const turning = 2 * Math.ceil(Math.floor(size * share) / 2);
  if (kind === 'divided' && !(divisors.length === turning / 2 && divisors.every((each) => each > 0))) {
    throw new ModelError(
      `${config.where} belongs to a tensor ${quoted(divisorsName)} of ${divisors.length} numbers, but ${turning / 2} positive ones are needed, one for each pair of features that turn.`,
    );
  }
  const positions = { from: 1, to: 16_777_216 };
  const [contextConfig, contextName] = where('original_max_position_embeddings', 'max_position_embeddings');
  return {
    kind,
    base,
    size: turning,
    divisors,
    factor: kind === 'default' ? 1 : (own?.positive('factor', 1) ?? 1),
    low: own?.positive('low_freq_factor', 1) ?? 1,
    high: own?.positive('high_freq_factor', 4) ?? 4,
    context: kind === 'default' || kind === 'divided' ? 1 : contextConfig.count(contextName, positions),
  };
}

/** How the features of a head turn in a text of `tokens` tokens. @param size of one head, d_k */
export function rotaryForm(settings: RotarySettings, size: number, tokens: number): RotaryForm {
  const { kind, base } = settings;
  const plain = { pairs: 'halves', base } as const;
  if (kind === 'default' && settings.size === size) return plain;
  const pairs = Array.from({ length: settings.size / 2 }, (_, pair) => pair);
  const speeds = pairs.map((pair) => speedOf(settings, pair, tokens));
  return { ...plain, speeds };
}

function speedOf(settings: RotarySettings, pair: number, tokens: number): number {
  const { kind, base, size, factor, low, high, context, divisors } = settings;
  const plain = base ** ((-2 * pair) / size);
  switch (kind) {
    case 'default':
      return plain;
    // Positions are pressed together (Chen et al. 2023).
    case 'linear':
      return plain / factor;
    // Each pair has a divisor of its own (llama.cpp keeps the scaling of Llama 3.1 so).
    case 'divided':
      return plain / (divisors[pair] ?? 1);
    // The base grows with the text, beyond the first context ("NTK-aware", bloc97 2023).
    case 'dynamic': {
      const longer = (factor * Math.max(tokens, context)) / context - (factor - 1);
      return (base * longer ** (size / (size - 2))) ** ((-2 * pair) / size);
    }
    // Slow pairs are slowed down, fast ones stay, those between go from one to the other (Llama 3.1).
    case 'llama3': {
      const turns = (context * plain) / (2 * Math.PI);
      const share = Math.min(1, Math.max(0, (turns - low) / (high - low)));
      return (1 - share) * (plain / factor) + share * plain;
    }
  }
}
