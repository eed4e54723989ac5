import type { RotaryForm } from '../../../engine/ops/index.js';
import type { Config } from '../../config.js';
import { quoted } from '../../../formats/untrusted.js';
import { ModelError } from '../../error.js';
import { longropeOf, yarnOf, yarnSpeed, type Longrope, type Yarn } from './rotary-scalings.js';

const kinds = ['default', 'linear', 'dynamic', 'llama3', 'yarn', 'longrope'] as const;

/** The tensor of a GGUF file that has what each pair's speed is divided by; such a file says no kind. */
export const divisorsName = 'rope_freqs.weight';

/** Rotary positions as a configuration says them. */
export interface RotarySettings {
  readonly kind: (typeof kinds)[number] | 'divided';
  readonly base: number;
  /** How many of a head's features turn: whole pairs. */
  readonly size: number;
  /** How many should turn, by which the speed of each pair is reckoned; transformers rounds it up to pairs only then. */
  readonly features: number;
  /** How much longer texts may be than those the model was first trained on. */
  readonly factor: number;
  /** Of "llama3": where frequencies count as low and as high, in wavelengths per first context. */
  readonly low: number;
  readonly high: number;
  /** The longest text that the frequencies were first made for. */
  readonly context: number;
  /** Of "divided": what the speed of each pair is divided by. */
  readonly divisors: readonly number[];
  readonly yarn: Yarn | undefined;
  readonly longrope: Longrope | undefined;
}

/** What families differ in. */
export interface RotaryStandards {
  /** Of one head, d_k. */
  readonly size: number;
  readonly base?: number;
  /** The share of features that turn; where it is left out the family has no code for a share. */
  readonly share?: number;
  /** What older configurations call the base and the share. */
  readonly names?: { readonly base?: string; readonly share?: string };
  /** The kind of layer whose settings are meant, where kinds have their own. */
  readonly layers?: string;
  /** What older configurations call a kind of scaling. */
  readonly kinds?: Readonly<Record<string, 'longrope'>>;
  /** Layers that older configurations leave out of "rope_scaling". */
  readonly unscaled?: boolean;
}

/**
 * Reads "rope_parameters", or what stood for it before: "rope_theta", "rope_scaling", "partial_rotary_factor". Where both are
 * said, the older "rope_scaling" wins, as in transformers.
 * @throws ModelError when a scaling is not known here, or makes no sense
 */
export function rotarySettings(config: Config, defaults: RotaryStandards): RotarySettings {
  const { size, layers } = defaults;
  const names = { base: 'rope_theta', share: 'partial_rotary_factor', ...defaults.names };
  const scaling = config.section('rope_scaling');
  const scaled = scaling?.isEmpty === true || defaults.unscaled === true ? undefined : scaling;
  const parameters = config.section('rope_parameters');
  const sections = layers === undefined ? [scaled ?? parameters] : [scaled, parameters?.section(layers)];
  const saying = (name: string): Config | undefined => sections.find((each) => each?.says(name) === true);
  const where = (name: string, older: string): readonly [Config, string] => {
    const own = saying(name);
    return own === undefined ? [config, older] : [own, name];
  };

  const [baseConfig, baseName] = where('rope_theta', names.base);
  const base = baseConfig.positive(baseName, defaults.base ?? 10_000);
  const [shareConfig, shareName] = where('partial_rotary_factor', names.share);
  const share = Math.min(1, shareConfig.positive(shareName, defaults.share ?? 1));
  // In the oldest configurations the kind of scaling is called "type"; where layers have kinds of their own, each has a standard.
  const typed = layers === undefined || parameters?.section(layers) !== undefined;
  const kindName = typed && saying('rope_type') === undefined ? 'type' : 'rope_type';
  const told = saying(kindName);
  const raw = told?.raw(kindName);
  const older = typeof raw === 'string' ? defaults.kinds?.[raw] : undefined;
  const said = older ?? told?.choice(kindName, kinds, 'default') ?? 'default';
  const kind = saying(divisorsName) === undefined ? said : 'divided';
  // What scales the frequencies heeds a share in every family; what turns the features does so only in those that have one.
  const isShared = defaults.share !== undefined || (kind !== 'default' && kind !== 'divided');
  const features = isShared ? Math.floor(size * share) : size;
  const turning = 2 * Math.ceil(features / 2);
  if (turning > size) {
    throw new ModelError(
      `${config.where} turns pairs of features, but a head has ${size} of them, which is not even.`,
    );
  }
  if (defaults.share === undefined && turning !== size) {
    throw new ModelError(
      `${config.where} scales rotary positions and lets ${turning} of ${size} features turn, for which this family has no code in transformers.`,
    );
  }
  const divisors = kind === 'divided' ? (saying(divisorsName)?.numbers(divisorsName) ?? []) : [];
  if (kind === 'divided' && !(divisors.length === turning / 2 && divisors.every((each) => each > 0))) {
    throw new ModelError(
      `${config.where} belongs to a tensor ${quoted(divisorsName)} of ${divisors.length} numbers, but ${turning / 2} positive ones are needed, one for each pair of features that turn.`,
    );
  }
  const context = contextOf(config, kind, layers === undefined, saying('original_max_position_embeddings'));
  const longest = (): number => config.count('max_position_embeddings', positions);
  const lookUp = { saying, config, context, longest };
  return {
    kind,
    base,
    size: turning,
    features,
    divisors,
    factor: kind === 'default' ? 1 : (saying('factor')?.positive('factor', 1) ?? 1),
    low: saying('low_freq_factor')?.positive('low_freq_factor', 1) ?? 1,
    high: saying('high_freq_factor')?.positive('high_freq_factor', 4) ?? 4,
    context,
    yarn: kind === 'yarn' ? yarnOf(lookUp, base, features, scaled ?? parameters) : undefined,
    longrope: kind === 'longrope' ? longropeOf(lookUp, turning / 2) : undefined,
  };
}

