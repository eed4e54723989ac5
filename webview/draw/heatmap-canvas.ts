import type { Slice } from '../../src/protocol.js';
import { isMasked } from '../../src/drawing/colors/colormap.js';
import type { Layer, Painter, Picture } from './painter.js';
import { hatched, hatchPitch, hatchWidth, resize } from './painter.js';
import { drawn } from '../../src/drawing/colors/automatic.js';
import type { ColorScale } from '../../src/drawing/colors/scale.js';
import { colorIndex, sameScale } from '../../src/drawing/colors/scale.js';

/** A slice in colours, made once a scale: drawing it is then no more than copying. */
interface Colored {
  readonly slice: Slice;
  readonly scale: ColorScale;
  /** A pixel for each number, 0 for what is masked: no colour is as transparent as that. */
  readonly pixels: Uint32Array;
  readonly anyMasked: boolean;
}

function colored(slice: Slice, scale: ColorScale): Colored {
  const colors = new Uint32Array(scale.table.buffer, scale.table.byteOffset, 256);
  const data = drawn(slice, scale);
  const pixels = new Uint32Array(data.length);
  let anyMasked = false;
  for (let at = 0; at < data.length; at += 1) {
    const value = data[at] ?? NaN;
    if (isMasked(value)) anyMasked = true;
    else pixels[at] = colors[colorIndex(scale, value)] ?? 0;
  }
  return { slice, scale, pixels, anyMasked };
}

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

interface Texels {
  readonly across: Int32Array;
  readonly down: Int32Array;
}

function texelsOf({ rows, columns, shape }: Slice, { viewport, ratio }: Picture, image: ImageData): Texels {
  const { left, top, scaleX, scaleY } = viewport;
  const [height = 0, width = 0] = shape;
  return {
    across: texels(columns.start, columns.end, width, left, scaleX, image.width, ratio),
    down: texels(rows.start, rows.end, height, top, scaleY, image.height, ratio),
  };
}

function pack(rgb: readonly [number, number, number]): number {
  return new Uint32Array(Uint8Array.of(...rgb, 255).buffer)[0] ?? 0;
}

function cover(
  pixels: Uint32Array,
  { pixels: source, slice, anyMasked }: Colored,
  { across, down }: Texels,
  picture: Picture,
): void {
  const width = slice.shape[1] ?? 0;
  const { ratio, masked, hatch } = picture;
  const ground = pack(masked);
  const line = pack(hatch);
  const lines = anyMasked && hatched(picture);
  const pitch = hatchPitch * ratio;
  const thickness = hatchWidth * ratio;
  // A row that shows the same numbers as the one above it is the same.
  const repeats = !lines && !across.includes(-1);
  for (let y = 0; y < down.length; y += 1) {
    const row = down[y] ?? -1;
    if (row < 0) continue;
    const to = y * across.length;
    if (repeats && y > 0 && down[y - 1] === row) {
      pixels.copyWithin(to, to - across.length, to);
      continue;
    }
    for (let x = 0; x < across.length; x += 1) {
      const column = across[x] ?? -1;
      if (column < 0) continue;
      const color = source[row * width + column] ?? 0;
      if (color !== 0) pixels[to + x] = color;
      else pixels[to + x] = lines && (x + y + 1) % pitch < thickness ? line : ground;
    }
  }
}

/** Draws on the processor, for where there is no WebGL 2 that is faster: pixel for pixel what the shader draws. */
export function canvasPainter(): Painter {
  const canvas = document.createElement('canvas');
  const context = canvas.getContext('2d', { alpha: false });
  const slices: Record<Layer, Slice | null> = { overview: null, detail: null };
  const made: Record<Layer, Colored | null> = { overview: null, detail: null };
  let image: ImageData | null = null;

  function layer(name: Layer, scale: ColorScale): Colored | null {
    const slice = slices[name];
    const kept = made[name];
    if (slice === null) return null;
    if (kept?.slice === slice && sameScale(kept.scale, scale)) return kept;
    const fresh = colored(slice, scale);
    made[name] = fresh;
    return fresh;
  }

  return {
    kind: 'canvas',
    canvas,
    largest: 4096,
    set: (name, slice) => {
      slices[name] = slice;
      if (slice === null) made[name] = null;
    },
    paint: (picture) => {
      resize(canvas, picture.frame.width, picture.frame.height, picture.ratio);
      if (context === null) return;
      if (image?.width !== canvas.width || image.height !== canvas.height)
        image = context.createImageData(canvas.width, canvas.height);
      const pixels = new Uint32Array(image.data.buffer);
      const detail = layer('detail', picture.scale);
      const close = detail === null ? null : texelsOf(detail.slice, picture, image);
      const whole = close !== null && !close.across.includes(-1) && !close.down.includes(-1);
      const overview = whole ? null : layer('overview', picture.scale);
      if (!whole) pixels.fill(pack(picture.masked));
      if (overview !== null) cover(pixels, overview, texelsOf(overview.slice, picture, image), picture);
      if (detail !== null && close !== null) cover(pixels, detail, close, picture);
      context.putImageData(image, 0, 0);
    },
    dispose: () => {
      slices.overview = null;
      slices.detail = null;
      made.overview = null;
      made.detail = null;
      image = null;
      canvas.width = 0;
      canvas.height = 0;
      canvas.remove();
    },
  };
}
