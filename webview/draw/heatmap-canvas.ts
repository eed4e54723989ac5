import type { Slice } from '../../src/protocol.js';
import { colorIndex, isMasked } from './colormap.js';
import type { Painter, Picture } from './painter.js';
import { hatched, hatchPitch, hatchWidth, resize } from './painter.js';

/** Which row or column of a slice each device pixel shows; −1 outside of it. */
function texels(
  start: number,
  end: number,
  count: number,
  first: number,
  scale: number,
  pixels: number,
  ratio: number,
): Int32Array {
  const indices = new Int32Array(pixels);
  for (let pixel = 0; pixel < pixels; pixel += 1) {
    const place = first + (pixel + 0.5) / ratio / scale;
    const texel = Math.floor(((place - start) / (end - start)) * count);
    indices[pixel] = place < start || place >= end ? -1 : Math.min(texel, count - 1);
  }
  return indices;
}

/** Draws on the processor, for where there is no WebGL 2: pixel for pixel what the shader draws. */
export function canvasPainter(): Painter {
  const canvas = document.createElement('canvas');
  const context = canvas.getContext('2d', { alpha: false });
  let overview: Slice | null = null;
  let detail: Slice | null = null;

  function cover(picture: Picture, slice: Slice, image: ImageData): void {
    const { viewport, ratio, scale, masked, hatch } = picture;
    const { rows, columns, data, shape } = slice;
    const [height = 0, width = 0] = shape;
    const across = texels(
      columns.start,
      columns.end,
      width,
      viewport.left,
      viewport.scaleX,
      image.width,
      ratio,
    );
    const down = texels(rows.start, rows.end, height, viewport.top, viewport.scaleY, image.height, ratio);
    const pixels = new Uint32Array(image.data.buffer);
    const colors = new Uint32Array(scale.table.buffer, scale.table.byteOffset, 256);
    const pack = (rgb: readonly [number, number, number]): number =>
      new Uint32Array(Uint8Array.of(...rgb, 255).buffer)[0] ?? 0;
    const ground = pack(masked);
    const line = pack(hatch);
    const lines = hatched(picture);
    const pitch = hatchPitch * ratio;
    const thickness = hatchWidth * ratio;
    for (let y = 0; y < image.height; y += 1) {
      const row = down[y] ?? -1;
      if (row < 0) continue;
      for (let x = 0; x < image.width; x += 1) {
        const column = across[x] ?? -1;
        if (column < 0) continue;
        const value = data[row * width + column] ?? NaN;
        const onLine = lines && (x + y + 1) % pitch < thickness;
        pixels[y * image.width + x] = isMasked(value)
          ? onLine
            ? line
            : ground
          : (colors[colorIndex(scale, value)] ?? ground);
      }
    }
  }

  return {
    kind: 'canvas',
    canvas,
    largest: 4096,
    set: (layer, slice) => {
      if (layer === 'overview') overview = slice;
      else detail = slice;
    },
    paint: (picture) => {
      resize(canvas, picture.frame.width, picture.frame.height, picture.ratio);
      if (context === null) return;
      const image = context.createImageData(canvas.width, canvas.height);
      new Uint32Array(image.data.buffer).fill(
        new Uint32Array(Uint8Array.of(...picture.masked, 255).buffer)[0] ?? 0,
      );
      if (overview !== null) cover(picture, overview, image);
      if (detail !== null) cover(picture, detail, image);
      context.putImageData(image, 0, 0);
    },
    dispose: () => {
      overview = null;
      detail = null;
      canvas.width = 0;
      canvas.height = 0;
      canvas.remove();
    },
  };
}
