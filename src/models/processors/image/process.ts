import { checkSize, crop, ImageError, maxPixels, resize, type Image } from '../../../media/image/index.js';
import type { Geometry, Size } from './geometry.js';
import type { ImageSettings, ResizeTo } from './settings.js';

/** What a model reads of an image. */
export interface ProcessedImage {
  readonly width: number;
  readonly height: number;
  /** // (channel, row, column) */
  readonly pixels: Float32Array;
  readonly geometry: Geometry;
}

/**
 * Resizes, crops, rescales, normalises and pads an image, as transformers' PIL processor does.
 * @throws ImageError where the result would be too large, or has no pixel
 */
export function processImage(image: Image, settings: ImageSettings): ProcessedImage {
  const original = { width: image.width, height: image.height };
  const { resized, window } = layout(original, settings);
  checkSize(window.width, window.height, 'What the model reads');
  if (resized.width * resized.height > maxPixels) {
    throw new ImageError(
      `An image of ${original.width} × ${original.height} pixels is so narrow that the model’s processor would make ${resized.width} × ${resized.height} of it, more than ${maxPixels} in all. Cut a part out of it.`,
    );
  }
  const scaled =
    resized.width === image.width && resized.height === image.height
      ? image
      : resize(image, resized.width, resized.height, settings.filter);
  const cropped = windowOf(scaled, window);
  const { width, height } = settings.pad ?? cropped;
  if (width < cropped.width || height < cropped.height) {
    throw new ImageError(
      `The image is ${cropped.width} × ${cropped.height} pixels after resizing, more than the ${width} × ${height} that the model pads it to.`,
    );
  }
  checkSize(width, height, 'What the model reads');
  return {
    width,
    height,
    pixels: normalised(cropped, settings, { width, height }),
    geometry: { original, resized, left: window.left, top: window.top, seen: { width, height } },
  };
}

/**
 * White in place of one colour. An image that a pipeline of transformers has opened is RGB; what of its transparency is left is the
 * colour that was called transparent, behind which a processor with `do_convert_rgb` puts white.
 */
export function overWhite(image: Image, [red, green, blue]: readonly [number, number, number]): Image {
  const data = image.data.slice(); // (row, column, channel)
  for (let at = 0; at < data.length; at += 3) {
    if (data[at] === red && data[at + 1] === green && data[at + 2] === blue) data.fill(255, at, at + 3);
  }
  return { width: image.width, height: image.height, data };
}

/** Sizes alone, for an image of any size: nothing is made. */
export function layout(
  original: Size,
  { resize: to, cropShare, crop: cropTo }: ImageSettings,
): { readonly resized: Size; readonly window: Size & { readonly left: number; readonly top: number } } {
  let resized = original;
  let kept = cropTo;
  if (to !== undefined) {
    if (cropShare !== undefined && to.kind === 'shortest') {
      resized = resizedTo(original, { kind: 'shortest', shortest: Math.trunc(to.shortest / cropShare) });
      kept = { width: to.shortest, height: to.shortest };
      const inner = centred(resized, kept);
      const outer = cropTo === undefined ? { left: 0, top: 0, ...kept } : centred(kept, cropTo);
      return { resized, window: { ...outer, left: inner.left + outer.left, top: inner.top + outer.top } };
    }
    resized = resizedTo(original, to);
  }
  return { resized, window: kept === undefined ? { left: 0, top: 0, ...resized } : centred(resized, kept) };
}

/** The size of what a model reads of an image of this one. */
export function sizeRead(original: Size, settings: ImageSettings): Size {
  return settings.pad ?? layout(original, settings).window;
}

/** A window in the middle; where it is larger than the image, the image lies in its middle. */
function centred(from: Size, to: Size): Size & { left: number; top: number } {
  return {
    left: Math.floor((from.width - to.width) / 2),
    top: Math.floor((from.height - to.height) / 2),
    width: to.width,
    height: to.height,
  };
}

function resizedTo({ width, height }: Size, to: ResizeTo): Size {
  if (to.kind === 'exact') return { width: to.width, height: to.height };
  if (to.kind === 'within') {
    const scale = Math.min(to.height / height, to.width / width);
    return atLeastOne({ width: Math.trunc(width * scale), height: Math.trunc(height * scale) });
  }
  let { shortest } = to;
  const [short, long] = width <= height ? [width, height] : [height, width];
  let raw = shortest;
  if (to.longest !== undefined && (long / short) * shortest > to.longest) {
    raw = (to.longest * short) / long;
    shortest = roundHalfToEven(raw);
  }
  if (to.longest !== undefined && short === shortest) return { width, height };
  const other = Math.trunc((raw * long) / short);
  return atLeastOne(
    width <= height ? { width: shortest, height: other } : { width: other, height: shortest },
  );
}

function atLeastOne(size: Size): Size {
  if (size.width < 1 || size.height < 1) {
    throw new ImageError('The image is so narrow that nothing is left of it after resizing.');
  }
  return size;
}

/** As Python rounds. */
function roundHalfToEven(value: number): number {
  const floor = Math.floor(value);
  return value - floor === 0.5 ? floor + (floor % 2) : Math.round(value);
}

/** Black where the window reaches beyond the image. */
function windowOf(image: Image, { left, top, width, height }: Size & { left: number; top: number }): Image {
  const right = Math.min(image.width, left + width);
  const bottom = Math.min(image.height, top + height);
  const [x, y] = [Math.max(0, left), Math.max(0, top)];
  const inner = crop(image, x, y, right - x, bottom - y);
  if (inner.width === width && inner.height === height) return inner;
  const data = new Uint8Array(3 * width * height); // (row, column, channel)
  for (let row = 0; row < inner.height; row++) {
    const line = inner.data.subarray(3 * row * inner.width, 3 * (row + 1) * inner.width);
    data.set(line, 3 * ((row + y - top) * width + x - left));
  }
  return { width, height, data };
}

/** In single precision, step by step, as NumPy does. What is padded stays 0. // (channel, row, column) */
function normalised(
  image: Image,
  { factor, mean, deviation }: ImageSettings,
  { width, height }: Size,
): Float32Array {
  const out = new Float32Array(3 * width * height);
  for (let channel = 0; channel < 3; channel++) {
    const middle = Math.fround(mean?.[channel] ?? 0);
    const spread = Math.fround(deviation?.[channel] ?? 1);
    const values = Float32Array.from({ length: 256 }, (_, value) => {
      const scaled = Math.fround(value * (factor ?? 1));
      return Math.fround(Math.fround(scaled - middle) / spread);
    });
    for (let row = 0; row < image.height; row++) {
      const to = (channel * height + row) * width;
      for (let column = 0; column < image.width; column++) {
        out[to + column] = values[image.data[3 * (row * image.width + column) + channel] ?? 0] ?? 0;
      }
    }
  }
  return out;
}
