/** Tokens that are one word together. */
export interface WordTokens {
  readonly text: string;
  readonly tokens: readonly number[];
}

/** A word and when it was said. */
export interface TimedWord extends WordTokens {
  readonly start: number;
  readonly end: number;
  /** The places of its first and its last token among those of the text. */
  readonly first: number;
  readonly last: number;
}

/** Languages that are written without spaces between words. */
const withoutSpaces: ReadonlySet<string> = new Set(['zh', 'ja', 'th', 'lo', 'my', 'yue']);

const replacement = '\uFFFD';

/** Python's `string.punctuation`. */
const punctuation = '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~';

/** As `add_word_timestamps` has them by itself. */
const prepended = '"\'“¿([{-';
const appended = '"\'.。,，!！?？:：”)]}、';

/**
 * Puts tokens together to words, as `split_to_word_tokens` of OpenAI's Whisper (release 20250625) does.
 * @param tokens of text alone
 * @param language its code, "en"
 * @param decode the text that tokens stand for; what is no whole character is U+FFFD
 */
export function wordsOf(
  tokens: readonly number[],
  language: string | undefined,
  decode: (ids: readonly number[]) => string,
): WordTokens[] {
  const characters = wholeCharacters(tokens, decode);
  if (language !== undefined && withoutSpaces.has(language)) return characters;
  const words: { text: string; tokens: number[] }[] = [];
  for (const { text, tokens: own } of characters) {
    const word = words.at(-1);
    if (word === undefined || text.startsWith(' ') || punctuation.includes(text.trim())) {
      words.push({ text, tokens: [...own] });
    } else {
      word.text += text;
      word.tokens.push(...own);
    }
  }
  return words;
}

/** As few tokens at a time as make whole characters. */
function wholeCharacters(
  tokens: readonly number[],
  decode: (ids: readonly number[]) => string,
): WordTokens[] {
  // By code points, as Python counts.
  const all = [...decode(tokens)];
  const words: WordTokens[] = [];
  let current: number[] = [];
  let offset = 0;
  for (const token of tokens) {
    current.push(token);
    const decoded = [...decode(current)];
    const strange = decoded.indexOf(replacement);
    // One that the whole text has as well stands for bytes that are no character at all.
    if (strange >= 0 && all[offset + strange] !== replacement) continue;
    words.push({ text: decoded.join(''), tokens: current });
    offset += decoded.length;
    current = [];
  }
  return words;
}

/**
 * Puts punctuation to the words that it belongs to, as `merge_punctuations` of OpenAI's Whisper does: the word keeps its times.
 * @param words in the order of the text
 */
export function withPunctuation<Word extends TimedWord>(words: readonly Word[]): Word[] {
  const own = words.map((word) => ({ ...word }));
  const joined = (one: Word, other: Word): Pick<TimedWord, 'first' | 'last' | 'text' | 'tokens'> => ({
    text: one.text + other.text,
    tokens: [...one.tokens, ...other.tokens],
    first: one.first,
    // What went to another word is empty, and in every text.
    last: other.tokens.length === 0 ? one.last : other.last,
  });
  const nothing = { text: '', tokens: [] };
  let next = own.length - 1;
  for (let at = own.length - 2; at >= 0; at--) {
    const [word, following] = [own[at], own[next]];
    if (word === undefined || following === undefined) continue;
    if (word.text.startsWith(' ') && prepended.includes(word.text.trim())) {
      own[next] = { ...following, ...joined(word, following) };
      own[at] = { ...word, ...nothing };
    } else {
      next = at;
    }
  }
  let before = 0;
  for (let at = 1; at < own.length; at++) {
    const [word, following] = [own[before], own[at]];
    if (word === undefined || following === undefined) continue;
    if (!word.text.endsWith(' ') && appended.includes(following.text)) {
      own[before] = { ...word, ...joined(word, following) };
      own[at] = { ...following, ...nothing };
    } else {
      before = at;
    }
  }
  return own.filter(({ tokens }) => tokens.length > 0);
}
