import type { Json } from '../../../../formats/json-text.js';
import { addAll, isRecord } from '../../../../common/values.js';
import { listOf } from '../../../config.js';

export type JsonObject = { readonly [name: string]: Json };

/** A token that is told from text, as the `tokenizers` library has it: its AddedToken. */
export interface SpecialToken {
  readonly content: string;
  readonly single_word: boolean;
  readonly lstrip: boolean;
  readonly rstrip: boolean;
  readonly normalized: boolean;
  readonly special: boolean;
}

/** What the library takes for what is not said: `normalized` where the token is not special. */
export function specialToken(
  content: string,
  said: { readonly [Name in keyof SpecialToken]?: Json } = {},
): SpecialToken {
  const special = said.special === true;
  return {
    content,
    single_word: said.single_word === true,
    lstrip: said.lstrip === true,
    rstrip: said.rstrip === true,
    normalized: typeof said.normalized === 'boolean' ? said.normalized : !special,
    special,
  };
}

/** A token that is given by its text, or with its settings; undefined where it is neither. */
export function tokenOf(value: Json | undefined): SpecialToken | undefined {
  if (typeof value === 'string') return specialToken(value, { special: true });
  if (!isRecord(value)) return undefined;
  const { content } = value;
  return typeof content === 'string' ? specialToken(content, value) : undefined;
}

/** Tokens that settings name by what they are for, in transformers' order. */
const attributes = [
  'bos_token',
  'eos_token',
  'unk_token',
  'sep_token',
  'pad_token',
  'cls_token',
  'mask_token',
] as const;

export type Attribute = (typeof attributes)[number];

const isAttribute = (name: string): name is Attribute => attributes.some((each) => each === name);

/** What a folder says of a tokenizer beside its vocabulary. */
export interface Settings {
  /** tokenizer_config.json, with special_tokens_map.json where transformers heeds it. */
  readonly values: JsonObject;
  /** Tokens that are added, by their numbers. */
  readonly added: ReadonlyMap<number, SpecialToken>;
  /** Tokens that have a name of their own, such as "image_token". */
  readonly own: readonly Json[];
}

/**
 * What `tokenizer_config.json`, `special_tokens_map.json` and `added_tokens.json` say together: transformers 5.24, _from_pretrained.
 * @param known the added tokens of a tokenizer.json, which count where the settings do not number any
 */
export async function settingsIn(
  json: (file: string) => Promise<Json | undefined>,
  known: ReadonlyMap<number, SpecialToken> = new Map(),
): Promise<Settings> {
  const [config, map, numbered] = await Promise.all(
    ['tokenizer_config.json', 'special_tokens_map.json', 'added_tokens.json'].map(json),
  );
  const said = isRecord(config) ? config : {};
  const { additional_special_tokens: further, extra_special_tokens: extra, ...rest } = said;
  const isExtra = Array.isArray(extra) ? extra.length > 0 : isRecord(extra);
  const values: Record<string, Json> = { ...rest };
  if (isExtra && extra !== undefined) values['extra_special_tokens'] = extra;
  else if (further !== undefined) values['extra_special_tokens'] = further;
  const named = Object.entries(values).filter(
    ([name, value]) => name.endsWith('_token') && !isAttribute(name) && typeof value === 'string',
  );
  const own = named.map(([, value]) => value);
  if (isRecord(values['extra_special_tokens'])) {
    addAll(own, Object.values(values['extra_special_tokens']));
    delete values['extra_special_tokens'];
  }
  const decoder = said['added_tokens_decoder'];
  if (isRecord(decoder)) {
    const added = Object.entries(decoder).flatMap(([id, value]): [number, SpecialToken][] => {
      const token = tokenOf(value);
      return token === undefined ? [] : [[Number(id), token]];
    });
    return { values, added: new Map(added), own };
  }
  for (const [name, value] of Object.entries(isRecord(map) ? map : {})) {
    if (isRecord(value) && name !== 'extra_special_tokens') values[name] = { ...value, special: true };
    else if (isRecord(value)) addAll(own, Object.values(value));
    else if (name === 'extra_special_tokens' && Array.isArray(value)) {
      const before = listOf(values[name]);
      values[name] = [
        ...before,
        ...listOf(value).map((each) => (isRecord(each) ? { ...each, special: true } : each)),
      ];
    } else values[name] = value;
  }
  const special = new Set(
    [...attributes.map((name) => values[name]), ...listOf(values['extra_special_tokens'])].map(
      (value) => tokenOf(value)?.content,
    ),
  );
  const added = Object.entries(isRecord(numbered) ? numbered : {}).flatMap(
    ([content, id]): [number, SpecialToken][] =>
      typeof id === 'number' ? [[id, specialToken(content, { special: special.has(content) })]] : [],
  );
  return { values, added: new Map([...added, ...known]), own };
}

