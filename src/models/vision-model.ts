import type { AttendParameters } from '../engine/mechanisms/index.js';
import {
  visionArchitectureOf,
  type JointSpace,
  type VisionArchitecture,
  type VisionDescription,
  type VisionGraph,
} from './architectures/vision/index.js';
import type { Checkpoint } from './checkpoint.js';
import { Model } from './model.js';
import { seeThrough } from './prefixes.js';
import {
  findProcessor,
  imageSettings,
  sizeRead,
  processorFile,
  type ImageSettings,
} from './processors/image/index.js';
import { unusedNotice } from './unused.js';

/** What a model that was trained to tell which text belongs to an image has besides. */
export interface ImageTextPair {
  /** The half that reads texts; it is closed with the whole. */
  readonly text: Model;
  /** Where the vectors of images and of texts are compared. */
  readonly space: JointSpace;
}

/** A checkpoint with its image processor and the graph of its family: an image goes in, attention comes out. */
export class VisionModel {
  readonly name: string;
  /** "ViT" */
  readonly family: string;
  readonly layers: number;
  readonly heads: number;
  /** d_model */
  readonly width: number;
  /** How many tokens an image becomes that has the shape of those that the model was trained on. */
  readonly limit: number;
  /** Of the weights on disk, in bytes. */
  readonly size: number;
  /** The attention of the model as it was trained. */
  readonly attention: AttendParameters;
  readonly positions: VisionDescription['positions'];
  /** Of a patch, in pixels. */
  readonly patch: VisionDescription['patch'];
  /** What the classes are called, by their number; none where the model names none. */
  readonly labels: readonly string[];
  /** Whether an image may be of several classes, each of which has a probability of its own. */
  readonly independent: boolean;
  /** Whether it reads texts as well, and compares them with images. */
  readonly comparesTexts: boolean;
  private both: ImageTextPair | undefined;
  private readonly trained: VisionDescription['trained'];
  private unused: readonly string[] | undefined;

  private constructor(
    /** Where its weights and settings come from. */
    readonly checkpoint: Checkpoint,
    private readonly architecture: VisionArchitecture,
    /** How an image is prepared for it. */
    readonly processor: ImageSettings,
    private readonly reading: readonly string[],
  ) {
    this.name = checkpoint.name;
    this.family = architecture.title;
    this.size = checkpoint.size;
    ({
      layers: this.layers,
      heads: this.heads,
      width: this.width,
      attention: this.attention,
      positions: this.positions,
      patch: this.patch,
      trained: this.trained,
      labels: this.labels,
    } = architecture.describe(checkpoint.config));
    this.independent = checkpoint.config.raw('problem_type') === 'multi_label_classification';
    this.limit = this.usual().tokens.length;
    this.comparesTexts = architecture.pairing?.isIn(checkpoint) === true;
  }

  /**
   * Makes a model of a checkpoint, which it closes with itself; where that fails, it stays open.
   * @throws ModelError where it is of a family that is not known here, or its processor's settings cannot be followed
   */
  static async of(checkpoint: Checkpoint): Promise<VisionModel> {
    const architecture = visionArchitectureOf(checkpoint.config);
    const { trained, attention } = architecture.describe(checkpoint.config);
    const seen = seeThrough(checkpoint, (each) => architecture.build(each, trained, attention));
    const processor = await processorIn(checkpoint);
    return new VisionModel(seen.checkpoint, architecture, processor.settings, [
      ...checkpoint.remarks,
      ...seen.remarks,
      ...processor.remarks,
    ]);
  }

  /**
   * The graph for images of one size, as the processor gives them. Weights are checked, not read.
   * @throws ModelError when a weight is missing or has the wrong shape, or the image has no patch or too many
   */
  build(
    size: { readonly width: number; readonly height: number },
    attention: AttendParameters = this.attention,
  ): VisionGraph {
    return this.architecture.build(this.checkpoint, size, attention);
  }

  /** The graph for an image of the shape of those that the model was trained on. @throws ModelError as `build` */
  usual(attention: AttendParameters = this.attention): VisionGraph {
    return this.build(sizeRead(this.trained, this.processor), attention);
  }

  /**
   * What it has besides to read texts, and to compare them with images; undefined where it only reads images.
   * @throws ModelError where that is damaged
   */
  get pair(): ImageTextPair | undefined {
    const { pairing } = this.architecture;
    if (!this.comparesTexts || pairing === undefined) return undefined;
    this.both ??= {
      text: Model.of(pairing.textOf(this.checkpoint)),
      space: pairing.spaceOf(this.checkpoint),
    };
    return this.both;
  }

  /** What a reader should know of the checkpoint, in sentences: how it was read, what of it is not used. @throws ModelError as `build` */
  get remarks(): readonly string[] {
    if (this.unused === undefined) {
      this.usual();
      const unread = this.checkpoint.unread.filter((name) => !otherHalf.test(name));
      const notice = unusedNotice(unread);
      this.unused = [
        ...(unread.length < this.checkpoint.unread.length && !this.comparesTexts
          ? [
              `Only the half of ${this.name} that reads images is shown: its half that reads text is not used.`,
            ]
          : []),
        ...(notice === undefined ? [] : [notice]),
      ];
    }
    return [...this.reading, ...this.unused];
  }

  /** Closes all files; graphs that were built can no longer read their weights. */
  dispose(): Promise<void> {
    return this.checkpoint.dispose();
  }
}

/** What stands beside the image half of a contrastive model. */
const otherHalf = /^(?:text_model\.|text_projection\.|visual_projection\.|logit_(?:scale|bias)$)/;

/** The processor beside a checkpoint, or that of its family. @throws ModelError */
export async function processorIn(
  checkpoint: Checkpoint,
  modelType = checkpoint.config.modelType,
): Promise<{ readonly settings: ImageSettings; readonly remarks: readonly string[] }> {
  const { name } = checkpoint;
  const found = await findProcessor({ name, modelType, json: (file) => checkpoint.json(file) });
  if (found !== undefined) return { settings: found, remarks: [] };
  const settings = imageSettings({}, `${name}: ${processorFile}`, modelType);
  return {
    settings,
    remarks: [
      `There is no ${processorFile} beside the model: images are prepared as ${settings.kind.name}ImageProcessor does by itself, which may be another size or other colours than the model was trained with.`,
    ],
  };
}