const positions = { from: 1, to: 16_777_216 };

/** The first context: some kinds heed an original one, which stands beside the parameters or among them; others do not. */
function contextOf(
  config: Config,
  kind: RotarySettings['kind'],
  isFlat: boolean,
  own: Config | undefined,
): number {
  if (kind === 'default' || kind === 'divided') return 1;
  const [name, longest] = ['original_max_position_embeddings', 'max_position_embeddings'];
  if (kind === 'llama3' || kind === 'yarn' || kind === 'longrope') {
    if (isFlat && config.says(name)) return config.count(name, positions);
    if (own !== undefined) return own.count(name, positions);
  }
  return config.count(longest, positions);
}

/** Whether the angles of all positions change with the length of a text, of `positions` tokens at most. */
export const grows = ({ kind, context }: RotarySettings, positions: number): boolean =>
  kind === 'dynamic' || (kind === 'longrope' && positions > context);

/** Where a configuration asks for what other programs do and transformers does not, in sentences. */
export function rotaryRemarks(config: Config, defaults: RotaryStandards): string[] {
  const sections = ['rope_scaling', 'rope_parameters'].flatMap((name) => config.section(name) ?? []);
  const asks = (name: string, usual: number): boolean =>
    [config, ...sections].some((each) => each.says(name) && each.raw(name) !== usual);
  const { kind, context } = rotarySettings(config, defaults);
  return [
    ...(defaults.share === undefined && asks('partial_rotary_factor', 1) ? ['partial_rotary_factor'] : []),
    ...(kind === 'dynamic' && asks('original_max_position_embeddings', context)
      ? ['original_max_position_embeddings']
      : []),
  ].map(notHeeded);
}

/** Of a setting that some programs follow. */
export function notHeeded(name: string): string {
  return `The setting "${name}" is not followed: transformers does not heed it in this family, though other programs may.`;
}

/** How the features of a head turn in a text of `tokens` tokens. @param size of one head, d_k */
export function rotaryForm(settings: RotarySettings, size: number, tokens: number): RotaryForm {
  const { kind, base } = settings;
  const plain = { pairs: 'halves', base } as const;
  if (kind === 'default' && settings.features === size) return plain;
  const pairs = Array.from({ length: settings.size / 2 }, (_, pair) => pair);
  const speeds = pairs.map((pair) => speedOf(settings, pair, tokens));
  const scale = settings.yarn?.scale ?? settings.longrope?.scale ?? 1;
  return { ...plain, speeds, ...(scale !== 1 && { scale }) };
}

function speedOf(settings: RotarySettings, pair: number, tokens: number): number {
  const { kind, base, features, factor, low, high, context, divisors } = settings;
  const plain = base ** ((-2 * pair) / features);
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
      return (base * longer ** (features / (features - 2))) ** ((-2 * pair) / features);
    }
    case 'yarn':
      return settings.yarn === undefined ? plain : yarnSpeed(settings.yarn, plain, pair);
    // Each pair has a divisor of its own, and another one in texts beyond the first context (Ding et al. 2024).
    case 'longrope': {
      const { short = [], long = [] } = settings.longrope ?? {};
      return plain / ((tokens > context ? long : short)[pair] ?? 1);
    }
    // Slow pairs are slowed down, fast ones stay, those between go from one to the other (Llama 3.1).
    case 'llama3': {
      const turns = (context * plain) / (2 * Math.PI);
      const share = Math.min(1, Math.max(0, (turns - low) / (high - low)));
      return (1 - share) * (plain / factor) + share * plain;
    }
  }
}
