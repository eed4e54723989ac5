import { ModelError } from '../../../error.js';
import type { Vocabulary, WordCutter } from './vocabulary.js';

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
  return (characters) => {
    const all = { from: 0, to: characters.length };
    const none = () => [
      { id: unknownId(vocabulary, unknown, characters.join('')), token: unknown.token ?? '', ...all },
    ];
    if (characters.length > maxCharacters) return none();
    const tokens: { id: number; token: string; from: number; to: number }[] = [];
    for (let from = 0; from < characters.length;) {
      let to = Math.min(characters.length, from + longest);
      let found: number | undefined;
      let token = '';
      for (; to > from && found === undefined; to--) {
        token = (from > 0 ? prefix : '') + characters.slice(from, to).join('');
        found = vocabulary.ids.get(token);
      }
      if (found === undefined) return none();
      tokens.push({ id: found, token, from, to: to + 1 });
      from = to + 1;
    }
    return tokens;
  };
}
