import type { Json } from '../formats/json-text.js';
import { listOf, type Config } from './config.js';
import { isRecord } from '../common/values.js';

/** A checkpoint's settings of generation. */
export interface Generation {
  /** The tokens that end a text. */
  readonly endings: ReadonlySet<number>;
  /** What a decoder reads before the first token that it writes. */
  readonly start: number | undefined;
  /** The first token that it writes, whatever it predicts. */
  readonly first: number | undefined;
  /** Never written. */
  readonly banned: ReadonlySet<number>;
  /** Settings that are not supported here: beam search, length limits, penalties for repetition. */
  readonly left: readonly string[];
}

/** Settings of generation that search over several texts, or change the model's logits. */
const searching: readonly (readonly [name: string, unset: readonly number[]])[] = [
  ['num_beams', [1]],
  ['no_repeat_ngram_size', [0]],
  ['repetition_penalty', [1]],
  ['min_length', [0]],
  ['length_penalty', [1]],
];

/** @param generation generation_config.json, where there is one; older checkpoints say the same in config.json. */
export function generationOf(generation: Json | undefined, config: Config): Generation {
  const own = isRecord(generation) ? generation : {};
  const numbers = (name: string): readonly number[] => {
    const found = own[name];
    if (found === undefined || found === null) return config.numbers(name);
    return typeof found === 'number' ? [found] : listOf(found).filter(isNumber);
  };
  const sequences =
    own['bad_words_ids'] === undefined ? config.list('bad_words_ids') : listOf(own['bad_words_ids']);
  const words = sequences.map(listOf).filter(({ length }) => length === 1);
  const left = searching.flatMap(([name, unset]) => {
    const [value] = numbers(name);
    const matters = value !== undefined && !unset.includes(value);
    // A length penalty applies only to beam search.
    const weighed = name !== 'length_penalty' || (numbers('num_beams')[0] ?? 1) > 1;
    return matters && weighed ? [`${name} ${value}`] : [];
  });
  return {
    endings: new Set(numbers('eos_token_id')),
    start: numbers('decoder_start_token_id')[0],
    first: numbers('forced_bos_token_id')[0],
    banned: new Set([...numbers('suppress_tokens'), ...words.flat().filter(isNumber)]),
    left,
  };
}

function isNumber(value: Json): value is number {
  return typeof value === 'number';
}
