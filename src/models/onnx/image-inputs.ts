import type { OnnxValue } from '../../formats/onnx.js';
import { ModelError } from '../error.js';
import type { OnnxFeed } from './inputs.js';

/** Pixels as a graph is given them. */
export interface PixelInput {
  readonly width: number;
  readonly height: number;
  /** // (channel, row, column) */
  readonly pixels: Float32Array;
}

/** The edges of the images that a graph reads; undefined where it takes any. */
export interface ImageExtents {
  readonly width: number | undefined;
  readonly height: number | undefined;
  /** Set where pixels are taken in half precision. */
  readonly rounded?: true;
}

const float32 = 1;
const float16 = 10;

/** By their number in `TensorProto.DataType`, what a mask of pixels may be. */
const maskTypes: Readonly<Record<number, OnnxFeed['type']>> = {
  1: 'float32',
  6: 'int32',
  7: 'int64',
  9: 'bool',
  10: 'float16',
};

/** The pixels among the inputs of a graph: a batch of images of three colours; undefined where there are none. */
function pixelsAmong(inputs: readonly OnnxValue[]): OnnxValue | undefined {
  return inputs.find(
    ({ name, type, shape }) =>
      (type === float32 || type === float16) &&
      shape?.length === 4 &&
      // Keys and values of earlier tokens may have three heads.
      !name.startsWith('past') &&
      (shape[1] === 3 || (name === 'pixel_values' && typeof shape[1] !== 'number')),
  );
}

/** Whether a graph is given an image and no text. */
export function readsPixels(inputs: readonly OnnxValue[]): boolean {
  return pixelsAmong(inputs) !== undefined && !inputs.some(({ name }) => name === 'input_ids');
}

/** The inputs of a graph that reads an image. */
export class ImageInputs {
  readonly extents: ImageExtents;
  private readonly pixels: OnnxValue;

  /** @throws ModelError naming an input that no image gives */
  constructor(
    private readonly inputs: readonly OnnxValue[],
    private readonly where: string,
  ) {
    const pixels = pixelsAmong(inputs);
    if (pixels === undefined) throw new ModelError(`${where} is given no image.`);
    const [batch, , height, width] = pixels.shape ?? [];
    if (typeof batch === 'number' && batch > 1) {
      throw new ModelError(`${where} reads ${batch} images at once: export it for one.`);
    }
    const edge = (extent: number | string | undefined): number | undefined =>
      typeof extent === 'number' && extent > 0 ? extent : undefined;
    this.pixels = pixels;
    this.extents = {
      width: edge(width),
      height: edge(height),
      ...(pixels.type === float16 ? { rounded: true } : {}),
    };
    const strange = inputs.find((input) => input !== pixels && maskOf(input) === undefined);
    if (strange !== undefined) {
      throw new ModelError(
        `${where} wants the input ${strange.name}, which no image gives; exports that read pixel_values alone can be inspected.`,
      );
    }
  }

  /** @throws ModelError where the image has another size than the graph reads */
  feeds({ width, height, pixels }: PixelInput): Map<string, OnnxFeed> {
    const { extents } = this;
    if ((extents.width ?? width) !== width || (extents.height ?? height) !== height) {
      throw new ModelError(
        `${this.where} reads images of ${extents.width ?? 'any'} × ${extents.height ?? 'any'} pixels, not ${width} × ${height}.`,
      );
    }
    return new Map(
      this.inputs.map((input): [string, OnnxFeed] => {
        if (input.name === this.pixels.name) {
          const type = input.type === float16 ? 'float16' : 'float32';
          return [input.name, { type, shape: [1, 3, height, width], data: pixels }];
        }
        const [, down, across] = input.shape ?? [];
        const shape = [
          1,
          typeof down === 'number' && down > 0 ? down : height,
          typeof across === 'number' && across > 0 ? across : width,
        ];
        const data = new Float32Array(shape.reduce((size, extent) => size * extent, 1)).fill(1);
        return [input.name, { type: maskOf(input) ?? 'int64', shape, data }];
      }),
    );
  }
}

/** What a mask of pixels is made of: 1 where a pixel is one of the image. */
function maskOf({ name, type, shape }: OnnxValue): OnnxFeed['type'] | undefined {
  return name === 'pixel_mask' && shape?.length === 3 ? maskTypes[type ?? 0] : undefined;
}
