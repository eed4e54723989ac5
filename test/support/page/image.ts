import type { ImageMedium, Labels, Mark, Preview } from '../../../src/protocol.js';

/** An image that was cut into patches of equal size; the model sees all of it. */
export interface PatchedImage {
  readonly width: number;
  readonly height: number;
  readonly rows: number;
  readonly columns: number;
  /** The classes that it is sorted into, the likeliest first. */
  readonly classes?: readonly string[];
}

export function imageMedium({ width, height }: PatchedImage): ImageMedium {
  return {
    id: 'image-0',
    kind: 'image',
    name: 'scene.png',
    width,
    height,
    seen: { x: 0, y: 0, width, height },
  };
}

/** [CLS], then the patches by row and column. */
export function patchLabels({ width, height, rows, columns }: PatchedImage): Labels {
  const patches = Array.from({ length: rows * columns }, (_, at) => ({
    row: Math.floor(at / columns),
    column: at % columns,
  }));
  const [across, down] = [width / columns, height / rows];
  return {
    count: patches.length + 1,
    words: ['[CLS]', ...patches.map(({ row, column }) => `${row}, ${column}`)],
    marks: [
      null,
      ...patches.map(({ row, column }): Mark => ({
        medium: 'image-0',
        kind: 'box',
        x: column * across,
        y: row * down,
        width: across,
        height: down,
      })),
    ],
    grid: { rows, columns, first: 1 },
  };
}

/** Red grows from left to right, green from top to bottom. */
export function previewOf(image: PatchedImage, side: number): Preview {
  const scale = Math.min(1, side / Math.max(image.width, image.height));
  const width = Math.max(1, Math.round(image.width * scale));
  const height = Math.max(1, Math.round(image.height * scale));
  const data = new Uint8ClampedArray(4 * width * height); // (row, column, channel)
  for (let at = 0; at < width * height; at += 1) {
    const [row, column] = [Math.floor(at / width), at % width];
    data.set([(255 * column) / width, (255 * row) / height, 96, 255], 4 * at);
  }
  return { width, height, data };
}
