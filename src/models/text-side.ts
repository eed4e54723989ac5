import type { Checkpoint } from './checkpoint.js';
import { isRecord } from '../common/values.js';
import { ModelError } from './error.js';
import { openTokenizer } from './processors/tokenizer/open-tokenizer.js';
import { labelsOf, type Encoding, type TextTokenizer } from './processors/tokenizer/tokenizer.js';

/** What a model does with text besides computing: it cuts it into tokens, and puts tokens together again. */
export class TextSide {
  private tokenizer: Promise<TextTokenizer> | undefined;

  constructor(
    private readonly checkpoint: Checkpoint,
    private readonly name: string,
  ) {}

  /** @throws ModelError when there is no tokenizer that can be read */
  opened(): Promise<TextTokenizer> {
    this.tokenizer ??= openTokenizer(this.checkpoint, this.name);
    return this.tokenizer;
  }

  /** Of what the model writes: another one in a few families. @throws ModelError as `opened` */
  async written(): Promise<TextTokenizer> {
    const tokenizer = await this.opened();
    return tokenizer.target ?? tokenizer;
  }

  /**
   * A text that the model is to have written; marked as of a language where its tokenizer does so.
   * @param limit the most tokens
   * @param vocabulary token ids are below it
   * @throws ModelError as `opened`, or where there is a token that the model has no vector for
   */
  async encodeWritten(text: string, limit: number, vocabulary: number): Promise<Encoding> {
    const tokenizer = await this.written();
    return this.known(tokenizer, tokenizer.encode(text, limit), () => text, vocabulary);
  }

  /** The text that tokens that were written stand for. @throws ModelError as `opened` */
  async decode(ids: readonly number[]): Promise<string> {
    return (await this.written()).decode(ids);
  }

  /** A token that was written, in readable form; its number in angle brackets where the vocabulary has no such entry. @throws ModelError as `opened` */
  async spell(id: number): Promise<string> {
    const tokenizer = await this.written();
    return tokenizer.legible(tokenizer.spell(id) ?? `<${id}>`);
  }

  /** As `spell`, but in the vocabulary's own spelling. @throws ModelError as `opened` */
  async entry(id: number): Promise<string> {
    return (await this.written()).spell(id) ?? `<${id}>`;
  }

  /**
   * Tokens in readable form; those that the vocabulary does not have as their text writes them.
   * @throws ModelError where there is a token that the model has no vector for
   */
  known<Tokens extends Encoding>(
    tokenizer: TextTokenizer,
    encoding: Tokens,
    textOf: (at: number) => string,
    vocabulary: number,
  ): Tokens {
    const strange = encoding.ids.findIndex((id) => id >= vocabulary);
    if (strange >= 0) {
      throw new ModelError(
        `${this.name}: the tokenizer gives ${JSON.stringify(encoding.tokens[strange])} the number ${encoding.ids[strange]}, but the model knows only ${vocabulary} tokens.`,
      );
    }
    return { ...encoding, tokens: labelsOf(tokenizer, encoding, textOf) };
  }

  /**
   * A text with what fills it up to the limit, as tokenizer_config.json says.
   * @throws ModelError where it does not say what fills a text
   */
  async filledUp(tokenizer: TextTokenizer, encoding: Encoding, limit: number): Promise<Encoding> {
    const missing = limit - encoding.ids.length;
    if (missing <= 0) return encoding;
    const { token, id, side } = await paddingOf(this.checkpoint, tokenizer);
    const fill = <Entry>(entry: Entry): Entry[] => Array.from({ length: missing }, () => entry);
    const join = <Entry>(own: readonly Entry[], filling: readonly Entry[]): Entry[] =>
      side === 'left' ? [...filling, ...own] : [...own, ...filling];
    const before = side === 'left' ? missing : 0;
    return {
      ids: join(encoding.ids, fill(id)),
      tokens: join(encoding.tokens, fill(token)),
      ranges: join(encoding.ranges, fill(null)),
      unknown: encoding.unknown.map((at) => at + before),
      total: limit,
    };
  }
}

/** What fills a text up, and at which end. @throws ModelError where it is not told */
async function paddingOf(
  checkpoint: Checkpoint,
  { added }: TextTokenizer,
): Promise<{ readonly token: string; readonly id: number; readonly side: 'left' | 'right' }> {
  const settings = await checkpoint.json('tokenizer_config.json');
  const { pad_token: said, padding_side: side } = isRecord(settings) ? settings : {};
  const token = isRecord(said) ? said['content'] : said;
  const id = typeof token === 'string' ? added.get(token) : undefined;
  if (typeof token !== 'string' || id === undefined) {
    throw new ModelError(
      `${checkpoint.name}: texts are filled up to the longest that the model reads, but tokenizer_config.json names no "pad_token" that its vocabulary has.`,
    );
  }
  return { token, id, side: side === 'left' ? 'left' : 'right' };
}
