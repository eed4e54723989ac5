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
import { sortsTexts, textLogits } from './architectures/parts/text-classifier.js';
import { Checkpoint } from './checkpoint.js';
import { Config } from './config.js';
import { ModelError } from './error.js';
import type { CheckpointFolder } from './folder.js';
import { generationOf, type Generation } from './generation.js';
import { languageSettingsOf, languagesIn, type LanguageSettings } from './languages.js';
import { seeThrough } from './prefixes.js';
import { unusedNotice } from './unused.js';
import type { Encoding, PairEncoding } from './processors/tokenizer/tokenizer.js';
import { TextSide } from './text-side.js';

/** What a model sorts texts into. */
export interface TextSorting {
  readonly labels: readonly string[];
  /** A text is of one class (softmax), of several (sigmoid of each), or is given a number (regression). */
  readonly kind: 'number' | 'one' | 'several';
}

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
  /** Whether it turns texts into vectors and is never to say a next token. */
  readonly embeds: boolean;
  /** Whether texts are filled up to the limit. */
  private readonly filled: boolean;
  /** The decoder of an encoder–decoder model; everything above describes the encoder then. */
  readonly decoder: DecoderDescription | undefined;
  /** Token ids are below it. */
  readonly vocabulary: number;
  /** Of settings that are not followed as they are said. */
  private readonly said: readonly string[];
  private unused: { readonly notice: string | undefined } | undefined;
  private readonly text: TextSide;
  private speaks: boolean | undefined;

  private constructor(
    /** Where its weights and settings come from. */
    readonly checkpoint: Checkpoint,
    private readonly architecture: Architecture,
    /** How its files were read where that is not plain, in sentences. */
    readonly reading: readonly string[],
  ) {
    this.name = checkpoint.name;
    this.text = new TextSide(checkpoint, checkpoint.name);
    this.family = architecture.title;
    this.size = checkpoint.size;
    const description = architecture.describe(checkpoint.config);
    this.growing = description.growing === true;
    this.embeds = description.embeds === true;
    this.filled = description.filled === true;
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
      return Model.of(checkpoint);
    } catch (error) {
      await checkpoint.dispose();
      throw error;
    }
  }

  /**
   * Makes a model of a checkpoint, which it closes with itself; where that fails, it stays open.
   * @throws ModelError when it is of a family that is not known here
   */
  static of(checkpoint: Checkpoint): Model {
    const architecture = architectureOf(checkpoint.config);
    const { nameOf } = architecture;
    const own = nameOf === undefined ? checkpoint : checkpoint.renamed((name) => nameOf(name));
    const seen = seeThrough(own, (each) => {
      const { attention, decoder } = architecture.describe(each.config);
      const memory = architecture.build(each, 1, attention).hiddenStates.at(-1);
      if (decoder !== undefined && memory !== undefined && architecture.decoder?.isIn(each) === true) {
        architecture.decoder.build(each, 1, memory, decoder.attention);
      }
    });
    return new Model(seen.checkpoint, architecture, [...checkpoint.remarks, ...seen.remarks]);
  }

  /**
   * Cuts a text into tokens, with the special ones that the model expects around it, at most `limit` of them. Tokens are
   * in readable form.
   * @throws ModelError when there is no tokenizer that can be read, or it does not fit the model
   */
  async encode(text: string): Promise<Encoding> {
    const tokenizer = await this.text.opened();
    const own = tokenizer.encode(text, this.limit);
    const encoding = this.filled ? await this.text.filledUp(tokenizer, own, this.limit) : own;
    return this.text.known(tokenizer, encoding, () => text, this.vocabulary);
  }

  /**
   * As `encode`, for a text that the model is to have written; marked as of a language where its tokenizer does so.
   * @throws ModelError as `encode`
   */
  encodeTarget(text: string): Promise<Encoding> {
    const { limit, vocabulary } = this.decoder ?? this;
    return this.text.encodeWritten(text, limit, vocabulary);
  }

  /** A question and a text together, at most `limit` tokens of both. @throws ModelError as `encode`, or where they do not fit */
  async encodePair(first: string, second: string): Promise<PairEncoding> {
    const tokenizer = await this.text.opened();
    const encoding = tokenizer.encodePair(first, second, this.limit);
    const textOf = (at: number): string => (encoding.parts[at] === 1 ? second : first);
    return this.text.known(tokenizer, encoding, textOf, this.vocabulary);
  }

  /** The text that tokens that were written stand for. @throws ModelError as `encode` */
  decode(ids: readonly number[]): Promise<string> {
    return this.text.decode(ids);
  }

  /**
   * A token that was written, in readable form; its number in angle brackets where the vocabulary has no such entry.
   * @throws ModelError as `encode`
   */
  spell(id: number): Promise<string> {
    return this.text.spell(id);
  }

  /** As `spell`, but in the vocabulary's own spelling. @throws ModelError as `encode` */
  entry(id: number): Promise<string> {
    return this.text.entry(id);
  }

  /** The tokens that stand for languages, where a text begins or ends with one: "eng_Latn", "de_DE", "__fr__", ">>fra<<". @throws ModelError as `encode` */
  async languages(): Promise<ReadonlyMap<string, number>> {
    const { added } = await this.text.opened();
    return languagesIn(added);
  }

  /** How tokenizer_config.json says that texts are marked with their language. @throws ModelError */
  async languageSettings(): Promise<LanguageSettings> {
    return languageSettingsOf(
      await this.checkpoint.json('tokenizer_config.json'),
      await this.languages(),
      this.checkpoint.config.modelType,
    );
  }

  /** Tokens that were added to the vocabulary: special ones, languages. @throws ModelError as `encode` */
  async addedTokens(): Promise<ReadonlyMap<string, number>> {
    return (await this.text.opened()).added;
  }

  /** The prefixes of texts for the tasks that the model was trained for, by task. */
  get prefixes(): ReadonlyMap<string, string> {
    return this.checkpoint.config.texts('task_specific_params', 'prefix');
  }

  /** The settings of generation in generation_config.json, or else config.json. @throws ModelError */
  async generation(): Promise<Generation> {
    const own = await this.checkpoint.json('generation_config.json');
    // What the family's class would add is not read from there.
    const config = (await this.checkpoint.json('config.json')) ?? {};
    const said = Config.of(config, `${this.name}: config.json`);
    return generationOf(own, said, this.decoder?.vocabulary ?? this.vocabulary);
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

  /**
   * Of a model that was trained to sort whole texts: what its classes are called, and how many there may be of one text; undefined of
   * any other.
   */
  get sorting(): TextSorting | undefined {
    const { config } = this.checkpoint;
    if (this.decoder !== undefined || !sortsTexts(this.checkpoint)) return undefined;
    const names = config.names('id2label');
    const kind = config.raw('problem_type');
    const labels = Array.from(
      { length: names.size },
      (_, index) => names.get(String(index)) ?? `class ${index}`,
    );
    return {
      labels,
      kind:
        kind === 'regression'
          ? 'number'
          : kind === 'multi_label_classification' || labels.length === 1
            ? 'several'
            : 'one',
    };
  }

  /** What a text is taken for, of a model that sorts. // (1, label) @throws ModelError as `build` */
  classLogits({ hiddenStates }: Pick<ModelGraph, 'hiddenStates'>): Value {
    const last = hiddenStates.at(-1);
    if (last === undefined) throw new ModelError(`${this.name} has no layer.`);
    return textLogits(this.checkpoint, last);
  }

  /** Whether it predicts the next token: a causal model or a decoder whose checkpoint has a language head. */
  get writes(): boolean {
    this.speaks ??= this.hasLogits();
    return this.speaks;
  }

  private hasLogits(): boolean {
    const { decoder, attention } = this;
    if (this.embeds || (decoder === undefined && attention.mask.kind !== 'causal')) return false;
    try {
      const graph = this.build(1, attention);
      if (decoder === undefined) return graph.logits !== undefined;
      const memory = graph.hiddenStates.at(-1);
      return memory !== undefined && this.buildDecoder(1, memory, decoder.attention).logits !== undefined;
    } catch {
      // What is damaged is told where it is used.
      return true;
    }
  }

  /**
   * What a reader should know of the checkpoint, in sentences: how it was read, settings that are not followed, tensors that are not used.
   * @throws ModelError as `build`
   */
  get remarks(): readonly string[] {
    if (this.unused === undefined) {
      const graph = this.build(1, this.attention);
      const memory = graph.hiddenStates.at(-1);
      if (this.decoder !== undefined && memory !== undefined)
        this.buildDecoder(1, memory, this.decoder.attention);
      if (this.answers) this.answerHead(graph);
      if (this.sorting !== undefined) this.classLogits(graph);
      this.unused = { notice: unusedNotice(this.checkpoint.unread) };
    }
    const { notice } = this.unused;
    return [...this.reading, ...this.said, ...(notice === undefined ? [] : [notice])];
  }

  /** Closes all files; graphs that were built can no longer read their weights. */
  dispose(): Promise<void> {
    return this.checkpoint.dispose();
  }
}
