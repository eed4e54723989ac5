import type { Json } from '../formats/json-text.js';
import { isRecord } from '../common/values.js';
import { listOf, type Config } from './config.js';

/** A checkpoint's settings of generation. */
export interface Generation {
  /** The tokens that end a text. */
  readonly endings: ReadonlySet<number>;
  /** What a decoder reads before the first token that it writes. */
  readonly start: number | undefined;
  /** The first token that it writes, whatever it predicts. */
  readonly first: number | undefined;
  /** What changes the logits before a token is chosen. */
  readonly rules: LogitsSettings;
  /** The settings behind `rules`, with their values: "repetition_penalty 1.3". */
  readonly followed: readonly string[];
  /** Settings that are not followed, with their values: "num_beams 4". @param drawn whether tokens are drawn here */
  left(drawn: boolean): readonly string[];
}

/** A sequence of tokens, and what is added to the logit of its last one where the others stand before it. */
export interface SequenceBias {
  readonly tokens: readonly number[];
  readonly bias: number;
}

/** What transformers calls logits processors, in its own names and units. */
export interface LogitsSettings {
  readonly sequenceBias?: readonly SequenceBias[];
  readonly encoderRepetitionPenalty?: number;
  readonly repetitionPenalty?: number;
  readonly noRepeatNgramSize?: number;
  readonly encoderNoRepeatNgramSize?: number;
  readonly badWords?: readonly (readonly number[])[];
  /** In tokens, those that were read before included. */
  readonly minLength?: number;
  readonly minNewTokens?: number;
  readonly forcedFirst?: number;
  /** What stands last where as many tokens as were wanted were written. */
  readonly forcedEndings?: readonly number[];
  readonly removeInvalid?: true;
  /** After so many new tokens the logits of those that end a text grow by this factor with each. */
  readonly lengthDecay?: { readonly after: number; readonly factor: number };
  readonly suppressed?: readonly number[];
  readonly suppressedFirst?: readonly number[];
}

/** What one setting comes to: nothing where it changes nothing; undefined where it cannot be followed. */
type Reader = (value: Json, vocabulary: number) => LogitsSettings | 'idle' | undefined;

/** Every setting that changes logits and is followed here. */
const readers: Readonly<Record<string, Reader>> = {
  sequence_bias(value, vocabulary) {
    const entries = listOf(value).map((entry) => {
      const [sequence, bias] = listOf(entry);
      const tokens = idsIn(sequence, vocabulary);
      return tokens.length > 0 && tokens.length === listOf(sequence).length && typeof bias === 'number'
        ? { tokens, bias }
        : undefined;
    });
    const read = entries.filter((entry) => entry !== undefined);
    return read.length === entries.length && read.length > 0 ? { sequenceBias: read } : undefined;
  },
  encoder_repetition_penalty: penalty((encoderRepetitionPenalty) => ({ encoderRepetitionPenalty })),
  repetition_penalty: penalty((repetitionPenalty) => ({ repetitionPenalty })),
  no_repeat_ngram_size: count((noRepeatNgramSize) => ({ noRepeatNgramSize })),
  encoder_no_repeat_ngram_size: count((encoderNoRepeatNgramSize) => ({ encoderNoRepeatNgramSize })),
  bad_words_ids(value, vocabulary) {
    const words = listOf(value).map((word) => idsIn(word, vocabulary));
    const whole = words.every(
      (word, at) => word.length > 0 && word.length === listOf(listOf(value)[at]).length,
    );
    return whole && words.length > 0 ? { badWords: words } : undefined;
  },
  min_length: count((minLength) => ({ minLength })),
  min_new_tokens: count((minNewTokens) => ({ minNewTokens })),
  forced_bos_token_id(value, vocabulary) {
    return isToken(value, vocabulary) ? { forcedFirst: value } : undefined;
  },
  forced_eos_token_id(value, vocabulary) {
    const forcedEndings = idsIn(typeof value === 'number' ? [value] : value, vocabulary);
    return forcedEndings.length > 0 ? { forcedEndings } : undefined;
  },
  remove_invalid_values: (value) => (value === true ? { removeInvalid: true } : 'idle'),
  exponential_decay_length_penalty(value) {
    const [after, factor] = listOf(value);
    return typeof after === 'number' && typeof factor === 'number' && factor > 0
      ? { lengthDecay: { after, factor } }
      : undefined;
  },
  suppress_tokens: (value) => suppression(value, (suppressed) => ({ suppressed })),
  begin_suppress_tokens: (value) => suppression(value, (suppressedFirst) => ({ suppressedFirst })),
};

