/** A half-open range of a text, in UTF-16 units. */
export interface CharacterRange {
  readonly start: number;
  readonly end: number;
}

/** Text on its way to tokens: characters (code points), each with the range of the original text that it came from. */
export interface Aligned {
  readonly characters: readonly string[];
  readonly starts: readonly number[];
  readonly ends: readonly number[];
}

/** A text as it is; a surrogate by itself is no character and becomes U+FFFD, as when it is encoded in UTF-8. */
export function aligned(text: string): Aligned {
  const characters: string[] = [];
  const starts: number[] = [];
  const ends: number[] = [];
  let at = 0;
  for (const character of text) {
    starts.push(at);
    at += character.length;
    ends.push(at);
    characters.push(isSurrogate(character) ? '\ufffd' : character);
  }
  return { characters, starts, ends };
}

function isSurrogate(character: string): boolean {
  const code = character.codePointAt(0) ?? 0;
  return code >= 0xd800 && code < 0xe000;
}

/** Puts for each character what `replace` gives for it: all of it came from where the character came from. */
export function mapped(text: Aligned, replace: (character: string) => string): Aligned {
  const characters: string[] = [];
  const starts: number[] = [];
  const ends: number[] = [];
  text.characters.forEach((character, at) => {
    const { start, end } = rangeOf(text, at, at + 1);
    for (const each of replace(character)) {
      characters.push(each);
      starts.push(start);
      ends.push(end);
    }
  });
  return { characters, starts, ends };
}

/** A character that takes the place of others. */
export interface Written {
  readonly character: string;
  /** How many characters of the text before it stands for; at 0 it is one more for what the one before it stands for. */
  readonly takes: number;
}

/**
 * A text written anew. A character comes from where the first of the characters that it stands for came from, as the
 * `tokenizers` library has it: an accent that was composed with its letter belongs to no token.
 */
export function rewritten(text: Aligned, result: Iterable<Written>): Aligned {
  const characters: string[] = [];
  const starts: number[] = [];
  const ends: number[] = [];
  let taken = 0;
  for (const { character, takes } of result) {
    // What is new at the very beginning comes from the first character, for want of one before it.
    const from = takes > 0 ? taken : Math.max(0, taken - 1);
    characters.push(character);
    starts.push(text.starts[from] ?? 0);
    ends.push(text.ends[from] ?? 0);
    taken += takes;
  }
  return { characters, starts, ends };
}

/** Something before the text, as if it had come from its first character; an empty text stays empty. */
export function prepended(prefix: string, text: Aligned): Aligned {
  const [start] = text.starts;
  const [end] = text.ends;
  if (start === undefined || end === undefined) return text;
  const before = Array.from(prefix);
  return {
    characters: [...before, ...text.characters],
    starts: [...before.map(() => start), ...text.starts],
    ends: [...before.map(() => end), ...text.ends],
  };
}

/** The texts one behind the other. */
export function joined(parts: readonly Aligned[]): Aligned {
  return {
    characters: parts.flatMap(({ characters }) => characters),
    starts: parts.flatMap(({ starts }) => starts),
    ends: parts.flatMap(({ ends }) => ends),
  };
}

/** The characters from `from` up to `to`. */
export function part(text: Aligned, from: number, to: number): Aligned {
  return {
    characters: text.characters.slice(from, to),
    starts: text.starts.slice(from, to),
    ends: text.ends.slice(from, to),
  };
}

/** Where the characters from `from` up to `to` (at least one) came from. */
export function rangeOf(text: Aligned, from: number, to: number): CharacterRange {
  return { start: text.starts[from] ?? 0, end: text.ends[to - 1] ?? 0 };
}

/** For each UTF-16 unit of the joined characters, and for their end, the character it belongs to. */
export function unitsOf(text: Aligned): Int32Array {
  const length = text.characters.reduce((sum, character) => sum + character.length, 0);
  const units = new Int32Array(length + 1);
  let unit = 0;
  text.characters.forEach((character, at) => {
    for (let each = 0; each < character.length; each++) units[unit++] = at;
  });
  units[unit] = text.characters.length;
  return units;
}
