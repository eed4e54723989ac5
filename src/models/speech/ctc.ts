import { isRecord } from '../../common/values.js';
import type { Json } from '../../formats/json-text.js';
import { quoted } from '../../formats/untrusted.js';
import { ModelError } from '../error.js';

/** How a model's characters become text. */
export interface CtcSettings {
  /** By their numbers; undefined where there is none of that number. */
  readonly characters: readonly (string | undefined)[];
  /** Says that nothing new is said; also what stands between two of the same. */
  readonly blank: string;
  /** Says that a word ends. */
  readonly delimiter: string;
  /** What is written for that. */
  readonly space: string;
  readonly lowers: boolean;
  /** Whether a space before a full stop and the like goes, as older tokenizers ask. */
  readonly tidies: boolean;
}

/** A character that was written, and where it was heard. */
export interface HeardCharacter {
  readonly text: string;
  /** Its number. */
  readonly id: number;
  /** Frames, from the first to before the last. */
  readonly start: number;
  readonly end: number;
}

/** What vocab.json and its companions say. */
export interface CtcFiles {
  readonly vocabulary: Json;
  /** tokenizer_config.json and special_tokens_map.json. */
  readonly settings?: Json | undefined;
  readonly special?: Json | undefined;
}

/** Numbers beyond it are a mistake or an attack. */
const mostCharacters = 1 << 20;

/**
 * Reads the vocabulary of a `Wav2Vec2CTCTokenizer`, with its defaults.
 * @param where what it belongs to, to begin messages: "tiny-wav2vec2"
 * @throws ModelError
 */
export function ctcSettings({ vocabulary, settings, special }: CtcFiles, where: string): CtcSettings {
  const said = (name: string): Json | undefined =>
    [settings, special]
      .map((each) => (isRecord(each) ? each[name] : undefined))
      .find((each) => each !== undefined && each !== null);
  const text = (name: string, standard: string): string => {
    const value = said(name);
    const content = isRecord(value) ? value['content'] : value;
    return typeof content === 'string' ? content : standard;
  };
  if (!isRecord(vocabulary)) throw new ModelError(`${where}: vocab.json is not a JSON object.`);
  const language = text('target_lang', '');
  const languages = Object.keys(vocabulary).filter((key) => isRecord(vocabulary[key]));
  if (languages.length > 0 && !languages.includes(language)) {
    throw new ModelError(
      `${where}: vocab.json has a vocabulary for each of ${languages.length} languages, and tokenizer_config.json does not say which ("target_lang"): ${languages.slice(0, 3).map(quoted).join(', ')} and others.`,
    );
  }
  const own = languages.length > 0 ? vocabulary[language] : vocabulary;
  const characters: (string | undefined)[] = [];
  for (const [character, id] of Object.entries(isRecord(own) ? own : {})) {
    if (typeof id !== 'number' || !Number.isInteger(id) || id < 0 || id >= mostCharacters) {
      throw new ModelError(
        `${where}: vocab.json gives ${quoted(character)} the number ${JSON.stringify(id)}.`,
      );
    }
    characters[id] = character;
  }
  const added = said('added_tokens_decoder');
  for (const [key, token] of Object.entries(isRecord(added) ? added : {})) {
    const [id, content] = [Number(key), isRecord(token) ? token['content'] : undefined];
    if (Number.isInteger(id) && id >= 0 && id < mostCharacters && typeof content === 'string')
      characters[id] ??= content;
  }
  const blank = text('pad_token', '<pad>');
  if (!characters.includes(blank)) {
    throw new ModelError(`${where}: ${quoted(blank)}, which stands for nothing new, is not in vocab.json.`);
  }
  return {
    characters: Array.from(characters),
    blank,
    delimiter: text('word_delimiter_token', '|'),
    space: text('replace_word_delimiter_char', ' '),
    lowers: said('do_lower_case') === true,
    tidies: said('clean_up_tokenization_spaces') === true,
  };
}

/** The likeliest character of every frame; the first of equally likely ones. @param logits (frame, vocabulary) */
export function likeliestCharacters({
  shape: [frames = 0, size = 0],
  data,
}: {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}): number[] {
  return Array.from({ length: frames }, (_, frame) => {
    let best = 0;
    for (let id = 1; id < size; id++) {
      if ((data[frame * size + id] ?? 0) > (data[frame * size + best] ?? 0)) best = id;
    }
    return best;
  });
}

/**
 * What is written: of characters that follow each other and are the same, one; and no blanks. Graves et al. 2006, §3.1.
 * @param ids of every frame
 */
export function heardCharacters(settings: CtcSettings, ids: readonly number[]): HeardCharacter[] {
  const { characters, blank, delimiter, space } = settings;
  const heard: HeardCharacter[] = [];
  for (let start = 0; start < ids.length;) {
    const id = ids[start] ?? 0;
    // Characters are compared, as transformers does: two numbers may spell the same.
    const character = characters[id] ?? '';
    let end = start + 1;
    while (end < ids.length && (characters[ids[end] ?? 0] ?? '') === character) end++;
    if (character !== blank)
      heard.push({ text: character === delimiter ? space : character, id, start, end });
    start = end;
  }
  return heard;
}

/** The text of characters that were heard, as `Wav2Vec2CTCTokenizer` decodes it. */
export function textOf({ lowers, tidies }: CtcSettings, heard: readonly HeardCharacter[]): string {
  const joined = heard
    .map(({ text }) => text)
    .join('')
    .trim();
  const text = lowers ? joined.toLowerCase() : joined;
  return tidies ? tidy.reduce((so, [from, to]) => so.replaceAll(from, to), text) : text;
}

/** `clean_up_tokenization` of transformers. */
const tidy: readonly (readonly [from: string, to: string])[] = [
  [' .', '.'],
  [' ?', '?'],
  [' !', '!'],
  [' ,', ','],
  [" ' ", "'"],
  [" n't", "n't"],
  [" 'm", "'m"],
  [" 's", "'s"],
  [" 've", "'ve"],
  [" 're", "'re"],
];
