import type { Span } from '../../src/protocol.js';

/** A matrix's cell, counted from 0. */
export interface Cell {
  readonly row: number;
  readonly column: number;
}

/** A matrix in a window of `width` × `height` CSS pixels, and the scales at which all of it fits. */
export interface Frame {
  readonly rows: number;
  readonly columns: number;
  readonly width: number;
  readonly height: number;
  /** Pixels a cell where the whole matrix is seen. */
  readonly fitX: number;
  readonly fitY: number;
}

/** What of the matrix is seen: the cell at the window's upper left corner, in fractions of cells, and pixels a cell. */
export interface Viewport {
  readonly left: number;
  readonly top: number;
  readonly scaleX: number;
  readonly scaleY: number;
}

/** Cells are not drawn larger than this when all fit, nor zoomed beyond the second. */
export const largestFitted = 44;
const largestZoomed = 72;
/** A row of features may be this much taller than wide before cells stop being square. */
const squareUpTo = 3;

/** Whole pixels where cells are large enough for the eye to see that they differ. */
function crisp(scale: number): number {
  return scale >= 6 ? Math.floor(scale) : scale;
}

/** The largest picture of rows × columns within width × height; square cells unless one side is much longer. */
export function fitFrame(rows: number, columns: number, width: number, height: number): Frame {
  const x = crisp(Math.min(largestFitted, Math.max(width, 1) / columns));
  const y = crisp(Math.min(largestFitted, Math.max(height, 1) / rows));
  const square = Math.max(x, y) <= squareUpTo * Math.min(x, y);
  // Rows of numbers without words beside them need no more height than this.
  const tallest = Math.max(24, squareUpTo * x);
  const fitX = square ? Math.min(x, y) : Math.min(x, Math.max(24, squareUpTo * y));
  const fitY = square ? Math.min(x, y) : Math.min(y, tallest);
  return {
    rows,
    columns,
    fitX,
    fitY,
    width: Math.max(1, Math.round(fitX * columns)),
    height: Math.max(1, Math.round(fitY * rows)),
  };
}

export function fitted(frame: Frame): Viewport {
  return { left: 0, top: 0, scaleX: frame.fitX, scaleY: frame.fitY };
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), Math.max(low, high));
}

/** The same view with nothing but matrix in its window. */
export function constrain(viewport: Viewport, frame: Frame): Viewport {
  const scaleX = clamp(viewport.scaleX, frame.fitX, Math.max(frame.fitX, largestZoomed));
  const scaleY = clamp(viewport.scaleY, frame.fitY, Math.max(frame.fitY, largestZoomed));
  return {
    scaleX,
    scaleY,
    left: clamp(viewport.left, 0, frame.columns - frame.width / scaleX),
    top: clamp(viewport.top, 0, frame.rows - frame.height / scaleY),
  };
}

/** Zooms so that what lies under (x, y), pixels in the window, stays there as far as the matrix's edges allow. */
export function zoomAt(viewport: Viewport, frame: Frame, x: number, y: number, factor: number): Viewport {
  const scaleX = clamp(viewport.scaleX * factor, frame.fitX, Math.max(frame.fitX, largestZoomed));
  const scaleY = clamp(viewport.scaleY * factor, frame.fitY, Math.max(frame.fitY, largestZoomed));
  return constrain(
    {
      scaleX,
      scaleY,
      left: viewport.left + x / viewport.scaleX - x / scaleX,
      top: viewport.top + y / viewport.scaleY - y / scaleY,
    },
    frame,
  );
}

/** Zooms about a cell, which stays in sight, or about the middle where there is none. */
export function zoomAtCell(viewport: Viewport, frame: Frame, cell: Cell | null, factor: number): Viewport {
  const x = cell === null ? frame.width / 2 : (cell.column + 0.5 - viewport.left) * viewport.scaleX;
  const y = cell === null ? frame.height / 2 : (cell.row + 0.5 - viewport.top) * viewport.scaleY;
  const zoomed = zoomAt(viewport, frame, x, y, factor);
  return cell === null ? zoomed : reveal(zoomed, frame, cell);
}

/** Moves the matrix by pixels. */
export function pan(viewport: Viewport, frame: Frame, x: number, y: number): Viewport {
  return constrain(
    { ...viewport, left: viewport.left - x / viewport.scaleX, top: viewport.top - y / viewport.scaleY },
    frame,
  );
}

/** The nearest view in which a cell is wholly seen. */
export function reveal(viewport: Viewport, frame: Frame, cell: Cell): Viewport {
  const seenColumns = frame.width / viewport.scaleX;
  const seenRows = frame.height / viewport.scaleY;
  return constrain(
    {
      ...viewport,
      left: clamp(viewport.left, cell.column + 1 - seenColumns, cell.column),
      top: clamp(viewport.top, cell.row + 1 - seenRows, cell.row),
    },
    frame,
  );
}

/** 1 where the whole matrix is seen. */
export function zoomLevel(viewport: Viewport, frame: Frame): number {
  return Math.max(viewport.scaleX / frame.fitX, viewport.scaleY / frame.fitY);
}

/** Whether words above columns stand upright: most of them fit above their column. */
export function standsUpright(
  { scaleX }: Viewport,
  { upright = Infinity }: { readonly upright?: number },
): boolean {
  return scaleX >= upright;
}

/** The cell under a point of the window, or null outside. */
export function cellAt(viewport: Viewport, frame: Frame, x: number, y: number): Cell | null {
  if (x < 0 || y < 0 || x >= frame.width || y >= frame.height) return null;
  const row = Math.floor(viewport.top + y / viewport.scaleY);
  const column = Math.floor(viewport.left + x / viewport.scaleX);
  return row < frame.rows && column < frame.columns ? { row, column } : null;
}

/** Rows and columns of which anything is seen. */
export function visibleSpans(viewport: Viewport, frame: Frame): { rows: Span; columns: Span } {
  // A hair's breadth of a cell at the edge, from rounding, is not seen.
  const hair = 1e-6;
  return {
    rows: {
      start: Math.max(0, Math.floor(viewport.top + hair)),
      end: Math.min(frame.rows, Math.ceil(viewport.top + frame.height / viewport.scaleY - hair)),
    },
    columns: {
      start: Math.max(0, Math.floor(viewport.left + hair)),
      end: Math.min(frame.columns, Math.ceil(viewport.left + frame.width / viewport.scaleX - hair)),
    },
  };
}

/** A span grown by a share of its length on either side, within 0 to `limit`. */
export function widen(span: Span, share: number, limit: number): Span {
  const margin = Math.ceil((span.end - span.start) * share);
  return { start: Math.max(0, span.start - margin), end: Math.min(limit, span.end + margin) };
}

export function covers(outer: Span, inner: Span): boolean {
  return outer.start <= inner.start && outer.end >= inner.end;
}

/** Every how many cells a label stands, so that labels are at least `least` pixels apart: 1, 2, 5, 10, 20, 50, … */
export function labelStride(scale: number, least: number): number {
  let stride = 1;
  for (let index = 0; stride * scale < least; index += 1) {
    stride = [1, 2, 5][(index + 1) % 3] ?? 1;
    stride *= 10 ** Math.floor((index + 1) / 3);
  }
  return stride;
}

/** The indices in a span that bear a label at a stride: 0, stride, 2·stride, … */
export function labelled(span: Span, stride: number): number[] {
  const indices: number[] = [];
  for (let index = Math.ceil(span.start / stride) * stride; index < span.end; index += stride) {
    indices.push(index);
  }
  return indices;
}
