import {
  decodeImage,
  droppedAlpha,
  ImageError,
  maxFileBytes,
  resize,
  type DecodedImage,
  type Image,
} from '../../media/image/index.js';
import {
  onOriginal,
  overWhite,
  processImage,
  seenOf,
  type Geometry,
  type GeometryBox,
  type ImageSettings,
  type ProcessedImage,
} from '../../models/processors/image/index.js';
import type { VisionGraph, VisionToken } from '../../models/index.js';
import type { Platform } from '../../platform/platform.js';
import type { Box, FileReference, ImageMedium, Labels, Mark } from '../../protocol.js';
import { nameOf, openReference } from './file-reference.js';
import type { Picture } from './subject.js';

/** The most pixels of an image's longer side that it can be looked at with. */
export const largestPreview = 4096;

/** An image that was brought, upright. */
export interface BroughtImage {
  /** Of its file. */
  readonly name: string;
  readonly image: DecodedImage;
}

/** What a model reads of an image, and where that lies on it. */
export interface ImageInput {
  readonly processed: ProcessedImage;
  readonly medium: ImageMedium;
  /** To be looked at. */
  readonly picture: Picture;
  /** How it was decoded, resized, cut and padded, in sentences. */
  readonly notices: readonly string[];
}

const whitened =
  'What the file calls transparent is white for the model, as its processor makes it (do_convert_rgb).';

/** Reads and decodes an image. @throws FormatError where it cannot be opened, ImageError where it is none that can be read */
export async function openImage(platform: Platform, file: FileReference): Promise<BroughtImage> {
  const name = nameOf(file, platform.paths);
  const source = await openReference(platform, file);
  try {
    if (source.size > maxFileBytes) {
      throw new ImageError(
        `${name} has ${source.size} bytes; images of up to ${maxFileBytes} bytes are read.`,
      );
    }
    return { name, image: await decodeImage(await source.read(0, source.size), name) };
  } finally {
    await source.close();
  }
}

/**
 * Prepares an image as a model's processor does.
 * @param index which of the images that were brought it is, from 0
 * @throws ImageError where nothing would be left of it, or too much
 */
export function imageInput({ name, image }: BroughtImage, settings: ImageSettings, index = 0): ImageInput {
  const { clear, notes } = image;
  const isWhitened = settings.overWhite && clear !== undefined;
  const processed = processImage(isWhitened ? overWhite(image, clear) : image, settings);
  const { geometry } = processed;
  return {
    processed,
    medium: {
      id: `image-${index}`,
      kind: 'image',
      name,
      width: image.width,
      height: image.height,
      seen: boxOf(seenOf(geometry)),
    },
    picture: pictureOf(image),
    notices: [
      ...notes.map((note) => (isWhitened && note === droppedAlpha ? whitened : note)),
      ...geometryNotices(geometry),
    ],
  };
}

/** The tokens of an image: what each is called, and which part of the image it stands for. */
export function imageLabels(
  { processed, medium }: Pick<ImageInput, 'medium' | 'processed'>,
  { tokens, grid }: Pick<VisionGraph, 'grid' | 'tokens'>,
  patch: { readonly width: number; readonly height: number },
): Labels {
  const marks = tokens.map((token): Mark | null => {
    if (token.kind !== 'patch') return null;
    const box = { left: token.column * patch.width, top: token.row * patch.height, ...patch };
    return { medium: medium.id, kind: 'box', ...boxOf(onOriginal(processed.geometry, box)) };
  });
  const first = tokens.findIndex(({ kind }) => kind === 'patch');
  return {
    count: tokens.length,
    words: tokens.map(wordFor),
    marks,
    ...(first < 0 ? {} : { grid: { rows: grid.rows, columns: grid.columns, first } }),
  };
}

/** What is said of pixels that fill no patch. */
export function leftOver(
  { processed: { width, height } }: Pick<ImageInput, 'processed'>,
  { grid }: Pick<VisionGraph, 'grid'>,
  patch: { readonly width: number; readonly height: number },
): readonly string[] {
  const right = width - grid.columns * patch.width;
  const below = height - grid.rows * patch.height;
  if (right <= 0 && below <= 0) return [];
  const parts = [
    ...(right > 0 ? [`the last ${right} at the right`] : []),
    ...(below > 0 ? [`the last ${below} at the bottom`] : []),
  ];
  return [
    `Of the ${width} × ${height} pixels that the model is given, ${parts.join(' and ')} fill no patch of ${patch.width} × ${patch.height} and are not read.`,
  ];
}

function wordFor(token: VisionToken): string {
  switch (token.kind) {
    case 'class':
      return '[CLS]';
    case 'distillation':
      return '[DIST]';
    case 'register':
      return `[REG ${token.index}]`;
    case 'patch':
      return `${token.row}, ${token.column}`;
  }
}

/** As the protocol has it. */
export function boxOf({ left, top, width, height }: GeometryBox): Box {
  return { x: left, y: top, width, height };
}

function geometryNotices({ original, resized, left, top, seen }: Geometry): string[] {
  const size = ({ width, height }: { readonly width: number; readonly height: number }): string =>
    `${width} × ${height}`;
  const isResized = resized.width !== original.width || resized.height !== original.height;
  const isCut =
    left > 0 || top > 0 || left + seen.width < resized.width || top + seen.height < resized.height;
  const isPadded =
    left < 0 || top < 0 || left + seen.width > resized.width || top + seen.height > resized.height;
  const done = [
    ...(isResized ? [`resized from ${size(original)} to ${size(resized)} pixels`] : []),
    ...(isCut ? [`cut to the middle of it`] : []),
    ...(isPadded ? ['padded with black'] : []),
  ];
  if (done.length === 0) return [];
  const given = isCut || isPadded ? `: the model is given ${size(seen)} pixels` : '';
  return [`The image was ${done.join(', ')}${given}.`];
}

function pictureOf(image: Image): Picture {
  const own = shrunk(image, largestPreview);
  return {
    preview(side) {
      const { width, height, data } = shrunk(own, side);
      const pixels = new Uint8ClampedArray(4 * width * height); // (row, column, channel)
      for (let from = 0, to = 0; from < data.length; from += 3, to += 4) {
        pixels[to] = data[from] ?? 0;
        pixels[to + 1] = data[from + 1] ?? 0;
        pixels[to + 2] = data[from + 2] ?? 0;
        pixels[to + 3] = 255;
      }
      return { width, height, data: pixels };
    },
  };
}

/** In proportion, the longer side at most so many pixels. */
function shrunk(image: Image, side: number): Image {
  const { width, height } = image;
  const scale = side / Math.max(width, height);
  if (scale >= 1) return image;
  const edge = (length: number): number => Math.max(1, Math.round(length * scale));
  return resize(image, edge(width), edge(height), 'bilinear');
}
