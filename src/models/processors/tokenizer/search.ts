import type { CharacterRange } from './aligned.js';

/** A token may be written with more or fewer characters than the text has for it, but not with many more. */
const MAX_CHARACTERS = 24;

/**
 * The ranges of tokens whose tokenizer does not tell: each is looked for right behind the one before it, in the text
 * as it is or after compatibility normalisation and in lower case. From the first that is not there on, none has a range.
 * @param surfaces what each token looks like, without the signs for spaces and for continued words
 */
export function searched(text: string, surfaces: readonly string[]): (CharacterRange | null)[] {
  let at: number | undefined = 0;
  return surfaces.map((surface) => {
    if (at === undefined) return null;
    if (surface.trim() === '') return null;
    const start: number = at + (/^\s*/u.exec(text.slice(at, at + 4096))?.[0].length ?? 0);
    const end = endOf(text, start, surface);
    at = end;
    return end === undefined ? null : { start, end };
  });
}

function endOf(text: string, start: number, surface: string): number | undefined {
  if (text.startsWith(surface, start)) return start + surface.length;
  const wanted = folded(surface);
  let end = start;
  for (const character of text.slice(start, start + surface.length + MAX_CHARACTERS)) {
    end += character.length;
    const candidate = folded(text.slice(start, end));
    if (candidate === wanted) return end;
    if (candidate.length > wanted.length + MAX_CHARACTERS) return undefined;
  }
  return undefined;
}

function folded(text: string): string {
  return text
    .normalize('NFKD')
    .replaceAll(/\p{Mn}/gu, '')
    .toLowerCase();
}
