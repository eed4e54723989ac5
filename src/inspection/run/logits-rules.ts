import type { LogitsSettings, SequenceBias } from '../../models/index.js';

/** Where the rules are used. */
export interface LogitsContext {
  /** How many tokens were read before the first that is written. */
  readonly prompt: number;
  /** What the encoder read; for a model without one, the prompt. */
  readonly source: readonly number[];
  /** The tokens that end a text. */
  readonly endings: ReadonlySet<number>;
}

/**
 * Changes the logits of the next token as a checkpoint's settings say, in the order and the arithmetic of transformers'
 * logits processors (generation/logits_process.py, 5.24).
 */
export class LogitsRules {
  private readonly biases: readonly SequenceBias[];
  private readonly badWords: readonly SequenceBias[];
  private readonly sourceNgrams: Ngrams | undefined;

  constructor(
    private readonly settings: LogitsSettings,
    private readonly context: LogitsContext,
  ) {
    // A sequence that is said twice counts as it is said last.
    this.biases = [
      ...new Map((settings.sequenceBias ?? []).map((each) => [each.tokens.join(), each])).values(),
    ];
    const words = new Map((settings.badWords ?? []).map((tokens) => [tokens.join(), tokens]));
    this.badWords = [...words.values()]
      .filter(([only = -1, ...others]) => others.length > 0 || !context.endings.has(only))
      .map((tokens) => ({ tokens, bias: -Infinity }));
    const { encoderNoRepeatNgramSize: size } = settings;
    this.sourceNgrams = size === undefined ? undefined : new Ngrams(size, context.source);
  }

  /**
   * @param logits changed in place // (vocabulary)
   * @param ids all tokens so far
   * @param most how many tokens there are at most in the end
   */
  apply(logits: Float32Array, ids: readonly number[], most: number): void {
    const { settings, context } = this;
    const { prompt, endings } = context;
    addBiases(logits, ids, this.biases);
    if (settings.encoderRepetitionPenalty !== undefined) {
      penalize(logits, context.source, 1 / settings.encoderRepetitionPenalty);
    }
    if (settings.repetitionPenalty !== undefined) penalize(logits, ids, settings.repetitionPenalty);
    if (settings.noRepeatNgramSize !== undefined) {
      ban(logits, new Ngrams(settings.noRepeatNgramSize, ids).after(ids));
    }
    if (this.sourceNgrams !== undefined) ban(logits, this.sourceNgrams.after(ids));
    addBiases(logits, ids, this.badWords);
    const { minLength = 0, minNewTokens = 0 } = settings;
    // The number of new tokens takes precedence over that of all.
    const least = minNewTokens > 0 ? prompt + minNewTokens : minLength;
    if (ids.length < least) ban(logits, endings);
    if (settings.forcedFirst !== undefined && ids.length === 1) force(logits, [settings.forcedFirst]);
    if (settings.forcedEndings !== undefined && ids.length === most - 1)
      force(logits, settings.forcedEndings);
    if (settings.removeInvalid === true) logits.forEach((logit, id) => (logits[id] = finite(logit)));
    if (settings.lengthDecay !== undefined) this.decay(logits, ids.length, settings.lengthDecay);
    ban(logits, settings.suppressed ?? []);
    const waits = prompt === 1 && settings.forcedFirst !== undefined;
    if (ids.length === (waits ? prompt + 1 : prompt)) ban(logits, settings.suppressedFirst ?? []);
  }

  private decay(
    logits: Float32Array,
    length: number,
    { after, factor }: NonNullable<LogitsSettings['lengthDecay']>,
  ): void {
    const beyond = length - after - this.context.prompt;
    if (beyond <= 0) return;
    for (const id of this.context.endings) {
      const logit = logits[id];
      if (logit !== undefined && Number.isFinite(logit)) {
        logits[id] = logit + Math.abs(logit) * (factor ** beyond - 1);
      }
    }
  }
}

/** What followed each sequence of n − 1 tokens. */
class Ngrams {
  private readonly followers = new Map<string, number[]>();

  constructor(
    private readonly size: number,
    ids: readonly number[],
  ) {
    for (let start = 0; start + size <= ids.length; start++) {
      const key = ids.slice(start, start + size - 1).join();
      const followers = this.followers.get(key) ?? [];
      followers.push(ids[start + size - 1] ?? -1);
      this.followers.set(key, followers);
    }
  }

  /** What would complete one of them behind these tokens. */
  after(ids: readonly number[]): readonly number[] {
    const start = ids.length + 1 - this.size;
    return start < 0 ? [] : (this.followers.get(ids.slice(start).join()) ?? []);
  }
}

function addBiases(logits: Float32Array, ids: readonly number[], biases: readonly SequenceBias[]): void {
  if (biases.length === 0) return;
  const sums = new Map<number, number>();
  for (const { tokens, bias } of biases) {
    const before = tokens.slice(0, -1);
    const start = ids.length - before.length;
    const last = tokens.at(-1);
    if (last === undefined || start < 0 || before.some((id, at) => ids[start + at] !== id)) continue;
    sums.set(last, (sums.get(last) ?? 0) + bias);
  }
  for (const [id, bias] of sums) logits[id] = (logits[id] ?? 0) + bias;
}

/** Each token once, however often it stands there. */
function penalize(logits: Float32Array, ids: readonly number[], penalty: number): void {
  const factor = Math.fround(penalty);
  for (const id of new Set(ids)) {
    const logit = logits[id];
    if (logit !== undefined) logits[id] = logit < 0 ? logit * factor : logit / factor;
  }
}

function ban(logits: Float32Array, ids: Iterable<number>): void {
  for (const id of ids) if (id >= 0 && id < logits.length) logits[id] = -Infinity;
}

function force(logits: Float32Array, ids: readonly number[]): void {
  logits.fill(-Infinity);
  for (const id of ids) logits[id] = 0;
}

const largest = 3.4028234663852886e38;

function finite(logit: number): number {
  return Number.isNaN(logit) ? 0 : Math.max(-largest, Math.min(largest, logit));
}
