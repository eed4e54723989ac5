import type { Page } from 'playwright-core';
import type { Box, ImageMedium, Labels, Mark, Preview } from '../../../src/protocol.js';

/** An image that was cut into patches of equal size. */
export interface PatchedImage {
  readonly width: number;
  readonly height: number;
  readonly rows: number;
  readonly columns: number;
  /** The part that the model sees, cut into the patches; all of it where left out. */
  readonly seen?: Box;
  /** Tokens after [CLS] and before the patches. */
  readonly registers?: number;
  /** Words that look at the image: the queries, in place of the image's own tokens. */
  readonly written?: readonly string[];
  /** The classes that it is sorted into, the likeliest first. */
  readonly classes?: readonly string[];
}

function seenOf({ width, height, seen }: PatchedImage): Box {
  return seen ?? { x: 0, y: 0, width, height };
}

export function imageMedium(image: PatchedImage): ImageMedium {
  const { width, height } = image;
  return { id: 'image-0', kind: 'image', name: 'scene.png', width, height, seen: seenOf(image) };
}

/** How many labels it has on the side of the keys. */
export function tokensOf({ rows, columns, registers = 0 }: PatchedImage): number {
  return 1 + registers + rows * columns;
}

/** [CLS], registers, then the patches by row and column. */
export function patchLabels(image: PatchedImage): Labels {
  const { rows, columns, registers = 0 } = image;
  const seen = seenOf(image);
  const patches = Array.from({ length: rows * columns }, (_, at) => ({
    row: Math.floor(at / columns),
    column: at % columns,
  }));
  const others = ['[CLS]', ...Array.from({ length: registers }, (_, at) => `[REG ${at}]`)];
  const [across, down] = [seen.width / columns, seen.height / rows];
  return {
    count: patches.length + others.length,
    words: [...others, ...patches.map(({ row, column }) => `${row}, ${column}`)],
    marks: [
      ...others.map(() => null),
      ...patches.map(({ row, column }): Mark => ({
        medium: 'image-0',
        kind: 'box',
        x: seen.x + column * across,
        y: seen.y + row * down,
        width: across,
        height: down,
      })),
    ],
    grid: { rows, columns, first: others.length },
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

/** Opens the controls of how it is drawn, where they are not open yet. */
export async function openDisplay(page: Page): Promise<void> {
  const display = page.getByRole('button', { name: 'Display', exact: true });
  if ((await display.getAttribute('aria-expanded')) === 'false') await display.click();
}
