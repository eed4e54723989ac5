import type { Json } from '../../../formats/json-text.js';
import { isRecord } from '../../../common/values.js';
import { ModelError } from '../../error.js';
import { reasonOf } from '../../../common/values.js';
import { AddedTokenFinder, addedTokensOf, type AddedToken, type Section } from './added-tokens.js';
import { aligned, rangeOf, type CharacterRange } from './aligned.js';
import { beginningOf, type Cut, type Piece } from './beginning.js';
import { CodePoints } from './code-points.js';
import { decoderOf } from './decoder.js';
import { checked } from './description.js';
import { ExpressionError } from './expressions/parse.js';
import { legibleBy, type Legible } from './legible.js';
import { hasTable, normalizerOf, type Normalizer } from './normalizer.js';
import { wordModelOf, type WordModel } from './models/index.js';
import { splitterOf, type Splitter } from './pre-tokenizer.js';
import { templateOf, type Slot, type Template } from './template.js';
import { trimmerOf, type Trimmer } from './trim.js';

export type { CharacterRange } from './aligned.js';

/** A text as a model reads it. */
export interface Encoding {
  readonly ids: readonly number[];
  readonly tokens: readonly string[];
  /**
   * Each token's place in the text, in UTF-16 units, in the order of the text. Null for special tokens around the text,
   * and where the place cannot be told. Tokens that are made of parts of one character have that character in common.
   */
  readonly ranges: readonly (CharacterRange | null)[];
  /** Which of them stand for text that the vocabulary does not have. */
  readonly unknown: readonly number[];
  /** How many tokens the whole text has, special ones included; more than `ids` where it was too long. */
  readonly total: number;
  /** Whether the text has more of them than `total`: no more of a long text is cut than the limit needs. */
  readonly more?: true;
}

/** Two texts as a model reads them together: places are those in the text that a token belongs to. */
export interface PairEncoding extends Encoding {
  /** Which text each token belongs to; none for special tokens. */
  readonly parts: readonly (0 | 1 | undefined)[];
  /** What the model is told of each token: of the first text, or of the second. */
  readonly segments: readonly number[];
}

export interface TextTokenizer {
  /**
   * @param limit the most tokens that are wanted, special ones included; the text's end is left out for it
   * @throws ModelError where the vocabulary has no token for a word, or so few come out of so long a text that it is not read on
   */
  encode(text: string, limit: number): Encoding;
  /**
   * Two texts as one input, the way the model was trained to read them.
   * @param limit the most tokens; the second text's end is left out for it
   * @throws ModelError where the tokenizer has no way to put two texts together, or the first is too long by itself
   */
  encodePair(first: string, second: string, limit: number): PairEncoding;
  /** The text that tokens stand for; special ones stand for none. A character that is not whole yet is “\uFFFD”. */
  decode(ids: readonly number[]): string;
  /** Tokens that were added to the vocabulary: special ones, languages. */
  readonly added: ReadonlyMap<string, number>;
  /** A token as the vocabulary spells it, "Ġthe"; undefined for a number that it does not have. */
  spell(id: number): string | undefined;
  /** A token as people read it: " the". */
  legible(token: string): string;
  /** What cuts and spells the text that a model writes, where that is another tokenizer. */
  readonly target?: TextTokenizer;
}

/**
 * The tokenizer that a tokenizer.json describes, as the Rust library has it; every token knows its place in the text.
 * @param description tokenizer.json
 * @throws ModelError when it describes nothing that is known
 */
