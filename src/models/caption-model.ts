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
import { processorIn } from './vision-model.js';
import { WritingModel } from './writing-model.js';

/** A checkpoint that writes about images: its image processor, both halves of its graph, and its tokenizer. */
export class CaptionModel extends WritingModel {
  readonly family: string;
  readonly layers: number;
  readonly heads: number;
  readonly width: number;
  /** How many tokens an image becomes that has the shape of those that the model was trained on. */
  readonly limit: number;
  readonly attention: AttendParameters;
  readonly positions: VisionDescription['positions'];
  /** Of a patch, in pixels. */
  readonly patch: VisionDescription['patch'];
  readonly decoder: DecoderDescription;
  /** Whether a text that is given stands behind the first token that the decoder reads, or its own first token becomes that. */
  readonly opening: ImageTextDescription['opening'];
  private readonly trained: VisionDescription['trained'];

  private constructor(
    checkpoint: Checkpoint,
    private readonly architecture: ImageTextArchitecture,
    description: ImageTextDescription,
    /** How an image is prepared for it. */
    readonly processor: ImageSettings,
    reading: readonly string[],
  ) {
    super(checkpoint, reading);
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
  override usual(attention: AttendParameters = this.attention): ImageMemoryGraph {
    return this.build(sizeRead(this.trained, this.processor), attention);
  }

  override buildDecoder(tokens: number, memory: Value, attention: DecoderAttention): DecoderGraph {
    return this.architecture.buildDecoder(this.checkpoint, tokens, memory, attention);
  }

  override async generation(): Promise<Generation> {
    const own = await this.checkpoint.json('generation_config.json');
    const config = (await this.checkpoint.json('config.json')) ?? {};
    return this.architecture.generation(own, Config.of(config, `${this.name}: config.json`));
  }
}
