import { ModelError } from '../../../error.js';
import { SortedTokens } from './sorted-tokens.js';
import type { Vocabulary, WordCutter } from './vocabulary.js';

/** Tokens of most vocabularies are shorter. */
const SHORT = 64;

/** Longer words are not cut, whatever a tokenizer allows. */
const MAX_WORD = 1 << 14;

/** What a model says of words that its vocabulary does not have. */
export interface Unknown {
  readonly token: string | undefined;
  readonly where: string;
}

/** The number of the token for what is unknown. @throws ModelError where there is none */
export function unknownId(vocabulary: Vocabulary, { token, where }: Unknown, word: string): number {
  const id = token === undefined ? undefined : vocabulary.ids.get(token);
  if (id === undefined) {
    throw new ModelError(
      `${where} has no token for ${JSON.stringify(word)}, and none for what is unknown to it${token === undefined ? '' : `: its vocabulary lacks ${JSON.stringify(token)}`}.`,
    );
  }
  return id;
}

/** WordLevel: a word is a token, or unknown. */
export function wordLevel(vocabulary: Vocabulary, unknown: Unknown): WordCutter {
  return (characters) => {
    const word = characters.join('');
    const known = vocabulary.ids.get(word);
    const id = known ?? unknownId(vocabulary, unknown, word);
    return [
      { id, token: known === undefined ? (unknown.token ?? '') : word, from: 0, to: characters.length },
    ];
  };
}

/** WordPiece (Wu et al. 2016): from the left the longest token each time; all of a word is unknown, or none. */
export function wordPiece(
  vocabulary: Vocabulary,
  unknown: Unknown,
  prefix: string,
  maxCharacters: number,
): WordCutter {
  const longest = [...vocabulary.ids.keys()].reduce((most, { length }) => Math.max(most, length), 0);
  // Trying length after length is as quick as tokens are short.
  const find = longest <= SHORT ? byLength(vocabulary, prefix, longest) : inOrder(vocabulary, prefix);
  return (characters) => {
    const all = { from: 0, to: characters.length };
    const none = () => [
      { id: unknownId(vocabulary, unknown, characters.join('')), token: unknown.token ?? '', ...all },
    ];
    if (characters.length > maxCharacters) return none();
    if (characters.length > MAX_WORD) {
      throw new ModelError(
        `${unknown.where} has "max_input_chars_per_word" ${maxCharacters}, and the text a word of ${characters.length} characters or more: words of up to ${MAX_WORD} are cut.`,
      );
    }
    const tokens: { id: number; token: string; from: number; to: number }[] = [];
    for (let from = 0; from < characters.length;) {
      const found = find(characters, from);
      if (found === undefined) return none();
      tokens.push({ ...found, from });
      from = found.to;
    }
    return tokens;
  };
}

/** The longest token that begins at a place of a word. */
type Find = (
  characters: readonly string[],
  from: number,
) => { readonly id: number; readonly token: string; readonly to: number } | undefined;

function byLength({ ids }: Vocabulary, prefix: string, longest: number): Find {
  return (characters, from) => {
    for (let to = Math.min(characters.length, from + longest); to > from; to--) {
      const token = (from > 0 ? prefix : '') + characters.slice(from, to).join('');
      const id = ids.get(token);
      if (id !== undefined) return { id, token, to };
    }
    return undefined;
  };
}

function inOrder({ ids }: Vocabulary, prefix: string): Find {
  const first = new SortedTokens(ids);
  const later = new SortedTokens(
    new Map(
      [...ids].flatMap(([token, id]): [string, number][] =>
        token.startsWith(prefix) ? [[token.slice(prefix.length), id]] : [],
      ),
    ),
  );
  return (characters, from) => {
    let [id, to] = [0, from];
    (from > 0 ? later : first).at(characters, from, (each, end) => {
      [id, to] = [each, end];
    });
    return to === from
      ? undefined
      : { id, to, token: (from > 0 ? prefix : '') + characters.slice(from, to).join('') };
  };
}
