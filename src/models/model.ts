import type { Value } from '../engine/graph.js';
import type { AttendParameters } from '../engine/mechanisms/index.js';
import type { Platform } from '../platform/platform.js';
import {
  architectureOf,
  type Architecture,
  type ArchitectureDescription,
  type DecoderAttention,
  type DecoderDescription,
  type DecoderGraph,
  type ModelGraph,
} from './architectures/index.js';
import { answerHead, hasAnswerHead, type AnswerHead } from './architectures/parts/answer-head.js';
import { Checkpoint } from './checkpoint.js';
import { ModelError } from './error.js';
import type { CheckpointFolder } from './folder.js';
import { generationOf, type Generation } from './generation.js';
import { unusedNotice } from './unused.js';
import { openTokenizer } from './processors/tokenizer/open-tokenizer.js';
import type { Encoding, PairEncoding, TextTokenizer } from './processors/tokenizer/tokenizer.js';

const languageToken = /^(?:[a-z]{2,3}_[A-Z][A-Za-z]{1,3}|__[a-z]{2,3}__)$/;

/** A checkpoint with its tokenizer and the graph of its family: text goes in, attention comes out. */
export class Model {
  readonly name: string;
  /** "BERT" */
  readonly family: string;
  readonly layers: number;
  readonly heads: number;
  /** d_model */
  readonly width: number;
  /** The longest input, in tokens. */
  readonly limit: number;
  /** Of the weights on disk, in bytes. */
  readonly size: number;
  /** The attention of the model as it was trained. */
  readonly attention: AttendParameters;
  /** How positions enter: added to the embeddings, or inside attention, as rotary positions or a bias. */
  readonly positions: ArchitectureDescription['positions'];
  /** Whether a longer text changes what was computed for a shorter one, so that nothing can be cached. */
  readonly growing: boolean;
  /** The decoder of an encoder–decoder model; everything above describes the encoder then. */
  readonly decoder: DecoderDescription | undefined;
  /** Token ids are below it. */
  readonly vocabulary: number;
  /** Of settings that are not followed as they are said. */
  private readonly said: readonly string[];
  private unused: { readonly notice: string | undefined } | undefined;
  private tokenizer: Promise<TextTokenizer> | undefined;

  private constructor(
    /** Where its weights and settings come from. */
    readonly checkpoint: Checkpoint,
    private readonly architecture: Architecture,
  ) {
    this.name = checkpoint.name;
    this.family = architecture.title;
    this.size = checkpoint.size;
    const description = architecture.describe(checkpoint.config);
    this.growing = description.growing === true;
    this.said = description.remarks ?? [];
    this.decoder = architecture.decoder?.isIn(checkpoint) === true ? description.decoder : undefined;
    ({
      layers: this.layers,
      heads: this.heads,
      width: this.width,
      limit: this.limit,
      vocabulary: this.vocabulary,
      attention: this.attention,
      positions: this.positions,
    } = description);
  }

  /**
   * Opens a checkpoint folder; the caller disposes of the model.
   * @throws ModelError when it is no checkpoint, damaged, or of a family that is not known here
   */
  static async open(platform: Platform, from: CheckpointFolder | string): Promise<Model> {
    const checkpoint = await Checkpoint.open(platform, from);
    try {
      return new Model(checkpoint, architectureOf(checkpoint.config));
    } catch (error) {
      await checkpoint.dispose();
      throw error;
    }
  }

  /**
   * Cuts a text into tokens, with the special ones that the model expects around it, at most `limit` of them. Tokens are
   * in readable form.
   * @throws ModelError when there is no tokenizer that can be read, or it does not fit the model
   */
  async encode(text: string): Promise<Encoding> {
    const tokenizer = await this.openedTokenizer();
    return this.known(tokenizer, tokenizer.encode(text, this.limit));
  }

  /** A question and a text together, at most `limit` tokens of both. @throws ModelError as `encode`, or where they do not fit */
  async encodePair(first: string, second: string): Promise<PairEncoding> {
    const tokenizer = await this.openedTokenizer();
    return this.known(tokenizer, tokenizer.encodePair(first, second, this.limit));
  }

  /** @throws ModelError where there is a token that the model has no vector for */
  private known<Tokens extends Encoding>(tokenizer: TextTokenizer, encoding: Tokens): Tokens {
    const strange = encoding.ids.findIndex((id) => id >= this.vocabulary);
    if (strange >= 0) {
      throw new ModelError(
        `${this.name}: the tokenizer gives ${JSON.stringify(encoding.tokens[strange])} the number ${encoding.ids[strange]}, but the model knows only ${this.vocabulary} tokens.`,
      );
    }
    return { ...encoding, tokens: encoding.tokens.map((token) => tokenizer.legible(token)) };
  }

