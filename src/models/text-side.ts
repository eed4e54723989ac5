import type { Checkpoint } from './checkpoint.js';
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
}
