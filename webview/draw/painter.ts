import type { Slice } from '../../src/protocol.js';
import type { Rgb } from '../theme.js';
import type { ColorScale } from '../../src/drawing/colors/scale.js';
import type { Frame, Viewport } from './viewport.js';

/** When WebGL draws: where a graphics card is behind it, always where there is one at all, or never. */
export type UseOfWebGL = 'fast' | 'always' | 'never';

/** As a page's host may say it; else as fits most. */
export function useOfWebGL(said: string | undefined): UseOfWebGL {
  return said === 'always' || said === 'never' ? said : 'fast';
}

/** `overview` is the whole matrix, as a rule pooled; `detail` a part of it, at a better resolution. */
export type Layer = 'overview' | 'detail';

export interface Picture {
  readonly frame: Frame;
  readonly viewport: Viewport;
  readonly scale: ColorScale;
  /** Device pixels a CSS pixel. */
  readonly ratio: number;
  /** Ground and lines of what is masked. */
  readonly masked: Rgb;
  readonly hatch: Rgb;
}

/** Draws a matrix's cells into its canvas, which fills the frame. Frames never wait for anything. */
export interface Painter {
  readonly kind: 'webgl' | 'canvas';
  readonly canvas: HTMLCanvasElement;
  /** Longest side of a slice that can be set. */
  readonly largest: number;
  set(layer: Layer, slice: Slice | null): void;
  paint(picture: Picture): void;
  dispose(): void;
}

/** Distance of the masked cells' diagonals, and their width, in device pixels at ratio 1. */
export const hatchPitch = 6;
export const hatchWidth = 1.5;
/** Cells smaller than this, in CSS pixels, are too small for diagonals. */
export const hatchFrom = 5;

export function hatched(picture: Picture): boolean {
  return Math.min(picture.viewport.scaleX, picture.viewport.scaleY) >= hatchFrom;
}

/** Sets a canvas's size in device pixels; true where it changed. */
export function resize(canvas: HTMLCanvasElement, width: number, height: number, ratio: number): void {
  const deviceWidth = Math.max(1, Math.round(width * ratio));
  const deviceHeight = Math.max(1, Math.round(height * ratio));
  if (canvas.width !== deviceWidth) canvas.width = deviceWidth;
  if (canvas.height !== deviceHeight) canvas.height = deviceHeight;
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
}