/** What is said, and changes nothing of which token comes next; lengths are chosen by the reader. */
const idle: ReadonlySet<string> = new Set([
  ...['max_length', 'max_new_tokens', 'use_cache', 'cache_implementation', 'cache_config', 'max_cache_len'],
  ...['pad_token_id', 'bos_token_id', 'eos_token_id', 'decoder_start_token_id', 'transformers_version'],
  ...['output_attentions', 'output_hidden_states', 'output_scores', 'output_logits', 'renormalize_logits'],
  ...['return_dict_in_generate', 'compile_config', 'disable_compile', 'low_memory', 'prefill_chunk_size'],
  ...['_from_model_config', '_commit_hash', 'is_assistant', 'continuous_batching_config'],
  // Drafts by another model or by look-up are checked: the tokens are the same.
  ...['num_assistant_tokens', 'num_assistant_tokens_schedule', 'assistant_confidence_threshold'],
  ...['prompt_lookup_num_tokens', 'max_matching_ngram_size', 'assistant_early_exit', 'assistant_lookbehind'],
  ...['target_lookbehind', 'assistant_ensemble_weight', 'speculation_type', 'use_mtp'],
]);

/** Of drawing: they matter only where tokens are drawn. What the reader chooses here as well comes first. */
const chosen = { temperature: 1, top_p: 1 } as const;
const drawing: Readonly<Record<string, (value: Json) => boolean>> = {
  ...Object.fromEntries(
    Object.entries(chosen).map(([name, unset]) => [name, (value: Json) => value !== unset]),
  ),
  top_k: (value) => value !== 0,
  min_p: () => true,
  top_h: () => true,
  typical_p: (value) => value !== 1,
  epsilon_cutoff: (value) => value !== 0,
  eta_cutoff: (value) => value !== 0,
};

/** Settings that cannot be followed, and when they say anything. */
const searching: Readonly<Record<string, (value: Json, has: (name: string) => boolean) => boolean>> = {
  num_beams: (value) => value !== 1,
  num_beam_groups: (value) => value !== 1,
  length_penalty: (value, has) => value !== 1 && has('num_beams'),
  early_stopping: (value, has) => value !== false && has('num_beams'),
  diversity_penalty: (value) => value !== 0,
  num_return_sequences: (value) => value !== 1,
  penalty_alpha: (value) => value !== 0,
  guidance_scale: (value) => value !== 1,
  token_healing: (value) => value !== false,
  max_time: () => true,
  stop_strings: () => true,
  dola_layers: () => true,
  constraints: () => true,
  force_words_ids: () => true,
  watermarking_config: () => true,
  forced_decoder_ids: (value) => listOf(value).length > 0,
};

/**
 * As transformers reads them: generation_config.json alone where there is one; older checkpoints say the same in config.json.
 * @param vocabulary token ids are below it
 */
