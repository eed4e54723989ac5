import type { Json } from '../../../../formats/json-text.js';
import { isRecord } from '../../../../common/values.js';

/** A token of a word, with the characters (code points) of the word that it stands for. */
export interface WordToken {
  readonly id: number;
  /** As the vocabulary spells it; Unigram's unknown ones as the word does. */
  readonly token: string;
  readonly from: number;
  readonly to: number;
}

/** Cuts one word, given by its characters, into tokens. @throws ModelError where the vocabulary has none for it */
export type WordCutter = (characters: readonly string[]) => WordToken[];

/** Tokens and their numbers. */
export class Vocabulary {
  readonly ids: ReadonlyMap<string, number>;
  private readonly tokens: ReadonlyMap<number, string>;

  constructor(entries: Iterable<readonly [string, number]>) {
    const ids = new Map(entries);
    this.ids = ids;
    this.tokens = new Map([...ids].map(([token, id]) => [id, token]));
  }

  /** @param description the "vocab" of a model, already checked: an object, or Unigram's list */
  static of(description: Json | undefined): Vocabulary {
    if (Array.isArray(description)) {
      const list = description as readonly Json[]; // Only what Array.isArray takes away.
      return new Vocabulary(
        list.flatMap((entry, id): [string, number][] => {
          const [token] = Array.isArray(entry) ? (entry as readonly Json[]) : [];
          return typeof token === 'string' ? [[token, id]] : [];
        }),
      );
    }
    return new Vocabulary(
      Object.entries(isRecord(description) ? description : {}).flatMap(([token, id]): [string, number][] =>
        typeof id === 'number' ? [[token, id]] : [],
      ),
    );
  }

  /** A token of the model; undefined for a number that it does not have. */
  spell(id: number): string | undefined {
    return this.tokens.get(id);
  }
}

/** The bytes of UTF-8 as vocabularies write them: "<0xE2>". */
export function bytesOf(text: string): string[] {
  return Array.from(
    new TextEncoder().encode(text),
    (byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`,
  );
}
