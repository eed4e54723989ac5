import type { Encoding, Generation, LanguageSettings, Model } from '../../../models/index.js';

/** The languages that a model's tokens stand for, and how its tokenizer marks texts with them. */
export interface Languages extends LanguageSettings {
  /** By token: "en_XX", "__fr__", or ">>fra<<", which stands before the text that is read. */
  readonly ids: ReadonlyMap<string, number>;
}

export async function languagesOf(model: Model): Promise<Languages> {
  return { ids: await model.languages(), ...(await model.languageSettings()) };
}

/** Whether a language is chosen by a code before the text. */
export function isCode(language: string): boolean {
  return language.startsWith('>>');
}

/** Choices for the language that a text is in, or is to be written in. */
export function choicesOf(
  { ids }: Languages,
  side: 'from' | 'into',
): readonly { readonly value: string; readonly title: string }[] {
  return [...ids.keys()]
    .filter((name) => side === 'into' || !isCode(name))
    .toSorted()
    .map((value) => ({ value, title: value.replaceAll('__', '') }));
}

/** The token for a language at either end replaced by that of another, and put where the model expects it. */
export function withLanguage(
  encoding: Encoding,
  { ids: languages, place }: Languages,
  language: number | undefined,
): Encoding {
  if (language === undefined) return encoding;
  const known = new Set(languages.values());
  const name = [...languages].find(([, id]) => id === language)?.[0] ?? '';
  const isLanguage = (id: number, at: number): boolean => known.has(id) && encoding.ranges[at] === null;
  if (place === undefined) {
    return {
      ...encoding,
      ids: encoding.ids.map((id, at) => (isLanguage(id, at) ? language : id)),
      tokens: encoding.tokens.map((token, at) => (isLanguage(encoding.ids[at] ?? -1, at) ? name : token)),
    };
  }
  const kept = new Set(encoding.ids.flatMap((id, at) => (isLanguage(id, at) ? [] : [at])));
  const unknown = new Set(encoding.unknown);
  const shift = place === 'before' ? 1 : 0;
  const around = <Item>(all: readonly Item[], own: Item): Item[] => {
    const others = all.filter((_, at) => kept.has(at));
    return place === 'before' ? [own, ...others] : [...others, own];
  };
  return {
    ids: around(encoding.ids, language),
    tokens: around(encoding.tokens, name),
    ranges: around(encoding.ranges, null),
    unknown: [...kept].flatMap((before, at) => (unknown.has(before) ? [at + shift] : [])),
    total: encoding.total + kept.size + 1 - encoding.ids.length,
    ...(encoding.more === undefined ? {} : { more: encoding.more }),
  };
}

/**
 * What a decoder reads of a target that is given, behind which it would write the next token. mBART's reads the target's last token first,
 * its language or the end of a text (shift_tokens_right of modeling_mbart.py); all others begin with a token of their own.
 */
export function readTarget(
  start: number,
  given: Encoding,
  { wraps }: Languages,
): { readonly ids: readonly number[]; readonly ranges: Encoding['ranges'] } {
  const first = wraps ? (given.ids.at(-1) ?? start) : start;
  return { ids: [first, ...given.ids], ranges: given.ranges };
}

/** What was read and written, and what of it somebody chose. */
export interface LanguageUse {
  readonly text: string;
  readonly source: Encoding;
  /** What the decoder read. */
  readonly target: readonly number[];
  /** Whether the target was given. */
  readonly isGiven: boolean;
  readonly from: boolean;
  readonly into: boolean;
}

/** Languages that nobody chose, said by name. */
export function languageNotices(
  languages: Languages,
  { start, rules }: Pick<Generation, 'start' | 'rules'>,
  use: LanguageUse,
): readonly string[] {
  const { ids } = languages;
  if (ids.size < 2) return [];
  const names = new Map([...ids].map(([name, id]) => [id, name]));
  const titled = (id: number): string => `“${(names.get(id) ?? '').replaceAll('__', '')}”`;
  if ([...ids.keys()].every(isCode)) {
    const some = [...ids.keys()].toSorted().slice(0, 3).join(', ');
    return use.into || use.isGiven || use.text.startsWith('>>')
      ? []
      : [
          `No language to write was chosen: the model expects one of ${some}${ids.size > 3 ? ', …' : ''} before the text. Choose “Into” above.`,
        ];
  }
  const standard = (isNamed: boolean, setting: string): string =>
    isNamed
      ? `as tokenizer_config.json says (${setting})`
      : 'which is what transformers’ tokenizer puts there';
  const read = use.source.ids.find((id, at) => names.has(id) && use.source.ranges[at] === null);
  const [opening = -1, first = -1] = use.target;
  const source =
    use.from || read === undefined
      ? []
      : [
          `The text was read as ${titled(read)}, ${standard(languages.named.from, 'src_lang')}. Choose “From” for another language.`,
        ];
  return [...source, ...(use.into ? [] : [targetNotice()])];

  function targetNotice(): string {
    if (use.isGiven) {
      const marked = [opening, first].find((id) => names.has(id));
      return marked === undefined
        ? 'The target was read without a language. Choose “Into” for one.'
        : `The target was read as ${titled(marked)}, ${standard(languages.named.into, 'tgt_lang')}. Choose “Into” for another language.`;
    }
    if (start !== undefined && names.has(start)) {
      return `Written in ${titled(start)}, as the model’s settings say (decoder_start_token_id). Choose “Into” for another language.`;
    }
    if (rules.forcedFirst !== undefined && names.has(rules.forcedFirst)) {
      return `Written in ${titled(rules.forcedFirst)}, as the model’s settings say (forced_bos_token_id). Choose “Into” for another language.`;
    }
    const began = names.has(first)
      ? `the model itself began with ${titled(first)}`
      : 'the model began without one';
    return `No language to write was chosen: ${began}. Choose “Into” above.`;
  }
}