/** What a class takes for a token that nobody names, and which settings it gives to one that is named by its text alone. */
export interface Named {
  readonly token?: string;
  readonly as?: Omit<Partial<SpecialToken>, 'content'>;
}

export type NamedTokens = { readonly [Name in Attribute]?: Named };

/** A token that has a name, as the settings or else the class have it; undefined where there is none. */
export function namedToken(
  name: Attribute,
  { values, added }: Settings,
  standard: NamedTokens,
): SpecialToken | undefined {
  const value = values[name];
  const { token, as } = standard[name] ?? {};
  const own = value === undefined ? token : tokenOf(value)?.content;
  if (own === undefined) return undefined;
  const told = [...added.values()].findLast(({ content }) => content === own);
  if (told !== undefined) return { ...told, special: true };
  return specialToken(own, { ...(isRecord(value) ? value : as), special: true });
}

/** Numbers of tokens by their texts. */
export type TokenNumbers = ReadonlyMap<string, number>;

/**
 * The tokens that are added to a vocabulary, in the order in which transformers adds them: those with numbers, those
 * with names, then further ones. Those that the vocabulary lacks are numbered behind it.
 * @param size of the vocabulary
 */
export function addedTokens(
  vocabulary: TokenNumbers,
  size: number,
  settings: Settings,
  standard: NamedTokens,
  further: readonly SpecialToken[],
): (SpecialToken & { readonly id: number })[] {
  const named = attributes.flatMap((name) => namedToken(name, settings, standard) ?? []);
  const own = settings.own.flatMap((value) => tokenOf(value) ?? []);
  const isNamed = new Set([...named, ...own].map(({ content }) => content));
  const numbered = [...settings.added]
    .toSorted(([a], [b]) => a - b)
    .map(([, token]) => (isNamed.has(token.content) ? { ...token, special: true } : token));
  const tokens = new Map<string, SpecialToken>();
  const isNumbered = new Set(numbered.map(({ content }) => content));
  for (const token of numbered) tokens.set(token.content, token);
  for (const token of [...named, ...own, ...further]) {
    if (isNumbered.has(token.content)) continue;
    // What is told twice, and otherwise, is as it was told last.
    tokens.set(token.content, isNamed.has(token.content) ? { ...token, special: true } : token);
  }
  tokens.delete('');
  let next = size;
  return [...tokens.values()].map((token) => {
    const id = vocabulary.get(token.content) ?? next++;
    return { ...token, id };
  });
}

const text = (id: 'A' | 'B', segment: number): Json => ({ Sequence: { id, type_id: segment } });
const special = (id: string, segment: number): Json => ({ SpecialToken: { id, type_id: segment } });

/**
 * A template as transformers writes it: "[CLS]", "$A", "$B:1".
 * @param numberOf of a special token
 */
export function template(
  single: readonly string[],
  pair: readonly string[],
  numberOf: (token: string) => number | undefined,
): Json {
  const slots = (list: readonly string[]): Json[] =>
    list.map((slot) => {
      const [, name = slot, segment = '0'] = /^(.*):(\d)$/s.exec(slot) ?? [];
      if (name === '$A' || name === '$B') return text(name === '$A' ? 'A' : 'B', Number(segment));
      return special(name, Number(segment));
    });
  const used = [...single, ...pair]
    .map((slot) => slot.replace(/:\d$/, ''))
    .filter((name) => !/^\$[AB]$/.test(name));
  return {
    type: 'TemplateProcessing',
    single: slots(single),
    pair: slots(pair),
    special_tokens: Object.fromEntries(
      used.map((id): [string, Json] => [id, { id, ids: [numberOf(id) ?? 0], tokens: [id] }]),
    ),
  };
}

/** What stands around a text where the class says nothing of its own: the settings' `add_bos_token` and `add_eos_token`. */
export function beginAndEnd(
  { values }: Settings,
  begin: string | undefined,
  end: string | undefined,
  numberOf: (token: string) => number | undefined,
): Json {
  const first = values['add_bos_token'] === true ? begin : undefined;
  const last = values['add_eos_token'] === true ? end : undefined;
  const around = (name: '$A' | '$B', segment: number): string[] => [
    ...(first === undefined ? [] : [`${first}:${segment}`]),
    `${name}:${segment}`,
    ...(last === undefined ? [] : [`${last}:${segment}`]),
  ];
  return template(around('$A', 0), [...around('$A', 0), ...around('$B', 1)], numberOf);
}
