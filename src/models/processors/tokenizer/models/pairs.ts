import { MergeQueue } from './merge-queue.js';
import { bytesOf, type Vocabulary, type WordCutter, type WordToken } from './vocabulary.js';
import { unknownId, type Unknown } from './word-pieces.js';

/** What two tokens side by side become. */
export interface Merge {
  /** Those with a lower rank come first. */
  readonly rank: number;
  readonly id: number;
}

/** Pairs of token numbers → their merge. */
export class Merges {
  private readonly merges = new Map<number, Merge>();

  set(left: number, right: number, merge: Merge): void {
    this.merges.set(left * 2 ** 24 + right, merge);
  }

  get(left: number, right: number): Merge | undefined {
    return this.merges.get(left * 2 ** 24 + right);
  }
}

export interface PairSettings {
  /** Before every character of a word but the first. */
  readonly prefix: string;
  /** Behind the last character of a word. */
  readonly suffix: string;
  /** Unknown characters side by side are one token. */
  readonly fusesUnknown: boolean;
  readonly toBytes: boolean;
  /** A word that is in the vocabulary is that token, whatever merges would make of it. */
  readonly wholeWords: boolean;
  /** Without a token for it, what is unknown vanishes. */
  readonly unknown: Unknown;
}

/** A token on its way; its length is in bytes of UTF-8, as a byte's token is shorter than its character. */
interface Symbol {
  id: number;
  length: number;
  before: number;
  after: number;
}

/** Byte-pair encoding (Sennrich et al. 2016), as the `tokenizers` library does it. */
export function pairs(vocabulary: Vocabulary, merges: Merges, settings: PairSettings): WordCutter {
  return (characters) => {
    const word = characters.join('');
    const whole = settings.wholeWords ? vocabulary.ids.get(word) : undefined;
    if (whole !== undefined) return [{ id: whole, token: word, from: 0, to: characters.length }];
    const symbols = symbolsOf(characters, vocabulary, settings);
    mergeAll(symbols, merges);
    return placed(symbols, characters, vocabulary);
  };
}

function symbolsOf(characters: readonly string[], vocabulary: Vocabulary, settings: PairSettings): Symbol[] {
  const symbols: Symbol[] = [];
  const add = (id: number, length: number): void => {
    const at = symbols.length;
    symbols.push({ id, length, before: at - 1, after: at + 1 });
  };
  let unknown: { id: number; length: number } | undefined;
  const flush = (): void => {
    if (unknown !== undefined) add(unknown.id, unknown.length);
    unknown = undefined;
  };
  characters.forEach((character, at) => {
    const spelled =
      (at > 0 ? settings.prefix : '') + character + (at === characters.length - 1 ? settings.suffix : '');
    const length = bytesIn(character);
    const id = vocabulary.ids.get(spelled);
    if (id !== undefined) {
      flush();
      add(id, length);
      return;
    }
    const bytes = settings.toBytes ? bytesOf(spelled).map((byte) => vocabulary.ids.get(byte)) : [undefined];
    if (bytes.every((byte) => byte !== undefined)) {
      // An unknown character before it comes behind it: so does the library have it.
      for (const byte of bytes) add(byte, 1);
      return;
    }
    if (settings.unknown.token === undefined) return;
    if (unknown !== undefined && settings.fusesUnknown) unknown.length += length;
    else {
      flush();
      unknown = { id: unknownId(vocabulary, settings.unknown, character), length };
    }
  });
  flush();
  return symbols;
}

/** Merges pairs until none is left, the lowest rank first, and of these the leftmost. */
function mergeAll(symbols: Symbol[], merges: Merges): void {
  const queue = new MergeQueue();
  const look = (at: number): void => {
    const left = symbols[at];
    const right = left && symbols[left.after];
    const merge = left && right && merges.get(left.id, right.id);
    if (merge !== undefined) queue.push({ ...merge, at });
  };
  for (let at = 0; at + 1 < symbols.length; at++) look(at);
  for (let top = queue.pop(); top !== undefined; top = queue.pop()) {
    const left = symbols[top.at];
    if (left === undefined || left.length === 0) continue;
    const right = symbols[left.after];
    if (right === undefined || merges.get(left.id, right.id)?.id !== top.id) continue;
    left.id = top.id;
    left.length += right.length;
    left.after = right.after;
    right.length = 0;
    const next = symbols[left.after];
    if (next !== undefined) next.before = top.at;
    if (left.before >= 0) look(left.before);
    look(top.at);
  }
}

function placed(
  symbols: readonly Symbol[],
  characters: readonly string[],
  vocabulary: Vocabulary,
): WordToken[] {
  const tokens: WordToken[] = [];
  let byte = 0;
  let from = 0; // the character that holds `byte`
  let start = 0; // its first byte
  for (const { id, length } of symbols) {
    if (length === 0) continue;
    const end = byte + length;
    while (from < characters.length - 1 && start + bytesIn(characters[from] ?? '') <= byte) {
      start += bytesIn(characters[from++] ?? '');
    }
    let [to, reached] = [from, start];
    while (to < characters.length && reached < end) reached += bytesIn(characters[to++] ?? '');
    tokens.push({ id, token: vocabulary.spell(id) ?? '', from, to });
    byte = end;
  }
  return tokens;
}

/** The length of a character in UTF-8. */
function bytesIn(character: string): number {
  const code = character.codePointAt(0) ?? 0;
  return code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
}
