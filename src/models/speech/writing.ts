import { isRecord } from '../../common/values.js';
import type { Json } from '../../formats/json-text.js';
import { quoted } from '../../formats/untrusted.js';
import type { Config } from '../config.js';
import { ModelError } from '../error.js';

/** What a checkpoint says of how it writes down what it hears. */
export interface WritingSettings {
  readonly where: string;
  /** What is read before everything else, and what ends a text. */
  readonly start: number;
  readonly end: number;
  /** Says that no times are written; every token behind it is a time, each 0.02 s after the one before. */
  readonly untimed: number | undefined;
  /** Tokens by what they are called: "<|en|>"; none where the model knows one language alone. */
  readonly languages: ReadonlyMap<string, number>;
  /** "transcribe" and "translate". */
  readonly tasks: ReadonlyMap<string, number>;
  /** What the checkpoint asks for where a reader asks for nothing. */
  readonly language: string | undefined;
  readonly task: string | undefined;
  /** Whether it writes times where a reader says nothing of them. */
  readonly timed: boolean;
  /** What older checkpoints force at the places behind the first; undefined for one where nothing is said. */
  readonly forced: readonly (number | undefined)[];
  readonly suppressed: readonly number[];
  /** Of the first token that is written. */
  readonly suppressedFirst: readonly number[];
  /** The latest time that may stand first, in steps. */
  readonly latestFirst: number | undefined;
  /** Heads of the cross-attention that follow the sound; undefined where nothing is said. */
  readonly alignmentHeads: readonly { readonly layer: number; readonly head: number }[] | undefined;
}

/** What a reader asks for. */
export interface WritingChoice {
  /** "en" or "<|en|>"; what the checkpoint says, or what is heard, where left out. */
  readonly language?: string;
  readonly task?: string;
  readonly timed?: boolean;
}

/** What stands before the first token that is written. */
export interface Beginning {
  readonly tokens: readonly number[];
  /** The place of the language, where that has to be heard first: `languageHeard` of what is said after the tokens before it. */
  readonly listensAt?: number;
}

/**
 * Reads generation_config.json, or what config.json says where there is none, as transformers' Whisper does.
 * @param vocabulary token ids are below it
 * @throws ModelError where the tokens that begin and end a text are not said
 */
export function writingSettings(
  generation: Json | undefined,
  config: Config,
  vocabulary: number,
): WritingSettings {
  const own = isRecord(generation) ? generation : undefined;
  const get = (name: string): unknown => (own === undefined ? config.raw(name) : own[name]);
  const token = (value: unknown): number | undefined => (isToken(value, vocabulary) ? value : undefined);
  const tokens = (name: string): readonly number[] =>
    idsOf(get(name)).filter((each) => isToken(each, vocabulary));
  const named = (name: string): ReadonlyMap<string, number> => {
    const value = get(name);
    const entries = isRecord(value) ? Object.entries(value) : [];
    return new Map(entries.flatMap(([key, id]) => (isToken(id, vocabulary) ? [[key, id] as const] : [])));
  };
  const text = (name: string): string | undefined => {
    const value = get(name);
    return typeof value === 'string' ? value : undefined;
  };
  const { where } = config;
  const start = token(get('decoder_start_token_id'));
  const [end] = idsOf(get('eos_token_id'));
  if (start === undefined || !isToken(end, vocabulary)) {
    throw new ModelError(
      `${where}: neither it nor generation_config.json says which tokens begin and end a text ("decoder_start_token_id", "eos_token_id").`,
    );
  }
  const latest = get('max_initial_timestamp_index');
  return {
    where,
    start,
    end,
    untimed: token(get('no_timestamps_token_id')),
    languages: named('lang_to_id'),
    tasks: named('task_to_id'),
    language: text('language'),
    task: text('task'),
    timed: get('return_timestamps') === true && token(get('no_timestamps_token_id')) !== undefined,
    // config.json is asked as well, as transformers does.
    forced: forcedIn(get('forced_decoder_ids') ?? config.raw('forced_decoder_ids'), vocabulary, where),
    suppressed: tokens('suppress_tokens'),
    suppressedFirst: tokens('begin_suppress_tokens'),
    latestFirst: typeof latest === 'number' && latest >= 0 ? latest : undefined,
    alignmentHeads: headsIn(get('alignment_heads')),
  };
}

/**
 * As `generate` of transformers begins: start, language, task, and that no times are written.
 * @throws ModelError where the model does not know the language or the task, or cannot write times
 */
export function beginningOf(settings: WritingSettings, choice: WritingChoice = {}): Beginning {
  const { where, languages, tasks, untimed } = settings;
  const language = choice.language ?? settings.language;
  const task = choice.task ?? settings.task;
  const places: (number | undefined)[] = [settings.start];
  if (language === undefined && task === undefined) places.push(...settings.forced);
  let listens = false;
  if (language !== undefined) places[1] = languageToken(settings, language);
  else if (languages.size > 0 && places[1] === undefined) {
    listens = true;
    places[1] = settings.start;
  }
  if (task !== undefined) places.push(taskToken(settings, task));
  else if (
    language !== undefined &&
    tasks.size > 0 &&
    !places.some((each) => [...tasks.values()].includes(each ?? -1))
  ) {
    places.push(taskToken(settings, 'transcribe'));
  }
  const timed = choice.timed === true;
  if (timed && untimed === undefined) {
    throw new ModelError(`${where}: the model cannot write times; it has no "no_timestamps_token_id".`);
  }
  if (!timed && untimed !== undefined && places.at(-1) !== untimed) places.push(untimed);
  if (timed && places.at(-1) === untimed) places.pop();
  const tokens = places.filter((each) => each !== undefined);
  return listens ? { tokens, listensAt: 1 } : { tokens };
}