export function createTokenizer(description: Json, where: string): TextTokenizer {
  if (!isRecord(description)) throw new ModelError(`${where} is not a JSON object.`);
  try {
    const parts = checked(description, where);
    const added = addedTokensOf(parts['added_tokens']);
    const model = wordModelOf(isRecord(parts['model']) ? parts['model'] : {}, where);
    const pieces = sayingWhere(
      cutter(
        added,
        normalizerOf(parts['normalizer'], where),
        splitterOf(parts['pre_tokenizer'], where),
        model,
        trimmerOf(parts['post_processor']),
        hasTable(parts['normalizer']),
      ),
      where,
    );
    return new ModelTokenizer(
      model,
      added,
      pieces,
      templateOf(parts['post_processor'], where),
      decoderOf(parts['decoder'], where),
      legibleBy(parts),
      where,
    );
  } catch (error) {
    throw error instanceof ModelError
      ? error
      : new ModelError(`${where} describes no tokenizer that can be read: ${reasonOf(error)}.`, {
          cause: error,
        });
  }
}

/** A piece of one of two texts, or a special token around them. */
type PlacedPiece = Piece & { readonly part: 0 | 1 | undefined; readonly segment: number };

class ModelTokenizer implements TextTokenizer {
  readonly added: ReadonlyMap<string, number>;
  private readonly addedTokens: ReadonlyMap<number, string>;

  constructor(
    private readonly model: WordModel,
    added: readonly AddedToken[],
    private readonly cut: (text: string) => Cut,
    private readonly template: Template,
    private readonly decoder: (tokens: readonly string[]) => string,
    private readonly read: Legible,
    private readonly where: string,
  ) {
    this.added = new Map(added.map(({ content, id }) => [content, id]));
    this.addedTokens = new Map(added.map(({ content, id }) => [id, content]));
    this.special = new Set(added.filter(({ special }) => special).map(({ content }) => content));
  }

  private readonly special: ReadonlySet<string>;

  encode(text: string, limit: number): Encoding {
    const { single } = this.template;
    const around = single.length - 1;
    const wanted = Math.max(0, limit - around);
    const { pieces, more } = beginningOf(text, wanted, this.cut);
    const placed = this.placed(single, [pieces.slice(0, wanted), []]);
    return { ...this.encoding(placed, pieces.length + around), ...marked(more) };
  }

  encodePair(first: string, second: string, limit: number): PairEncoding {
    const { pair } = this.template;
    if (pair === undefined) {
      throw new ModelError(`${this.where} does not say how two texts are put together.`);
    }
    const question = beginningOf(first, limit, this.cut);
    const { length } = question.pieces;
    const room = limit - (pair.length - 2) - length;
    if (room < 1) {
      throw new ModelError(
        `The question has ${question.more ? 'more than ' : ''}${length} tokens, which leaves no room for a text to answer it: the model reads ${limit} together.`,
      );
    }
    const { pieces, more } = beginningOf(second, room, this.cut);
    const placed = this.placed(pair, [question.pieces, pieces.slice(0, room)]);
    return {
      ...this.encoding(placed, placed.length + Math.max(0, pieces.length - room)),
      ...marked(more),
      parts: placed.map(({ part }) => part),
      segments: placed.map(({ segment }) => segment),
    };
  }

  decode(ids: readonly number[]): string {
    const tokens = ids.flatMap((id) => this.spell(id) ?? []).filter((token) => !this.special.has(token));
    return this.decoder(tokens);
  }

  spell(id: number): string | undefined {
    return this.addedTokens.get(id) ?? this.model.vocabulary.spell(id);
  }

  legible(token: string): string {
    // What was added to the vocabulary is text already.
    return this.added.has(token) ? token : this.read(token);
  }

  private placed(
    slots: readonly Slot[],
    texts: readonly [readonly Piece[], readonly Piece[]],
  ): PlacedPiece[] {
    return slots.flatMap((slot): PlacedPiece[] => {
      const { segment } = slot;
      if (slot.kind === 'special') {
        const { token, id } = slot;
        return [{ token, id, range: null, part: undefined, segment }];
      }
      return texts[slot.which].map((piece) => ({ ...piece, part: slot.which, segment }));
    });
  }

