import type { Value } from '../../../engine/graph.js';
import type { AttendParameters } from '../../../engine/mechanisms/index.js';
import type { Json } from '../../../formats/json-text.js';
import type { Checkpoint } from '../../checkpoint.js';
import type { Config } from '../../config.js';
import type { Generation } from '../../generation.js';
import type { DecoderAttention, DecoderDescription, DecoderGraph } from '../architecture.js';
import type { PixelSize, VisionDescription, VisionGraph } from '../vision/architecture.js';

/** What a model's configuration says of its size. */
export interface ImageTextDescription {
  /** What people call it, by both halves: "ViT + GPT-2". */
  readonly title: string;
  /** Of the half that reads. */
  readonly vision: VisionDescription;
  /** Of the half that writes. */
  readonly decoder: DecoderDescription;
  /** What a processor is looked for by, where a checkpoint names none. */
  readonly processor: string | undefined;
  /** Whether a text that is given stands behind the first token that the decoder reads, or its own first token becomes that. */
  readonly opening: 'before' | 'instead';
}

/** The half that reads, for images of one size. */
export interface ImageMemoryGraph extends VisionGraph {
  /** What the decoder attends to: the last hidden states, projected where both halves have other widths. // (m, model) */
  readonly memory: Value;
}

/** A family of models that read an image and write a text. */
export interface ImageTextArchitecture {
  /** What config.json calls it: "vision-encoder-decoder". */
  readonly modelTypes: readonly string[];
  /** @throws ModelError when a setting is missing, makes no sense, or asks for something that is not built here. */
  describe(config: Config): ImageTextDescription;
  /** @throws ModelError when a weight is missing or has the wrong shape, or the image has no patch or too many */
  build(checkpoint: Checkpoint, size: PixelSize, attention: AttendParameters): ImageMemoryGraph;
  /**
   * @param tokens n
   * @param memory of `build` // (m, model)
   * @throws ModelError as `build`, or where there are more tokens than the limit
   */
  buildDecoder(
    checkpoint: Checkpoint,
    tokens: number,
    memory: Value,
    attention: DecoderAttention,
  ): DecoderGraph;
  /**
   * What its `generate` follows.
   * @param own generation_config.json, where there is one
   * @param said config.json as it is written
   */
  generation(own: Json | undefined, said: Config): Generation;
}
