import type { Json } from '../../../../formats/json-text.js';
import {
  addedTokens,
  beginAndEnd,
  namedToken,
  specialToken,
  tokenOf,
  type Attribute,
  type JsonObject,
  type NamedTokens,
  type Settings,
  type SpecialToken,
  type TokenNumbers,
} from './special-tokens.js';
import { listOf } from '../../../config.js';

/** A tokenizer as its class makes it, before special tokens are added. */
export interface Draft {
  readonly normalizer: Json;
  readonly pre_tokenizer: Json;
  readonly decoder: Json;
  readonly model: JsonObject;
  readonly numbers: TokenNumbers;
  /** Of the vocabulary. */
  readonly size: number;
  readonly named: NamedTokens;
  /** Further tokens, where the settings name none. */
  readonly further?: readonly SpecialToken[];
  /** What stands around a text; what `add_bos_token` and `add_eos_token` say where left out. */
  readonly around?: (known: Known) => Json;
}

/** The special tokens of a tokenizer. */
export interface Known {
  /** The text of one that has a name; empty where there is none. */
  text(name: Attribute): string;
  numberOf(token: string): number | undefined;
}

/** The tokenizer.json that a draft comes to. */
export function finished(draft: Draft, settings: Settings): JsonObject {
  const { normalizer, pre_tokenizer, decoder, model, numbers, size, named, around } = draft;
  const extra = settings.values['extra_special_tokens'];
  const further =
    extra === undefined ? (draft.further ?? []) : listOf(extra).flatMap((each) => tokenOf(each) ?? []);
  const added = addedTokens(numbers, size, settings, named, further);
  const all = new Map([...numbers, ...added.map(({ content, id }): [string, number] => [content, id])]);
  const unknown = namedToken('unk_token', settings, named)?.content;
  const known: Known = {
    text: (name) => namedToken(name, settings, named)?.content ?? '',
    numberOf: (token) => all.get(token) ?? (unknown === undefined ? undefined : all.get(unknown)),
  };
  return {
    normalizer,
    pre_tokenizer,
    decoder,
    model,
    added_tokens: added.map((token) => ({ ...token })),
    post_processor:
      around?.(known) ??
      beginAndEnd(
        settings,
        namedToken('bos_token', settings, named)?.content,
        namedToken('eos_token', settings, named)?.content,
        known.numberOf,
      ),
  };
}

/** A switch in the settings. */
export function isOn(values: JsonObject, name: string, standard: boolean): boolean {
  const value = values[name];
  return typeof value === 'boolean' ? value : standard;
}

/** Special tokens by their texts. */
export const specials = (texts: readonly string[]): SpecialToken[] =>
  texts.map((text) => specialToken(text, { special: true }));

/** The tokens that are named, by their texts. */
export function namedAs(texts: { readonly [Name in Attribute]?: string }): NamedTokens {
  return Object.fromEntries(Object.entries(texts).map(([name, token]) => [name, { token }]));
}
