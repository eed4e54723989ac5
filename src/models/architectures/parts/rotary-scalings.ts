import { quoted } from '../../../formats/untrusted.js';
import type { Config } from '../../config.js';
import { ModelError } from '../../error.js';

/** Where settings of rotary positions are found. */
interface LookUp {
  /** The settings that say something under a name. */
  readonly saying: (name: string) => Config | undefined;
  readonly config: Config;
  /** The longest text of the first training, and of this model. */
  readonly context: number;
  readonly longest: () => number;
}

/** YaRN: slow pairs are slowed down, fast ones stay, and turned features grow: Peng et al. 2023. */
export interface Yarn {
  readonly factor: number;
  /** The pairs between which one goes over into the other. */
  readonly from: number;
  readonly to: number;
  /** What turned features are multiplied by: √(1 / t) of the paper. */
  readonly scale: number;
}

/**
 * Source: Peng et al. 2023, §3; transformers 5.24, _compute_yarn_parameters.
 * @param features how many of a head turn
 * @param flat the settings of all layers together
 * @throws ModelError where a setting makes no sense
 */
export function yarnOf(lookUp: LookUp, base: number, features: number, flat: Config | undefined): Yarn {
  const { saying, context, longest } = lookUp;
  const positive = (name: string, standard: number): number =>
    saying(name)?.positive(name, standard) ?? standard;
  const factor = saying('factor')?.positive('factor', 1) ?? longest() / context;
  const grown = (by: number): number => (factor <= 1 ? 1 : 0.1 * by * Math.log(factor) + 1);
  const [own, all] = ['mscale', 'mscale_all_dim'].map((name) => numberIn(saying, name));
  const usual =
    own !== undefined && all !== undefined && own !== 0 && all !== 0 ? grown(own) / grown(all) : grown(1);
  // The pair that turns so many times within the first context.
  const pairAt = (turns: number): number =>
    (features * Math.log(context / (turns * 2 * Math.PI))) / (2 * Math.log(base));
  const [low, high] = [
    pairAt(orElse(numberIn(saying, 'beta_fast'), 32)),
    pairAt(orElse(numberIn(saying, 'beta_slow'), 1)),
  ];
  const rounds = flat?.flag('truncate', true) ?? true;
  const from = Math.max(rounds ? Math.floor(low) : low, 0);
  const to = Math.min(rounds ? Math.ceil(high) : high, features - 1);
  return { factor, from, to: from === to ? to + 0.001 : to, scale: positive('attention_factor', usual) };
}

/** How fast a pair turns, of `plain` radians from one position to the next. */
export function yarnSpeed({ factor, from, to }: Yarn, plain: number, pair: number): number {
  const slow = Math.min(1, Math.max(0, (pair - from) / (to - from)));
  return (plain / factor) * slow + plain * (1 - slow);
}

/** LongRoPE: each pair has divisors of its own for short and for long texts: Ding et al. 2024. */
export interface Longrope {
  readonly short: readonly number[];
  readonly long: readonly number[];
  /** What turned features are multiplied by. */
  readonly scale: number;
}

/**
 * Source: transformers 5.24, _compute_longrope_parameters.
 * @param pairs how many turn
 * @throws ModelError where a list does not have as many positive numbers
 */
export function longropeOf({ saying, config, context, longest }: LookUp, pairs: number): Longrope {
  const list = (name: string): readonly number[] => {
    const numbers = saying(name)?.numbers(name) ?? [];
    if (numbers.length !== pairs || !numbers.every((each) => each > 0)) {
      throw new ModelError(
        `${config.where} scales rotary positions by LongRoPE, whose ${quoted(name)} has ${numbers.length} numbers; ${pairs} positive ones are needed, one for each pair of features that turn.`,
      );
    }
    return numbers;
  };
  const factor = saying('factor')?.positive('factor', 1) ?? longest() / context;
  const usual = factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(context));
  return {
    short: list('short_factor'),
    long: list('long_factor'),
    scale: saying('attention_factor')?.positive('attention_factor', usual) ?? usual,
  };
}

const numberIn = (saying: LookUp['saying'], name: string): number | undefined =>
  saying(name)?.numbers(name)[0];

/** Zero is nothing, as in Python's `or`. */
const orElse = (value: number | undefined, standard: number): number =>
  value === undefined || !(value > 0) ? standard : value;
