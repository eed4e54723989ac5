import { checkSize, ImageError, type Image } from "./image.js";

/** Pillow’s resampling filters. */
export type Filter = 'nearest' | 'box' | 'bilinear' | 'hamming' | 'bicubic' | 'lanczos';

/** Pillow’s numbers of them, as preprocessor_config.json writes "resample". */
export const filterNumbers: ReadonlyMap<number, Filter> = new Map([
  [0, 'nearest'],
  [1, 'lanczos'],
  [2, 'bilinear'],
  [3, 'bicubic'],
  [4, 'box'],
  [5, 'hamming'],
]);

interface Kernel {
  readonly support: number;
  at(x: number): number;
}

const kernels: Readonly<Record<Exclude<Filter, 'nearest'>, Kernel>> = {
  box: { support: 0.5, at: (x) => (x > -0.5 && x <= 0.5 ? 1 : 0) },
  bilinear: { support: 1, at: (x) => Math.max(0, 1 - Math.abs(x)) },
  hamming: {
    support: 1,
    at(x) {
      if (x === 0) return 1;
      const angle = Math.abs(x) * Math.PI;
      return Math.abs(x) >= 1 ? 0 : (Math.sin(angle) / angle) * (0.54 + 0.46 * Math.cos(angle));
    },
  },
  bicubic: {
    support: 2,
    at(x) {
      const a = -0.5;
      const d = Math.abs(x);
      if (d < 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
      return d < 2 ? (((d - 5) * d + 8) * d - 4) * a : 0;
    },
  },
  lanczos: { support: 3, at: (x) => (x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0) },
};

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(x * Math.PI) / (x * Math.PI);
}

const precision = 22;

/** Which entries of a line make each entry of the resized one, and how much of each. */
interface Taps {
  readonly starts: Int32Array; // (out)
  readonly counts: Int32Array; // (out)
  /** In 22-bit fixed point. // (out, tap) */
  readonly weights: Int32Array;
  readonly widest: number;
}

function tapsOf(from: number, to: number, kernel: Kernel): Taps {
  const scale = from / to;
  const stretch = Math.max(1, scale);
  const support = kernel.support * stretch;
  const widest = Math.ceil(support) * 2 + 1;
  const starts = new Int32Array(to);
  const counts = new Int32Array(to);
  const weights = new Int32Array(to * widest);
  const line = new Float64Array(widest);
  for (let out = 0; out < to; out++) {
    const center = (out + 0.5) * scale;
    const start = Math.max(0, Math.trunc(center - support + 0.5));
    const count = Math.min(from, Math.trunc(center + support + 0.5)) - start;
    let sum = 0;
    for (let tap = 0; tap < count; tap++) {
      const weight = kernel.at((tap + start - center + 0.5) * (1 / stretch));
      line[tap] = weight;
      sum += weight;
    }
    for (let tap = 0; tap < count; tap++) {
      const share = sum === 0 ? (line[tap] ?? 0) : (line[tap] ?? 0) / sum;
      weights[out * widest + tap] = Math.trunc(share * 2 ** precision + (share < 0 ? -0.5 : 0.5));
    }
    starts[out] = start;
    counts[out] = count;
  }
  return { starts, counts, weights, widest };
}

/**
 * As Pillow’s `Image.resize` for RGB: two passes in 22-bit fixed point, widened by how much the image shrinks, each rounded to
 * eight bits. Pillow 13 goes vertically first where the height shrinks by more than twice as many pixels as the width; earlier ones
 * always go horizontally first.
 * @throws ImageError where the new size is too large
 */
export function resize(image: Image, width: number, height: number, filter: Filter): Image {
  checkSize(width, height, 'The resized image');
  if (image.width === width && image.height === height) return image;
  if (filter === 'nearest') return nearest(image, width, height);
  const kernel = kernels[filter];
  const steps = [(each: Image) => horizontally(each, width, kernel), (each: Image) => vertically(each, height, kernel)];
  if (verticalFirst(image, width, height)) steps.reverse();
  return steps.reduce((each, step) => step(each), image);
}