  /** The text that tokens stand for. @throws ModelError as `encode` */
  async decode(ids: readonly number[]): Promise<string> {
    return (await this.openedTokenizer()).decode(ids);
  }

  /** A token in readable form; its number in angle brackets where the vocabulary has no such entry. @throws ModelError as `encode` */
  async spell(id: number): Promise<string> {
    const tokenizer = await this.openedTokenizer();
    return tokenizer.legible(tokenizer.spell(id) ?? `<${id}>`);
  }

  /** As `spell`, but in the vocabulary's own spelling. @throws ModelError as `encode` */
  async entry(id: number): Promise<string> {
    return (await this.openedTokenizer()).spell(id) ?? `<${id}>`;
  }

  /** The tokens that stand for languages, where a text begins or ends with one: "eng_Latn", "de_DE", "__fr__". @throws ModelError as `encode` */
  async languages(): Promise<ReadonlyMap<string, number>> {
    const { added } = await this.openedTokenizer();
    return new Map([...added].filter(([token]) => languageToken.test(token)));
  }

  /** Tokens that were added to the vocabulary: special ones, languages. @throws ModelError as `encode` */
  async addedTokens(): Promise<ReadonlyMap<string, number>> {
    return (await this.openedTokenizer()).added;
  }

  /** The prefixes of texts for the tasks that the model was trained for, by task. */
  get prefixes(): ReadonlyMap<string, string> {
    return this.checkpoint.config.texts('task_specific_params', 'prefix');
  }

  /** The settings of generation in generation_config.json, or else config.json. @throws ModelError */
  async generation(): Promise<Generation> {
    return generationOf(await this.checkpoint.json('generation_config.json'), this.checkpoint.config);
  }

  /**
   * The model's graph for `tokens` tokens. Weights are checked, not read.
   * @throws ModelError when a weight is missing or has the wrong shape, or there are more tokens than the limit
   */
  build(tokens: number, attention: AttendParameters): ModelGraph {
    return this.architecture.build(this.checkpoint, tokens, attention);
  }

  /**
   * The graph of the decoder.
   * @param tokens how many it has read
   * @param memory the last hidden states of `build` // (m, model)
   * @throws ModelError as `build`, or where there is no decoder
   */
  buildDecoder(tokens: number, memory: Value, attention: DecoderAttention): DecoderGraph {
    const { decoder } = this.architecture;
    if (decoder === undefined || this.decoder === undefined) {
      throw new ModelError(`${this.name} only reads: it has no decoder.`);
    }
    return decoder.build(this.checkpoint, tokens, memory, attention);
  }

  /** Whether it has a head for extractive question answering. */
  get answers(): boolean {
    return (
      this.decoder === undefined && this.attention.mask.kind === 'none' && hasAnswerHead(this.checkpoint)
    );
  }

  /** The head for answers, on top of the last layer of a graph. @throws ModelError as `build` */
  answerHead({ hiddenStates }: ModelGraph): AnswerHead {
    const hidden = hiddenStates.at(-1);
    if (hidden === undefined) throw new ModelError(`${this.name} has no layer.`);
    return answerHead(this.checkpoint, hidden);
  }

  /** Whether it predicts the next token; a causal checkpoint can lack the language head. */
  get writes(): boolean {
    return this.decoder !== undefined || this.attention.mask.kind === 'causal';
  }

  /**
   * What a reader should know of the checkpoint, in sentences: settings that are not followed, tensors that are not used.
   * @throws ModelError as `build`
   */
  get remarks(): readonly string[] {
    if (this.unused === undefined) {
      const graph = this.build(1, this.attention);
      const memory = graph.hiddenStates.at(-1);
      if (this.decoder !== undefined && memory !== undefined)
        this.buildDecoder(1, memory, this.decoder.attention);
      if (this.answers) this.answerHead(graph);
      this.unused = { notice: unusedNotice(this.checkpoint.unread) };
    }
    const { notice } = this.unused;
    return [...this.said, ...(notice === undefined ? [] : [notice])];
  }

  /** Closes all files; graphs that were built can no longer read their weights. */
  dispose(): Promise<void> {
    return this.checkpoint.dispose();
  }

  private openedTokenizer(): Promise<TextTokenizer> {
    this.tokenizer ??= openTokenizer(this.checkpoint, this.name);
    return this.tokenizer;
  }
}
