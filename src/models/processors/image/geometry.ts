/** A rectangle; edges need not lie on whole pixels. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** How a model's pixels lie on the original image: it is resized, and of that a window is read. */
export interface Geometry {
  readonly original: Size;
  /** What the whole image is resized to. */
  readonly resized: Size;
  /** Where the model's first pixel lies on the resized image; negative where a border was put around it. */
  readonly left: number;
  readonly top: number;
  /** What the model sees. */
  readonly seen: Size;
}

/** Where a rectangle of the model's pixels lies on the original image; partly or wholly outside it where that is padding. */
export function onOriginal({ original, resized, left, top }: Geometry, box: Box): Box {
  const across = original.width / resized.width;
  const down = original.height / resized.height;
  return {
    left: (box.left + left) * across,
    top: (box.top + top) * down,
    width: box.width * across,
    height: box.height * down,
  };
}

/** The part of the original image that the model sees; what lies outside the image is padding. */
export function seenOf(geometry: Geometry): Box {
  return onOriginal(geometry, { left: 0, top: 0, ...geometry.seen });
}

/** Rows and columns of whole patches; pixels that fill none are not read. */
export function gridOf(seen: Size, patch: Size): { readonly rows: number; readonly columns: number } {
  return { rows: Math.floor(seen.height / patch.height), columns: Math.floor(seen.width / patch.width) };
}

/** The place of every patch on the original image, row by row. */
export function patchBoxes(geometry: Geometry, patch: Size): Box[] {
  const { rows, columns } = gridOf(geometry.seen, patch);
  return Array.from({ length: rows * columns }, (_, index) =>
    onOriginal(geometry, {
      left: (index % columns) * patch.width,
      top: Math.floor(index / columns) * patch.height,
      ...patch,
    }),
  );
}
