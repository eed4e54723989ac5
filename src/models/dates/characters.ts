/** One character of a normalised text, and what it came from. */
export interface Character {
  readonly text: string;
  /** In UTF-16 units of the original. */
  readonly start: number;
  readonly end: number;
}

/**
 * A text as the date models read it: each letter with its marks in its compatibility form, in lower case, decimal digits of
 * every script as 0 to 9, and any run of blanks as one space. Every character keeps its place in the original.
 */
export function charactersOf(text: string): Character[] {
  const characters: Character[] = [];
  for (const match of text.matchAll(/\P{M}\p{M}*|\p{M}+/gsu)) {
    const start = match.index;
    const end = start + match[0].length;
    for (const raw of match[0].normalize('NFKC').toLowerCase().normalize('NFKC')) {
      const each = /\s/u.test(raw) || raw === '\u200f' || raw === '\u200e' ? ' ' : digitOf(raw);
      if (each === ' ' && (characters.length === 0 || characters.at(-1)?.text === ' ')) continue;
      characters.push({ text: each, start, end });
    }
  }
  if (characters.at(-1)?.text === ' ') characters.pop();
  return characters;
}

/** A decimal digit of any script as 0 to 9; anything else as it is. Such digits come in runs of ten, from 0 to 9. */
function digitOf(character: string): string {
  if (!/^\p{Nd}$/u.test(character)) return character;
  const point = character.codePointAt(0) ?? 0;
  let before = 0;
  while (/^\p{Nd}$/u.test(String.fromCodePoint(point - before - 1))) before++;
  return String(before % 10);
}