  private encoding(placed: readonly PlacedPiece[], total: number): Encoding {
    const { unknown } = this.model;
    return {
      ids: placed.map(({ id }) => id),
      tokens: placed.map(({ token }) => token),
      ranges: placed.map(({ range }) => range),
      unknown: placed.flatMap(({ id, part }, at) => (id === unknown && part !== undefined ? [at] : [])),
      total,
    };
  }
}

/** An expression that cannot be followed on a text says whose it is. */
function sayingWhere(cut: (text: string) => Cut, where: string): (text: string) => Cut {
  return (text) => {
    try {
      return cut(text);
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error;
      throw new ModelError(`${where} has an expression that cannot be followed here: ${error.message}.`, {
        cause: error,
      });
    }
  };
}

function marked(more: boolean): { readonly more?: true } {
  return more ? { more } : {};
}

/** Characters that SentencePiece's tables take away; the library does not count them at the beginning of a text. */
const silent = new CodePoints('1-8 b e-1f 7f 8f 9f');

/** How many UTF-16 units at the beginning of a text are silent. */
function silentUnits(text: string): number {
  let units = 0;
  while (units < text.length && silent.has(text.charAt(units))) units++;
  return units;
}

/** @param table whether a table of characters is applied first */
function cutter(
  added: readonly AddedToken[],
  normalize: Normalizer,
  split: Splitter,
  model: WordModel,
  trim: Trimmer,
  table: boolean,
): (text: string) => Cut {
  const plain = added.filter(({ normalized }) => !normalized);
  const normalized = added.filter((token) => token.normalized);
  const before = new AddedTokenFinder(new Map(plain.map((token) => [token.content, token])));
  const after = new AddedTokenFinder(
    new Map(normalized.map((token) => [normalize(aligned(token.content)).characters.join(''), token])),
  );
  const further = (section: Section): Section[] =>
    section.kind === 'token' ? [section] : after.split(normalize(section.text));
  return (text) => {
    const places: Piece[] = [];
    let settled = 0;
    const first = table ? silentUnits(text) : 0;
    const begins = (place: number): boolean => place <= first;
    const put = (id: number, token: string, surface: string, range: CharacterRange): void => {
      places.push({ id, token, range: trim(surface, range, places.length === 0, text) });
    };
    for (const section of before.split(aligned(text)).flatMap(further)) {
      if (section.kind === 'token') {
        const { token, range } = section;
        settled = places.length;
        put(token.id, token.content, text.slice(range.start, range.end), range);
        continue;
      }
      for (const word of split(section.text, begins)) {
        if (word.characters.length === 0) continue;
        settled = places.length;
        for (const { id, token, from, to } of model.cut(word.characters)) {
          put(id, token, token, rangeOf(word, from, to));
        }
      }
    }
    return { pieces: places, settled };
  };
}

/**
 * Tokens as people read them; those that the vocabulary does not have as their text writes them.
 * @param textOf the text that the token at a place belongs to
 */
export function labelsOf(
  tokenizer: TextTokenizer,
  { tokens, ranges, unknown }: Encoding,
  textOf: (at: number) => string,
): string[] {
  const strange = new Set(unknown);
  return tokens.map((token, at) => {
    const range = ranges[at] ?? null;
    return strange.has(at) && range !== null && range.end > range.start
      ? textOf(at).slice(range.start, range.end)
      : tokenizer.legible(token);
  });
}

/**
 * Ranges that share characters become one: what is left is in order, never overlaps, and covers what all of them do.
 * @param ranges in the order of the text
 */
export function joinRanges(ranges: readonly (CharacterRange | null)[]): CharacterRange[] {
  const joined: CharacterRange[] = [];
  for (const range of ranges) {
    const last = joined.at(-1);
    if (range === null || range.end === range.start) continue;
    if (last !== undefined && range.start < last.end) {
      joined[joined.length - 1] = {
        start: Math.min(last.start, range.start),
        end: Math.max(last.end, range.end),
      };
    } else {
      joined.push(range);
    }
  }
  return joined;
}
