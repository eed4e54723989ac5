import type { Value } from '../../../engine/graph.js';
import type { AttendParameters } from '../../../engine/mechanisms/index.js';
import type { Tensor } from '../../../engine/tensor.js';
import type { Checkpoint } from '../../checkpoint.js';
import type { Config } from '../../config.js';

/** In pixels. */
export interface PixelSize {
  readonly width: number;
  readonly height: number;
}

/** What a model's configuration says of its size. */
export interface VisionDescription {
  readonly layers: number;
  readonly heads: number;
  /** d_model */
  readonly width: number;
  /** Of a patch. */
  readonly patch: PixelSize;
  /** Of the images that the model was trained on; positions are interpolated for others. */
  readonly trained: PixelSize;
  /** What attention does as long as a reader asks for nothing else. */
  readonly attention: AttendParameters;
  /** Where positions come in: with what the layers read, or as a bias inside attention. */
  readonly positions: 'embedded' | 'bias';
  /** What the classes are called, by their number; none where the model names none. */
  readonly labels: readonly string[];
}

/** What one row of a vision model stands for. */
export type VisionToken =
  | { readonly kind: 'class' | 'distillation' }
  | { readonly kind: 'register'; readonly index: number }
  | { readonly kind: 'patch'; readonly row: number; readonly column: number };

/** What `processImage` gives. // pixels: (channel, row, column) */
export interface VisionInput extends PixelSize {
  readonly pixels: Float32Array;
}

/** A Transformer for images of one size, from pixels to the last hidden state. */
export interface VisionGraph {
  /** The pixels of each patch, by channel, row and column. // (patch, pixel) */
  readonly patches: Value;
  /** The numbers of every input of the graph. @throws ModelError where the image has another size */
  inputsOf(image: VisionInput): ReadonlyMap<Value, Tensor>;
  /** What each row is; special ones come first, then patches row by row. */
  readonly tokens: readonly VisionToken[];
  /** Of patches; pixels that fill none are not read. */
  readonly grid: { readonly rows: number; readonly columns: number };
  /** Whether positions were interpolated, because the grid is not the one that the model was trained on. */
  readonly interpolated: boolean;
  /** For each layer the labelled steps of its attention, in reading order: X, Q, K, V, scores, …, output. */
  readonly layers: readonly (readonly Value[])[];
  /** The embeddings, then each layer's output; the last one normalised, where the family does so. // each (n, model) */
  readonly hiddenStates: readonly Value[];
  /** Where there is a head that sorts images. // (1, label) */
  readonly logits?: Value | undefined;
}

/** A family of models that read images. */
export interface VisionArchitecture {
  /** What config.json calls it: "vit". */
  readonly modelTypes: readonly string[];
  /** What people call it: "ViT". */
  readonly title: string;
  /** @throws ModelError when a setting is missing, makes no sense, or asks for something that is not built here. */
  describe(config: Config): VisionDescription;
  /**
   * @param size of the images, as the processor gives them
   * @throws ModelError when a weight is missing or has the wrong shape, or the image has no patch or too many
   */
  build(checkpoint: Checkpoint, size: PixelSize, attention: AttendParameters): VisionGraph;
  /** Of a family that was trained to tell which text belongs to an image. */
  readonly pairing?: Pairing;
}

/** The half of a family that reads texts, and the space in which both halves meet. */
export interface Pairing {
  /** Whether a checkpoint holds both halves; there are checkpoints of one. */
  isIn(checkpoint: Checkpoint): boolean;
  /** The half that reads texts, as a checkpoint of its own; it is disposed of with the whole. @throws ModelError */
  textOf(checkpoint: Checkpoint): Checkpoint;
  /** @throws ModelError when a weight is missing or has the wrong shape */
  spaceOf(checkpoint: Checkpoint): JointSpace;
}

/** Where the vectors of images and of texts are compared. */
export interface JointSpace {
  /** How many numbers a vector has. */
  readonly width: number;
  /** Whether each text has a probability of its own (sigmoid), or all of them together (softmax). */
  readonly independent: boolean;
  /** What an image is taken for. @param last the last hidden states // (n, model) → (1, feature) */
  image(last: Value): Value;
  /** What each token of an image would be taken for by itself. // (n, model) → (n, feature) */
  patches(last: Value): Value;
  /** How `patches` comes about, in a sentence. */
  readonly patchesNote: string;
  /** The token of a text whose state stands for all of it. */
  readsFrom(ids: readonly number[]): number;
  /** What each token of a text would be taken for by itself. // (n, model) → (n, feature) */
  words(last: Value): Value;
  /** From cosines to what the softmax, or sigmoid, reads. // (image, caption) */
  logits(cosines: Value): Value;
  /** The attention that makes one vector of all patches, labelled, where there is any. // (n, model) */
  pooling?(last: Value): { readonly steps: readonly Value[]; readonly heads: number };
}