/** The language that is heard: the likeliest of all after the first token alone. @param logits (vocabulary) */
export function languageHeard({ languages }: WritingSettings, logits: Float32Array): number | undefined {
  return likeliest(logits, languages.values());
}

/**
 * Chooses the next token: the likeliest that the rules leave.
 * @param logits of the next token; changed in place // (vocabulary)
 * @param written the tokens behind the beginning
 */
export function nextToken(
  settings: WritingSettings,
  logits: Float32Array,
  written: readonly number[],
  timed: boolean,
): number {
  followRules(settings, logits, written, timed);
  return likeliest(logits, logits.keys()) ?? settings.end;
}

/** Takes from the next token what the rules do not leave. The parameters are those of `nextToken`. */
export function followRules(
  settings: WritingSettings,
  logits: Float32Array,
  written: readonly number[],
  timed: boolean,
): void {
  if (written.length === 0) for (const id of settings.suppressedFirst) logits[id] = -Infinity;
  for (const id of settings.suppressed) logits[id] = -Infinity;
  if (timed && settings.untimed !== undefined) timeRules(settings, settings.untimed, logits, written);
}

/** Times come in pairs, never go back, and come where they are likelier than any word (Radford et al. 2022, §4.5, and their code). */
function timeRules(
  { end, latestFirst }: WritingSettings,
  untimed: number,
  logits: Float32Array,
  written: readonly number[],
): void {
  const first = untimed + 1;
  logits[untimed] = -Infinity;
  const isTime = (token: number | undefined): boolean => token !== undefined && token >= first;
  const afterTime = isTime(written.at(-1));
  const afterTwo = written.length < 2 || isTime(written.at(-2));
  if (afterTime && afterTwo) logits.fill(-Infinity, first);
  else if (afterTime) logits.fill(-Infinity, 0, end);
  const last = written.findLast(isTime);
  if (last !== undefined) logits.fill(-Infinity, first, afterTime && !afterTwo ? last : last + 1);
  if (written.length === 0) {
    logits.fill(-Infinity, 0, first);
    if (latestFirst !== undefined) logits.fill(-Infinity, first + latestFirst + 1);
  }
  const word = logits.subarray(0, first).reduce((most, each) => Math.max(most, each), -Infinity);
  const time = logits.subarray(first).reduce((most, each) => Math.max(most, each), -Infinity);
  let sum = 0;
  for (let at = first; at < logits.length; at++) sum += Math.exp((logits[at] ?? -Infinity) - time);
  if (time > -Infinity && time + Math.log(sum) > word) logits.fill(-Infinity, 0, first);
}

function languageToken({ where, languages }: WritingSettings, language: string): number {
  const name = language.toLowerCase();
  const found = languages.get(name) ?? languages.get(`<|${name}|>`);
  if (found !== undefined) return found;
  const known = [...languages.keys()].map((each) => each.replaceAll(/[<|>]/g, '')).join(', ');
  throw new ModelError(
    known === ''
      ? `${where}: the model knows one language alone; it cannot be asked for ${quoted(language)}.`
      : `${where}: the model does not know the language ${quoted(language)}; it knows ${known}.`,
  );
}

function taskToken({ where, tasks }: WritingSettings, task: string): number {
  const found = tasks.get(task);
  if (found !== undefined) return found;
  const known = [...tasks.keys()].join(', ');
  throw new ModelError(
    `${where}: the model does not know the task ${quoted(task)}${known === '' ? '; it only writes what it hears' : `; it knows ${known}`}.`,
  );
}

/** The first of the largest. */
function likeliest(logits: Float32Array, ids: Iterable<number>): number | undefined {
  let best: number | undefined;
  for (const id of ids) {
    const value = logits[id] ?? -Infinity;
    if (best === undefined || value > (logits[best] ?? -Infinity)) best = id;
  }
  return best;
}

/** Pairs of a place and a token, from place 1 on without a gap; a token of null is left to be heard. */
function forcedIn(value: unknown, vocabulary: number, where: string): (number | undefined)[] {
  const pairs = itemsOf(value);
  const forced: (number | undefined)[] = [];
  for (const [at, pair] of pairs.entries()) {
    const [place, id] = itemsOf(pair);
    if (place !== at + 1 || (id !== null && !isToken(id, vocabulary))) {
      throw new ModelError(`${where}: "forced_decoder_ids" does not name a token for each place from 1 on.`);
    }
    forced.push(id ?? undefined);
  }
  return forced;
}

function headsIn(value: unknown): { layer: number; head: number }[] | undefined {
  if (!Array.isArray(value)) return undefined;
  return itemsOf(value).flatMap((pair) => {
    const [layer, head] = itemsOf(pair);
    return typeof layer === 'number' && typeof head === 'number' ? [{ layer, head }] : [];
  });
}

function idsOf(value: unknown): readonly number[] {
  const list = typeof value === 'number' ? [value] : itemsOf(value);
  return list.filter((each): each is number => typeof each === 'number');
}

function itemsOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function isToken(value: unknown, vocabulary: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < vocabulary;
}
