import type { Page } from 'playwright-core';

export type Color = readonly [number, number, number];
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** The colours on screen at some points, in CSS pixels, at one device pixel each: from a screenshot, as a user sees them. */
export async function colorsAt(page: Page, reader: Page, points: readonly Point[]): Promise<Color[]> {
  const shot = await page.screenshot({ animations: 'disabled' });
  return reader.evaluate(
    async ([png, wanted]) => {
      const blob = await (await fetch(`data:image/png;base64,${png}`)).blob();
      const bitmap = await createImageBitmap(blob);
      const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
      const context = canvas.getContext('2d');
      if (context === null) throw new Error('There is no canvas to read pixels with.');
      context.drawImage(bitmap, 0, 0);
      return wanted.map(({ x, y }): [number, number, number] => {
        const [red = -1, green = -1, blue = -1] = context.getImageData(
          Math.floor(x),
          Math.floor(y),
          1,
          1,
        ).data;
        return [red, green, blue];
      });
    },
    [shot.toString('base64'), points] as const,
  );
}

/** "rgb(1, 2, 3)" or "#010203" as numbers. */
export function parseColor(css: string): Color {
  const hex = /^#(..)(..)(..)$/.exec(css);
  const parts =
    hex === null ? (css.match(/\d+/g) ?? []).map(Number) : hex.slice(1).map((two) => parseInt(two, 16));
  const [red = -1, green = -1, blue = -1] = parts;
  return [red, green, blue];
}

/** The largest difference of a channel. */
export function difference(a: Color, b: Color): number {
  return Math.max(Math.abs(a[0] - b[0]), Math.abs(a[1] - b[1]), Math.abs(a[2] - b[2]));
}

export interface Box extends Point {
  readonly width: number;
  readonly height: number;
}

/** Where the matrix is on the page. */
export async function matrixBox(page: Page): Promise<Box> {
  const box = await page.locator('canvas.cells').boundingBox();
  if (box === null) throw new Error('There is no heatmap.');
  return box;
}

/** The middle of a cell of an unzoomed matrix. */
export function middle(box: Box, rows: number, columns: number, row: number, column: number): Point {
  return {
    x: box.x + ((column + 0.5) * box.width) / columns,
    y: box.y + ((row + 0.5) * box.height) / rows,
  };
}
