import type { Json } from '../formats/json-text.js';
import { isRecord } from '../common/values.js';

/** How texts are marked with their language, by a tokenizer's settings. */
export interface LanguageSettings {
  /** The token for the language that texts are in, and that for the one they are written in, where nobody chooses. */
  readonly from: number | undefined;
  readonly into: number | undefined;
  /** Which of the two the settings name; the rest is what transformers takes. */
  readonly named: { readonly from: boolean; readonly into: boolean };
  /** Where the token stands; as the tokenizer has it where nothing is said. */
  readonly place: 'before' | 'behind' | undefined;
  /** Whether a decoder reads the last token of its target first, whichever that is. */
  readonly wraps: boolean;
}

const languageToken = /^(?:[a-z]{2,3}_[A-Z][A-Za-z]{1,3}|__[a-z]{2,3}__|>>[^<>\s]+<<)$/;

/** Those of a vocabulary's added tokens that stand for languages: "eng_Latn", "de_DE", "__fr__", ">>fra<<". */
export function languagesIn(added: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
  return new Map([...added].filter(([token]) => languageToken.test(token)));
}

/**
 * What transformers' tokenizers for many languages do, whatever tokenizer.json has (tokenization_mbart.py, _mbart50, _nllb, _m2m_100).
 * @param settings tokenizer_config.json
 */
export function languageSettingsOf(
  settings: Json | undefined,
  languages: ReadonlyMap<string, number>,
  modelType: string | undefined,
): LanguageSettings {
  const own = isRecord(settings) ? settings : {};
  // Without a class in the settings the model's type has one.
  const usual = new Map([
    ['mbart', 'MBartTokenizer'],
    ['m2m_100', 'M2M100Tokenizer'],
  ]).get(modelType ?? '');
  const kind = typeof own['tokenizer_class'] === 'string' ? own['tokenizer_class'] : (usual ?? '');
  const token = (name: string): number | undefined => {
    const said = own[name];
    return typeof said === 'string' ? (languages.get(said) ?? languages.get(`__${said}__`)) : undefined;
  };
  const isKnown = /^(?:MBart|Nllb|M2M100)/.test(kind);
  const english = ['en_XX', 'eng_Latn', '__en__'].map((name) => languages.get(name));
  const [ownFrom, ownInto] = [token('src_lang'), token('tgt_lang')];
  const from = ownFrom ?? (isKnown ? english.find((id) => id !== undefined) : undefined);
  const isBehind =
    kind.startsWith('MBartTokenizer') || (kind.startsWith('Nllb') && own['legacy_behaviour'] === true);
  return {
    from,
    into: ownInto ?? from,
    named: { from: ownFrom !== undefined, into: ownInto !== undefined },
    place: isKnown ? (isBehind ? 'behind' : 'before') : undefined,
    wraps: modelType === 'mbart',
  };
}
