import type { Rgb } from '../theme.js';
import type { ColorScale } from '../../src/drawing/colors/scale.js';
import { isMasked } from '../../src/drawing/colors/colormap.js';
import { colorIndex, factorAt } from '../../src/drawing/colors/scale.js';

/** A canvas of more pixels a side than this shows no more. */
const enough = 768;

/** The number among some that stands out most; masked only where all are. */
function strongest(data: Float32Array, from: number, to: number, stride: number): number {
  let strong = NaN;
  for (let index = from; index < to; index += stride) {
    const value = data[index] ?? NaN;
    if (!isMasked(value) && !(Math.abs(value) <= Math.abs(strong))) strong = value;
  }
  return strong;
}

/** Colours rows × columns of numbers, a pixel each; the style sheet scales the canvas. Long rows keep their strongest numbers. */
export function paintMatrix(
  canvas: HTMLCanvasElement,
  data: Float32Array,
  rows: number,
  columns: number,
  scale: ColorScale,
  masked: Rgb,
): void {
  const width = Math.max(1, Math.min(columns, enough));
  canvas.width = width;
  canvas.height = Math.max(1, rows);
  const context = canvas.getContext('2d');
  if (context === null) return;
  const image = context.createImageData(width, canvas.height);
  for (let row = 0; row < rows; row += 1) {
    const factor = factorAt(scale, row);
    for (let x = 0; x < width; x += 1) {
      const from = Math.floor((x * columns) / width);
      const to = Math.max(from + 1, Math.floor(((x + 1) * columns) / width));
      const value = strongest(data, row * columns + from, row * columns + to, 1);
      const at = (row * width + x) * 4;
      if (isMasked(value)) {
        image.data.set([...masked, 255], at);
      } else {
        const color = colorIndex(scale, value * factor) * 4;
        image.data.set(scale.table.subarray(color, color + 4), at);
      }
    }
  }
  context.putImageData(image, 0, 0);
}

/** Smallest and largest of the finite numbers; 0 and 0 where there are none. */
export function extent(data: Float32Array): { minimum: number; maximum: number } {
  let minimum = Infinity;
  let maximum = -Infinity;
  for (const value of data) {
    if (isMasked(value)) continue;
    if (value < minimum) minimum = value;
    if (value > maximum) maximum = value;
  }
  return minimum > maximum ? { minimum: 0, maximum: 0 } : { minimum, maximum };
}