export function generationOf(generation: Json | undefined, config: Config, vocabulary: number): Generation {
  const own = isRecord(generation) ? generation : undefined;
  const get = (name: string): Json | undefined =>
    own === undefined ? config.raw(name) : (own[name] ?? undefined);
  const numbers = (name: string): readonly number[] => {
    const value = get(name);
    return typeof value === 'number' ? [value] : listOf(value).filter(isNumber);
  };

  const rules: LogitsSettings[] = [];
  const followed: string[] = [];
  const unread: string[] = [];
  for (const [name, read] of Object.entries(readers)) {
    const value = get(name);
    if (value === undefined) continue;
    const found = read(value, vocabulary);
    if (found === 'idle') continue;
    (found === undefined ? unread : followed).push(told(name, value));
    if (found !== undefined) rules.push(found);
  }
  // BART's first checkpoints say it this way, and only config.json can.
  if (own === undefined && get('force_bos_token_to_be_generated') === true) {
    const [first] = numbers('bos_token_id');
    if (first !== undefined) {
      rules.push({ forcedFirst: first });
      followed.push(told('force_bos_token_to_be_generated', true));
    }
  }
  const settings = rules.reduce<LogitsSettings>((all, each) => ({ ...all, ...each }), {});
  const has = (name: string): boolean => {
    const value = get(name);
    return value !== undefined && searching[name]?.(value, () => false) === true;
  };
  const saying = (
    names: Readonly<Record<string, (value: Json, has: (name: string) => boolean) => boolean>>,
  ): string[] =>
    Object.entries(names).flatMap(([name, matters]) => {
      const value = get(name);
      return value !== undefined && matters(value, has) ? [told(name, value)] : [];
    });
  // config.json says much that is not about generation.
  const unknown = Object.entries(own ?? {}).flatMap(([name, value]) =>
    value === null || isKnown(name) ? [] : [told(name, value)],
  );
  return {
    endings: new Set(numbers('eos_token_id')),
    start: numbers('decoder_start_token_id')[0] ?? numbers('bos_token_id')[0],
    first: settings.forcedFirst,
    rules: settings,
    followed,
    left(drawn) {
      const draws = get('do_sample') === true;
      const warping = draws ? saying(drawing).filter((each) => !drawn || !isChosen(each)) : [];
      return [
        ...saying(searching),
        ...(draws && !drawn ? [told('do_sample', true)] : []),
        ...warping,
        ...unread,
        ...unknown,
      ];
    },
  };
}

function isKnown(name: string): boolean {
  return (
    name === 'do_sample' ||
    idle.has(name) ||
    [readers, drawing, searching].some((each) => Object.hasOwn(each, name))
  );
}

function isChosen(setting: string): boolean {
  return Object.keys(chosen).some((name) => setting.startsWith(`${name} `));
}

/** A setting and its value, in a few words. */
function told(name: string, value: Json): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  if (text.length <= 40) return `${name} ${text}`;
  return `${name} (${Array.isArray(value) ? `${value.length} entries` : 'an object'})`;
}

function penalty(settings: (value: number) => LogitsSettings): Reader {
  return (value) => {
    if (value === 1) return 'idle';
    return typeof value === 'number' && value > 0 ? settings(value) : undefined;
  };
}

function count(settings: (value: number) => LogitsSettings): Reader {
  return (value) => {
    if (value === 0) return 'idle';
    return isNumber(value) && Number.isInteger(value) && value > 0 ? settings(value) : undefined;
  };
}

/** Numbers that are no token of the vocabulary, such as −1, suppress nothing. */
function suppression(
  value: Json,
  settings: (ids: readonly number[]) => LogitsSettings,
): LogitsSettings | 'idle' | undefined {
  if (!Array.isArray(value)) return undefined;
  const ids = listOf(value).filter(isNumber);
  if (ids.length !== value.length) return undefined;
  return ids.length === 0 ? 'idle' : settings(ids);
}

function idsIn(value: Json | undefined, vocabulary: number): readonly number[] {
  return listOf(value).filter((each) => isToken(each, vocabulary));
}

function isToken(value: Json | undefined, vocabulary: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < vocabulary;
}

function isNumber(value: Json): value is number {
  return typeof value === 'number';
}
