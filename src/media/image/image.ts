/** An image as models read it: eight bits for each of red, green and blue. */
export interface Image {
  readonly width: number;
  readonly height: number;
  /** // (row, column, channel) */
  readonly data: Uint8Array;
}

/** One sentence about an image that cannot be read: which, what, why. */
export class ImageError extends Error {
  override readonly name = 'ImageError';
}

/** Of one image, in pixels: 16,384 × 4,096 or as many in another shape. */
export const maxPixels = 2 ** 26;

/** Of one file, in bytes. */
export const maxFileBytes = 2 ** 28;

/**
 * Checks a size that a file claims, before anything is made for it.
 * @param where the image, to begin the message
 * @throws ImageError
 */
export function checkSize(width: number, height: number, where: string): void {
  if (!Number.isInteger(width) || !Number.isInteger(height) || width < 1 || height < 1) {
    throw new ImageError(`${where} claims a size of ${width} × ${height} pixels; there is nothing to see.`);
  }
  if (width * height > maxPixels) {
    throw new ImageError(
      `${where} claims ${width} × ${height} pixels; at most ${maxPixels} in all are read. Make it smaller first.`,
    );
  }
}

/** What a decoder of one format finds. */
export interface Decoded extends Image {
  /** How the camera was held, as EXIF numbers it: 1 to 8; 1 where nothing is said. */
  readonly orientation: number;
  /** Sentences about what was taken for what: the first of several frames, clipped values. */
  readonly notes: readonly string[];
  /** The one colour that the file calls transparent, where Pillow's `convert("RGB")` still knows it: red, green, blue. */
  readonly clear?: readonly [number, number, number] | undefined;
}

/** Bytes of a file that are read in order of place, with a sentence where they end too early. */
export class Bytes {
  private readonly view: DataView;

  constructor(
    readonly all: Uint8Array,
    /** The image, to begin messages. */
    readonly where: string,
    private readonly littleEndian: boolean,
  ) {
    this.view = new DataView(all.buffer, all.byteOffset, all.byteLength);
  }

  get length(): number {
    return this.all.length;
  }

  byte(at: number): number {
    return this.part(at, 1)[0] ?? 0;
  }

  uint16(at: number): number {
    this.check(at, 2);
    return this.view.getUint16(at, this.littleEndian);
  }

  uint32(at: number): number {
    this.check(at, 4);
    return this.view.getUint32(at, this.littleEndian);
  }

  int32(at: number): number {
    this.check(at, 4);
    return this.view.getInt32(at, this.littleEndian);
  }

  /** Letters of ASCII. */
  word(at: number, length: number): string {
    return String.fromCharCode(...this.part(at, length));
  }

  part(at: number, length: number): Uint8Array {
    this.check(at, length);
    return this.all.subarray(at, at + length);
  }

  private check(at: number, length: number): void {
    if (!(at >= 0 && length >= 0 && at + length <= this.all.length)) {
      throw new ImageError(`${this.where} ends too early: it is damaged or was not copied whole.`);
    }
  }
}

/** Said where something is, or may be, transparent. */
export const droppedAlpha =
  'Transparency is dropped: what lies under it is seen, as Pillow’s convert("RGB") does.';