function verticalFirst(image: Image, width: number, height: number): boolean {
  return height < image.height && image.height - height > 2 * (image.width - width);
}

function horizontally(image: Image, width: number, kernel: Kernel): Image {
  if (image.width === width) return image;
  checkSize(width, image.height, 'The half-resized image');
  const { starts, counts, weights, widest } = tapsOf(image.width, width, kernel);
  const { data, height } = image;
  const out = new Uint8Array(3 * width * height); // (row, column, channel)
  let to = 0;
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const start = 3 * (row * image.width + (starts[column] ?? 0));
      const count = counts[column] ?? 0;
      let red = half;
      let green = half;
      let blue = half;
      for (let tap = 0, from = start; tap < count; tap++, from += 3) {
        const weight = weights[column * widest + tap] ?? 0;
        red += weight * (data[from] ?? 0);
        green += weight * (data[from + 1] ?? 0);
        blue += weight * (data[from + 2] ?? 0);
      }
      out[to++] = clipped(red);
      out[to++] = clipped(green);
      out[to++] = clipped(blue);
    }
  }
  return { width, height, data: out };
}

function vertically(image: Image, height: number, kernel: Kernel): Image {
  if (image.height === height) return image;
  checkSize(image.width, height, 'The half-resized image');
  const { starts, counts, weights, widest } = tapsOf(image.height, height, kernel);
  const { data, width } = image;
  const stride = 3 * width;
  const out = new Uint8Array(stride * height); // (row, column, channel)
  const sums = new Float64Array(stride);
  for (let row = 0; row < height; row++) {
    sums.fill(half);
    const start = starts[row] ?? 0;
    for (let tap = 0; tap < (counts[row] ?? 0); tap++) {
      const weight = weights[row * widest + tap] ?? 0;
      const from = (start + tap) * stride;
      for (let at = 0; at < stride; at++) sums[at] = (sums[at] ?? 0) + weight * (data[from + at] ?? 0);
    }
    for (let at = 0; at < stride; at++) out[row * stride + at] = clipped(sums[at] ?? 0);
  }
  return { width, height, data: out };
}

const half = 2 ** (precision - 1);

/** Sums stay below 2^31 in magnitude only in sensible kernels; the division by 2^22 is exact either way. */
function clipped(sum: number): number {
  return Math.max(0, Math.min(255, Math.floor(sum / 2 ** precision)));
}

/** As Pillow steps through an image: it adds the scale up, which rounds otherwise than a product. */
function nearest(image: Image, width: number, height: number): Image {
  const places = (from: number, to: number): Int32Array => {
    const scale = from / to;
    const found = new Int32Array(to);
    let at = scale * 0.5;
    for (let index = 0; index < to; index++, at += scale) found[index] = Math.min(from - 1, Math.trunc(at));
    return found;
  };
  const columns = places(image.width, width);
  const rows = places(image.height, height);
  const out = new Uint8Array(3 * width * height); // (row, column, channel)
  let to = 0;
  for (const row of rows) {
    for (const column of columns) {
      const from = 3 * (row * image.width + column);
      out[to++] = image.data[from] ?? 0;
      out[to++] = image.data[from + 1] ?? 0;
      out[to++] = image.data[from + 2] ?? 0;
    }
  }
  return { width, height, data: out };
}

/** A part of an image that lies within it. @throws ImageError */
export function crop(image: Image, left: number, top: number, width: number, height: number): Image {
  if (left < 0 || top < 0 || left + width > image.width || top + height > image.height) {
    throw new ImageError(`A part of ${width} × ${height} at (${left}, ${top}) does not lie in the image.`);
  }
  const out = new Uint8Array(3 * width * height); // (row, column, channel)
  for (let row = 0; row < height; row++) {
    const from = 3 * ((top + row) * image.width + left);
    out.set(image.data.subarray(from, from + 3 * width), 3 * row * width);
  }
  return { width, height, data: out };
}
