import { Tokenizer } from '@huggingface/tokenizers';
import type { Json } from '../../../formats/json-text.js';
import { isRecord } from '../../../common/values.js';
import { ModelError } from '../../error.js';
import { reasonOf } from '../../../common/values.js';
import { AddedTokenFinder, addedTokensOf, type AddedToken, type Section } from './added-tokens.js';
import { aligned, type Aligned, type CharacterRange } from './aligned.js';
import { checked } from './description.js';
import { legibleBy, type Legible } from './legible.js';
import { normalizerOf, type Normalizer } from './normalizer.js';
import { piecesOf, type Piece } from './pieces.js';
import { splitterOf, type Splitter } from './pre-tokenizer.js';
import { searched } from './search.js';
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
  /** How many tokens the whole text has, special ones included; more than `ids` where it was too long. */
  readonly total: number;
}

/** Two texts as a model reads them together: places are those in the text that a token belongs to. */
export interface PairEncoding extends Encoding {
  /** Which text each token belongs to; none for special tokens. */
  readonly parts: readonly (0 | 1 | undefined)[];
  /** What the model is told of each token: of the first text, or of the second. */
  readonly segments: readonly number[];
}

export interface TextTokenizer {
  /** @param limit the most tokens that are wanted, special ones included; the text's end is left out for it */
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
 * The tokenizer that a tokenizer.json describes. Vocabulary and splitting into pieces are the library's; what comes
 * before them is done here, so that every piece knows its place in the text, and as the Rust library does it.
 * @param description tokenizer.json
 * @param settings tokenizer_config.json
 * @throws ModelError when it describes nothing that is known
 */
export function createTokenizer(description: Json, settings: Json, where: string): TextTokenizer {
  if (!isRecord(description)) throw new ModelError(`${where} is not a JSON object.`);
  try {
    const parts = checked(description, where);
    const tokenizer = new Tokenizer(parts, isRecord(settings) ? settings : {});
    const added = addedTokensOf(description['added_tokens']);
    forget(added, parts['model'], tokenizer);
    const pieces = cutterOf(description, tokenizer, added) ?? libraryCutter(tokenizer);
    return new ModelTokenizer(tokenizer, added, pieces, legibleBy(parts), where);
  } catch (error) {
    throw error instanceof ModelError
      ? error
      : new ModelError(`${where} describes no tokenizer that can be read: ${reasonOf(error)}.`, {
          cause: error,
        });
  }
}

/** The library puts added tokens into its model, which would then make them of parts of words. */
function forget(added: readonly AddedToken[], model: Json | undefined, { model: library }: Tokenizer): void {
  const vocabulary = isRecord(model) ? model['vocab'] : undefined;
  if (!isRecord(vocabulary)) return; // A list is read before they are added.
  for (const { content } of added) {
    if (!Object.hasOwn(vocabulary, content)) library?.tokens_to_ids.delete(content);
  }
}

/** A piece of one of two texts, or a special token around them. */
type PlacedPiece = Piece & { readonly part: PairEncoding['parts'][number]; readonly segment: number };

class ModelTokenizer implements TextTokenizer {
  readonly added: ReadonlyMap<string, number>;
  /** The special tokens before and after the text. */
  private readonly before: readonly Piece[];
  private readonly after: readonly Piece[];

  constructor(
    private readonly tokenizer: Tokenizer,
    added: readonly AddedToken[],
    private readonly cut: (text: string) => Piece[],
    private readonly read: Legible,
    private readonly where: string,
  ) {
    this.added = new Map(added.map(({ content, id }) => [content, id]));
    const mark = '\0';
    const around = tokenizer.post_processor?.post_process([mark], null, true).tokens ?? [mark];
    const at = around.indexOf(mark);
    if (at < 0 || around.lastIndexOf(mark) !== at) {
      throw new ModelError(`${where} puts the text into a template that is not known.`);
    }
    const special = around.map((token) => ({ token, range: null }));
    this.before = special.slice(0, at);
    this.after = special.slice(at + 1);
  }

  encode(text: string, limit: number): Encoding {
    const pieces = this.cut(text);
    const special = this.before.length + this.after.length;
    const used = pieces.slice(0, Math.max(0, limit - special));
    const all = [...this.before, ...used, ...this.after];
    return {
      ids: all.map(({ token }) => this.idOf(token)),
      tokens: all.map(({ token }) => token),
      ranges: all.map(({ range }) => range),
      total: pieces.length + special,
    };
  }

