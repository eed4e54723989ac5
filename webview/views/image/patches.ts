import type { Box, Grid, ImageMedium, InspectionSummary } from '../../../src/protocol.js';

export interface Patch {
  /** Among the labels of its side. */
  readonly index: number;
  readonly box: Box;
}

/** The rows or columns of a matrix that are parts of an image, and those that are not. */
export interface Patches {
  readonly medium: ImageMedium;
  /** By place: row by row where there is a grid. */
  readonly list: readonly Patch[];
  /** Where each label's patch is in the list. */
  readonly places: ReadonlyMap<number, number>;
  /** Where the whole list is one. */
  readonly grid: Grid | null;
  /** What the patches lie in together. */
  readonly bounds: Box;
  /** Labels that are no part of the image: [CLS], registers, words. */
  readonly others: readonly number[];
}

/** Which rows (`queries`) or columns (`keys`) of an inspection lie on its image; null where none does. */
export function patchesOf(summary: InspectionSummary, side: 'queries' | 'keys'): Patches | null {
  const { marks, count, grid } = summary[side];
  const images = summary.media.filter((medium) => medium.kind === 'image');
  const medium = images.find(({ id }) => marks?.some((mark) => mark?.kind === 'box' && mark.medium === id));
  if (medium === undefined) return null;
  const list: Patch[] = [];
  const others: number[] = [];
  for (let index = 0; index < count; index += 1) {
    const mark = marks?.[index];
    if (mark?.kind === 'box' && mark.medium === medium.id) list.push({ index, box: mark });
    else others.push(index);
  }
  const places = new Map(list.map(({ index }, place) => [index, place]));
  const isGrid =
    grid !== undefined && grid.rows * grid.columns === list.length && list[0]?.index === grid.first;
  return {
    medium,
    list,
    places,
    grid: isGrid ? grid : null,
    bounds: around(list.map(({ box }) => box)),
    others,
  };
}

/** The smallest box that holds some boxes. */
export function around(boxes: readonly Box[]): Box {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const { x, y, width, height } of boxes) {
    left = Math.min(left, x);
    top = Math.min(top, y);
    right = Math.max(right, x + width);
    bottom = Math.max(bottom, y + height);
  }
  return boxes.length === 0
    ? { x: 0, y: 0, width: 0, height: 0 }
    : { x: left, y: top, width: right - left, height: bottom - top };
}

/** The patch at a point of the image: the smallest, where several overlap. Null where there is none. */
export function patchAt({ list }: Patches, x: number, y: number): Patch | null {
  let found: Patch | null = null;
  for (const patch of list) {
    const { box } = patch;
    if (x < box.x || y < box.y || x >= box.x + box.width || y >= box.y + box.height) continue;
    if (found === null || box.width * box.height < found.box.width * found.box.height) found = patch;
  }
  return found;
}

/** Rows and columns that the keyboard walks; in one row where there is no grid. */
export function walked({ grid, list }: Patches): { readonly rows: number; readonly columns: number } {
  return grid ?? { rows: 1, columns: list.length };
}
