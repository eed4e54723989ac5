import type { Value } from '../engine/graph.js';
import type { AttendParameters } from '../engine/mechanisms/index.js';
import type { DecoderAttention, DecoderDescription, DecoderGraph } from './architectures/index.js';
import {
  imageTextArchitectureOf,
  type ImageMemoryGraph,
  type ImageTextArchitecture,
  type ImageTextDescription,
} from './architectures/image-text/index.js';
import type { VisionDescription } from './architectures/vision/index.js';
import type { Checkpoint } from './checkpoint.js';
import { Config } from './config.js';
import { ModelError } from './error.js';
import type { Generation } from './generation.js';
import { seeThrough } from './prefixes.js';
import { sizeRead, type ImageSettings } from './processors/image/index.js';
import type { Encoding } from './processors/tokenizer/tokenizer.js';
import { TextSide } from './text-side.js';
import { unusedNotice } from './unused.js';
import { processorIn } from './vision-model.js';

/** A checkpoint that writes about images: its image processor, both halves of its graph, and its tokenizer. */
export class CaptionModel {
  readonly name: string;
  /** "ViT + GPT-2" */
  readonly family: string;
  /** Of the half that reads images, as all that is not said of the decoder. */
  readonly layers: number;
  readonly heads: number;
  /** d_model */
  readonly width: number;
  /** How many tokens an image becomes that has the shape of those that the model was trained on. */
  readonly limit: number;
  /** Of the weights on disk, in bytes. */
  readonly size: number;
  /** The attention of the half that reads, as it was trained. */
  readonly attention: AttendParameters;
  readonly positions: VisionDescription['positions'];
  /** Of a patch, in pixels. */
  readonly patch: VisionDescription['patch'];
  readonly decoder: DecoderDescription;
  /** Whether a text that is given stands behind the first token that the decoder reads, or its own first token becomes that. */
  readonly opening: ImageTextDescription['opening'];
  /** All checkpoints of this kind have a head that says words. */
  readonly writes = true;
  private readonly trained: VisionDescription['trained'];
  private readonly text: TextSide;
  private unused: readonly string[] | undefined;

  private constructor(
    /** Where its weights and settings come from. */
    readonly checkpoint: Checkpoint,
    private readonly architecture: ImageTextArchitecture,
    description: ImageTextDescription,
    /** How an image is prepared for it. */
    readonly processor: ImageSettings,
    private readonly reading: readonly string[],
  ) {
    this.name = checkpoint.name;
    this.size = checkpoint.size;
    this.family = description.title;
    this.decoder = description.decoder;
    this.opening = description.opening;
    ({
      layers: this.layers,
      heads: this.heads,
      width: this.width,
      attention: this.attention,
      positions: this.positions,
      patch: this.patch,
      trained: this.trained,
    } = description.vision);
    this.text = new TextSide(checkpoint, checkpoint.name);
    this.limit = this.usual().tokens.length;
  }

  /**
   * Makes a model of a checkpoint, which it closes with itself; where that fails, it stays open.
   * @throws ModelError where it is of a family that is not known here, or its processor's settings cannot be followed
   */
  static async of(checkpoint: Checkpoint): Promise<CaptionModel> {
    const architecture = imageTextArchitectureOf(checkpoint.config);
    if (architecture === undefined) throw new ModelError(`${checkpoint.name} does not write about images.`);
    const description = architecture.describe(checkpoint.config);
    const { vision, decoder } = description;
    const seen = seeThrough(checkpoint, (each) => {
      const { memory } = architecture.build(each, vision.trained, vision.attention);
      architecture.buildDecoder(each, 1, memory, decoder.attention);
    });
    const processor = await processorIn(checkpoint, description.processor);
    return new CaptionModel(seen.checkpoint, architecture, description, processor.settings, [
      ...checkpoint.remarks,
      ...seen.remarks,
      ...processor.remarks,
    ]);
  }

  /**
   * The half that reads, for images of one size, as the processor gives them. Weights are checked, not read.
   * @throws ModelError when a weight is missing or has the wrong shape, or the image has no patch or too many
   */
  build(
    size: { readonly width: number; readonly height: number },
    attention: AttendParameters = this.attention,
  ): ImageMemoryGraph {
    return this.architecture.build(this.checkpoint, size, attention);
  }

  /** The half that reads, for an image of the shape of those that the model was trained on. @throws ModelError as `build` */
  usual(attention: AttendParameters = this.attention): ImageMemoryGraph {
    return this.build(sizeRead(this.trained, this.processor), attention);
  }

  /**
   * The half that writes.
   * @param tokens how many it has read
   * @param memory of `build` // (m, model)
   * @throws ModelError as `build`, or where there are more tokens than the limit
   */
  buildDecoder(tokens: number, memory: Value, attention: DecoderAttention): DecoderGraph {
    return this.architecture.buildDecoder(this.checkpoint, tokens, memory, attention);
  }

  /** A text that the model is to have written, as tokens. @throws ModelError when there is no tokenizer that can be read, or it does not fit the model */
  encodeTarget(text: string): Promise<Encoding> {
    const { limit, vocabulary } = this.decoder;
    return this.text.encodeWritten(text, limit, vocabulary);
  }

  /** The text that tokens that were written stand for. @throws ModelError as `encodeTarget` */
  decode(ids: readonly number[]): Promise<string> {
    return this.text.decode(ids);
  }

  /** A token that was written, in readable form. @throws ModelError as `encodeTarget` */
  spell(id: number): Promise<string> {
    return this.text.spell(id);
  }

  /** As `spell`, but in the vocabulary's own spelling. @throws ModelError as `encodeTarget` */
  entry(id: number): Promise<string> {
    return this.text.entry(id);
  }

  /** What its `generate` follows. @throws ModelError */
  async generation(): Promise<Generation> {
    const own = await this.checkpoint.json('generation_config.json');
    const config = (await this.checkpoint.json('config.json')) ?? {};
    return this.architecture.generation(own, Config.of(config, `${this.name}: config.json`));
  }

  /** What a reader should know of the checkpoint, in sentences: how it was read, what of it is not used. @throws ModelError as `build` */
  get remarks(): readonly string[] {
    if (this.unused === undefined) {
      this.buildDecoder(1, this.usual().memory, this.decoder.attention);
      const notice = unusedNotice(this.checkpoint.unread);
      this.unused = notice === undefined ? [] : [notice];
    }
    return [...this.reading, ...this.unused];
  }

  /** Closes all files; graphs that were built can no longer read their weights. */
  dispose(): Promise<void> {
    return this.checkpoint.dispose();
  }
}