  encodePair(first: string, second: string, limit: number): PairEncoding {
    const marks = ['\0', '\u0001'] as const;
    const { tokens = [], token_type_ids: types } =
      this.tokenizer.post_processor?.post_process([marks[0]], [marks[1]], true) ?? {};
    const order = marks.map((mark) => tokens.indexOf(mark));
    if (order.some((at) => at < 0)) {
      throw new ModelError(`${this.where} does not say how two texts are put together.`);
    }
    // RoBERTa knows no segments, though the library numbers them.
    const isNumbered = this.tokenizer.post_processor?.config.type !== 'RobertaProcessing';
    const [question, all] = [this.cut(first), this.cut(second)];
    const room = limit - (tokens.length - marks.length) - question.length;
    if (room < 1) {
      throw new ModelError(
        `The question has ${question.length} tokens, which leaves no room for a text to answer it: the model reads ${limit} together.`,
      );
    }
    const placed = tokens.flatMap((token, at): PlacedPiece[] => {
      const segment = isNumbered ? (types?.[at] ?? 0) : 0;
      if (token === marks[0]) return question.map((piece) => ({ ...piece, part: 0, segment }));
      if (token === marks[1]) return all.slice(0, room).map((piece) => ({ ...piece, part: 1, segment }));
      return [{ token, range: null, part: undefined, segment }];
    });
    return {
      ids: placed.map(({ token }) => this.idOf(token)),
      tokens: placed.map(({ token }) => token),
      ranges: placed.map(({ range }) => range),
      parts: placed.map(({ part }) => part),
      segments: placed.map(({ segment }) => segment),
      total: placed.length + Math.max(0, all.length - room),
    };
  }

  decode(ids: readonly number[]): string {
    const known = ids.filter((id) => this.spell(id) !== undefined);
    return known.length === 0
      ? ''
      : this.tokenizer.decode(known, { skip_special_tokens: true, clean_up_tokenization_spaces: false });
  }

  spell(id: number): string | undefined {
    return this.tokenizer.id_to_token(id);
  }

  legible(token: string): string {
    // What was added to the vocabulary is text already.
    return this.added.has(token) ? token : this.read(token);
  }

  private idOf(token: string): number {
    const id =
      this.added.get(token) ?? this.tokenizer.token_to_id(token) ?? this.tokenizer.model?.unk_token_id;
    if (id === undefined)
      throw new ModelError(`${this.where} has no number for the token ${JSON.stringify(token)}.`);
    return id;
  }
}

/** Cuts text into pieces that know their places; undefined where the description has parts not known here. */
function cutterOf(
  description: { readonly [name: string]: Json },
  tokenizer: Tokenizer,
  added: readonly AddedToken[],
): ((text: string) => Piece[]) | undefined {
  const normalize = normalizerOf(description['normalizer']);
  const split = splitterOf(description['pre_tokenizer']);
  const pieces = piecesOf(description['model'], tokenizer.model);
  if (normalize === undefined || split === undefined || pieces === undefined) return undefined;
  return cutter(added, normalize, split, pieces, trimmerOf(description['post_processor']));
}

function cutter(
  added: readonly AddedToken[],
  normalize: Normalizer,
  split: Splitter,
  pieces: (word: Aligned) => Piece[],
  trim: Trimmer,
): (text: string) => Piece[] {
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
    const put = (token: string, surface: string, range: CharacterRange | null): void => {
      places.push({ token, range: range && trim(surface, range, places.length === 0, text) });
    };
    for (const [at, section] of before.split(aligned(text)).flatMap(further).entries()) {
      if (section.kind === 'token') {
        const { token, range } = section;
        put(token.content, text.slice(range.start, range.end), range);
        continue;
      }
      for (const word of split(section.text, at === 0)) {
        for (const { token, range } of pieces(word)) put(token, token, range);
      }
    }
    return places;
  };
}

/** The library's own way from text to tokens, which loses their places; they are looked for afterwards. */
function libraryCutter(tokenizer: Tokenizer): (text: string) => Piece[] {
  return (text) => {
    const { tokens } = tokenizer.encode(text, { add_special_tokens: false });
    const surfaces = tokens.map((token) => token.replace(/^##/, '').replace(/^[▁Ġ]+/u, ''));
    const ranges = searched(text, surfaces);
    return tokens.map((token, at) => ({ token, range: ranges[at] ?? null }));
  };
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
