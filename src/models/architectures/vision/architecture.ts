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
}
