import type { Box, Preview } from '../../../src/protocol.js';
import { isMasked } from '../../../src/drawing/colors/colormap.js';
import { resize } from '../../draw/painter.js';
import type { ColorScale } from '../../../src/drawing/colors/scale.js';
import { colorIndex } from '../../../src/drawing/colors/scale.js';
import type { Frame, Viewport } from '../../draw/viewport.js';
import type { Theme } from '../../theme.js';
import { sample } from './contours.js';
import type { Patches } from './patches.js';
import type { Settings } from './settings.js';
import type { Values } from './values.js';

/** Pixels of the longer side of a smooth picture; it is stretched from there. */
const smoothSide = 384;

/** An image as canvases take it. */
export function bitmapOf({ width, height, data }: Preview): HTMLCanvasElement {
  const canvas = document.createElement('canvas');
  canvas.width = width;
  canvas.height = height;
  canvas.getContext('2d')?.putImageData(new ImageData(new Uint8ClampedArray(data), width, height), 0, 0);
  return canvas;
}

/** Numbers as a picture over an image. */
export interface Heat {
  /** Drawn over the patches together; null where each patch is drawn by itself. */
  readonly canvas: HTMLCanvasElement | null;
  /** Of each patch alone, where there is no canvas; null where nothing is drawn. */
  readonly colors: readonly (string | null)[];
  readonly bounds: Box;
  readonly smooth: boolean;
}

/** The colours of some numbers: cells as they are, or smooth where the patches are a grid. */
export function heatOf(
  patches: Patches,
  values: Values,
  scale: ColorScale,
  drawing: Settings['drawing'],
): Heat {
  const { grid, bounds } = patches;
  const { kept } = values;
  const smooth = drawing === 'smooth' && grid !== null;
  if (grid === null) {
    const colors = Array.from(values.patches, (value, at) => {
      if (kept.mask[at] !== 1) return null;
      const [red = 0, green = 0, blue = 0] = scale.table.subarray(4 * colorIndex(scale, value));
      return `rgb(${red}, ${green}, ${blue})`;
    });
    return { canvas: null, colors, bounds, smooth };
  }
  const { rows, columns } = grid;
  const finest = smooth ? Math.max(1, Math.min(16, Math.floor(smoothSide / Math.max(rows, columns)))) : 1;
  const canvas = document.createElement('canvas');
  canvas.width = columns * finest;
  canvas.height = rows * finest;
  const context = canvas.getContext('2d');
  const image = context?.createImageData(canvas.width, canvas.height);
  if (context === null || image === undefined) return { canvas: null, colors: [], bounds, smooth };
  const field = {
    rows,
    columns,
    data: values.patches.map((value) => (isMasked(value) ? values.minimum : value)),
  };
  const pixels = new Uint32Array(image.data.buffer);
  const colors = new Uint32Array(scale.table.buffer, scale.table.byteOffset, 256);
  const everything = kept.count === values.patches.length;
  for (let y = 0; y < canvas.height; y += 1) {
    for (let x = 0; x < canvas.width; x += 1) {
      const at = Math.floor(y / finest) * columns + Math.floor(x / finest);
      const value = smooth ? sample(field, (x + 0.5) / finest, (y + 0.5) / finest) : (field.data[at] ?? NaN);
      const drawn = smooth ? everything || value >= kept.least : kept.mask[at] === 1;
      if (drawn) pixels[y * canvas.width + x] = colors[colorIndex(scale, value)] ?? 0;
    }
  }
  context.putImageData(image, 0, 0);
  return { canvas, colors: [], bounds, smooth };
}

export interface ImagePicture {
  readonly image: HTMLCanvasElement;
  readonly patches: Patches;
  /** What the frame shows: image and what the model saw together. */
  readonly extent: Box;
  readonly frame: Frame;
  readonly viewport: Viewport;
  readonly ratio: number;
  readonly theme: Theme;
  /** Null until numbers have come. */
  readonly heat: Heat | null;
  readonly opacity: number;
}

/** Draws an image with attention over it. */
export function paintImage(canvas: HTMLCanvasElement, picture: ImagePicture): void {
  const { frame, ratio, viewport, extent, patches, theme, image, heat, opacity } = picture;
  resize(canvas, frame.width, frame.height, ratio);
  const context = canvas.getContext('2d');
  if (context === null) return;
  const scale = viewport.scaleX * ratio;
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.globalAlpha = 1;
  context.fillStyle = theme.background;
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.setTransform(
    scale,
    0,
    0,
    scale,
    -(viewport.left + extent.x) * scale,
    -(viewport.top + extent.y) * scale,
  );
  paintOriginal(context, { image, patches, extent, theme }, scale);
  context.globalAlpha = opacity;
  if (heat !== null) paintHeat(context, patches, heat);
  context.globalAlpha = 1;
}

/** Draws an image in its own pixels, so many device pixels each: dimmed where the model did not see it. */
export function paintOriginal(
  context: CanvasRenderingContext2D,
  { image, patches, extent, theme }: Pick<ImagePicture, 'image' | 'patches' | 'extent' | 'theme'>,
  scale: number,
): void {
  const { seen, width, height } = patches.medium;
  // Where the model's view goes beyond the image it was padded.
  context.fillStyle = `rgb(${theme.maskedRgb.join(', ')})`;
  context.fillRect(seen.x, seen.y, seen.width, seen.height);
  context.imageSmoothingEnabled = scale * width < image.width;
  context.imageSmoothingQuality = 'high';
  context.drawImage(image, 0, 0, width, height);
  context.fillStyle = theme.background;
  context.globalAlpha = 0.62;
  context.beginPath();
  context.rect(extent.x, extent.y, extent.width, extent.height);
  context.rect(seen.x, seen.y, seen.width, seen.height);
  context.fill('evenodd');
  context.globalAlpha = 1;
}

/** Draws numbers over an image, in its pixels. */
export function paintHeat(context: CanvasRenderingContext2D, { list }: Patches, heat: Heat): void {
  const { canvas, colors, bounds, smooth } = heat;
  if (canvas !== null) {
    context.imageSmoothingEnabled = smooth;
    context.drawImage(canvas, bounds.x, bounds.y, bounds.width, bounds.height);
    return;
  }
  for (const [at, { box }] of list.entries()) {
    const color = colors[at] ?? null;
    if (color === null) continue;
    context.fillStyle = color;
    context.fillRect(box.x, box.y, box.width, box.height);
  }
}
