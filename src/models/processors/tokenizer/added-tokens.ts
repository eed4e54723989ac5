import type { Json } from '../../../formats/json-text.js';
import { isRecord } from '../../../common/values.js';
import { part, rangeOf, unitsOf, type Aligned, type CharacterRange } from './aligned.js';

/** A token that is looked for in the text itself, before it is cut into words: "[SEP]", "<mask>". */
export interface AddedToken {
  readonly id: number;
  readonly content: string;
  readonly singleWord: boolean;
  /** Takes the spaces on its left, or right, with it. */
  readonly left: boolean;
  readonly right: boolean;
  /** Stands for no text. */
  readonly special: boolean;
  /** Looked for after normalisation rather than before. */
  readonly normalized: boolean;
}

/** A stretch of text that is an added token, or that is still to be cut. */
export type Section =
  | { readonly kind: 'token'; readonly token: AddedToken; readonly range: CharacterRange }
  | { readonly kind: 'text'; readonly text: Aligned };

/** The "added_tokens" of a tokenizer.json. */
export function addedTokensOf(description: Json | undefined): AddedToken[] {
  if (!Array.isArray(description)) return [];
  return (description as readonly Json[]) // Only what Array.isArray takes away.
    .filter((token) => isRecord(token))
    .flatMap(({ id, content, single_word, lstrip, rstrip, special, normalized }) =>
      typeof id === 'number' && typeof content === 'string' && content !== ''
        ? [
            {
              id,
              content,
              singleWord: single_word === true,
              left: lstrip === true,
              right: rstrip === true,
              special: special === true,
              normalized: typeof normalized === 'boolean' ? normalized : special !== true,
            },
          ]
        : [],
    );
}

/** The tokens that begin as the way to it says, by the UTF-16 unit that comes next. */
interface Branch {
  token: AddedToken | undefined;
  readonly next: Map<number, Branch>;
}

const branch = (): Branch => ({ token: undefined, next: new Map() });

/** Finds tokens by what they look like, the leftmost first and of these the longest. */
export class AddedTokenFinder {
  private readonly root = branch();

  /** @param tokens what a token looks like in the text → the token */
  constructor(tokens: ReadonlyMap<string, AddedToken>) {
    for (const [content, token] of tokens) {
      if (content === '') continue;
      let at = this.root;
      for (let unit = 0; unit < content.length; unit++) {
        const code = content.charCodeAt(unit);
        const next = at.next.get(code) ?? branch();
        at.next.set(code, next);
        at = next;
      }
      at.token = token;
    }
  }

  /** The tokens in a text, from left to right, none within another. */
  private found(
    text: string,
  ): { readonly token: AddedToken; readonly start: number; readonly end: number }[] {
    const found: { token: AddedToken; start: number; end: number }[] = [];
    for (let start = 0; start < text.length;) {
      let [at, token, end]: [Branch | undefined, AddedToken | undefined, number] = [
        this.root,
        undefined,
        start,
      ];
      for (let unit = start; at !== undefined && unit < text.length; unit++) {
        at = at.next.get(text.charCodeAt(unit));
        if (at?.token !== undefined) [token, end] = [at.token, unit + 1];
      }
      if (token === undefined) start++;
      else {
        found.push({ token, start, end });
        start = end;
      }
    }
    return found;
  }

  split(text: Aligned): Section[] {
    if (this.root.next.size === 0) return [{ kind: 'text', text }];
    const joined = text.characters.join('');
    const found = this.found(joined);
    if (found.length === 0) return [{ kind: 'text', text }];
    const units = unitsOf(text);
    const sections: Section[] = [];
    let done = 0; // UTF-16 units of `joined`
    const textUpTo = (end: number): void => {
      if (end <= done) return;
      sections.push({ kind: 'text', text: part(text, units[done] ?? 0, units[end] ?? 0) });
    };
    for (const match of found) {
      const { token } = match;
      let { start, end } = match;
      if (start < done) continue;
      if (token.singleWord && !standsAlone(joined, start, end)) continue;
      if (token.left) while (start > done && isSpace(joined[start - 1])) start--;
      if (token.right) while (end < joined.length && isSpace(joined[end])) end++;
      textUpTo(start);
      sections.push({
        kind: 'token',
        token,
        range: rangeOf(text, units[start] ?? 0, units[end] ?? 0),
      });
      done = end;
    }
    textUpTo(joined.length);
    return sections;
  }
}

/** All white space is one UTF-16 unit long. */
function isSpace(unit: string | undefined): boolean {
  return unit !== undefined && /\p{White_Space}/u.test(unit);
}

function standsAlone(text: string, start: number, end: number): boolean {
  // Two units may be one character.
  const before = Array.from(text.slice(Math.max(0, start - 2), start));
  const after = Array.from(text.slice(end, end + 2));
  return !isWordCharacter(before.at(-1) ?? '') && !isWordCharacter(after[0] ?? '');
}

function isWordCharacter(character: string): boolean {
  return /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]/u.test(character);
}
