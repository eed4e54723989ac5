import type { Slice } from '../protocol.js';
import { isMasked } from './colors/colormap.js';
import type { ColorScale } from './colors/scale.js';
import { colorIndex, factorAt, isLeftOut } from './colors/scale.js';
import type { Numbers } from './colors/automatic.js';
import { texelRow, texelSpan } from './colors/automatic.js';
import type { FigureTheme } from './figure-theme.js';
import { hexOf } from './figure-theme.js';
import { formatCell, formatNumber } from './format.js';
import { base64, encodePng } from './png.js';
import { isExact } from './slices.js';
import type { Markup } from './svg.js';
import { element, escaped, exactNumber, joined } from './svg.js';

/** Up to so many cells each is a shape of its own; more are a picture inside of the file. */
export const mostVectors = 16_384;
/** Cells from this size on have room for their number. */
const numberedFrom = 38;

/** How cells are drawn. */
export interface CellStyle {
  readonly scale: ColorScale;
  /** Of one cell of the matrix, in pixels. */
  readonly cellWidth: number;
  readonly cellHeight: number;
  /** What each row's numbers are multiplied by where keys are left out, so that the others sum to 1; null where none is. */
  readonly renormalised: Float32Array | null;
  /** Numbers stand in the cells whatever their size, to three decimals. */
  readonly numbered?: true | undefined;
  readonly theme: FigureTheme;
}

type Rgb = readonly [number, number, number];

/** The colour of one of a slice's numbers; null where it is masked or left out. */
function colorAt(slice: Numbers, scale: ColorScale, row: number, column: number): Rgb | null {
  const [height = 0, width = 0] = slice.shape;
  const value = slice.data[row * width + column] ?? NaN;
  const { start, end } = texelSpan(slice.columns, width, column);
  const shown = value * factorAt(scale, texelRow(slice.rows, height, row));
  if (isMasked(value) || isMasked(shown) || isLeftOut(scale, start, end)) return null;
  const at = colorIndex(scale, shown) * 4;
  const [red = 0, green = 0, blue = 0] = scale.table.subarray(at, at + 3);
  return [red, green, blue];
}

/** The cells of a slice, from its upper left corner: shapes that carry their numbers, or a picture where they are too many. */
export function matrixCells(slice: Slice, style: CellStyle): Markup {
  const [height = 0, width = 0] = slice.shape;
  return isExact(slice) && width * height <= mostVectors ? vectors(slice, style) : picture(slice, style);
}

function vectors(
  slice: Slice,
  { scale, cellWidth, cellHeight, renormalised, numbered: always }: CellStyle,
): Markup {
  const [height = 0, width = 0] = slice.shape;
  const rows: Markup[] = [];
  const numbers: Markup[] = [];
  const numbered = always === true || Math.min(cellWidth, cellHeight) >= numberedFrom;
  const format = always === true ? formatNumber : formatCell;
  for (let row = 0; row < height; row += 1) {
    const cells: Markup[] = [];
    for (let column = 0; column < width; column += 1) {
      const value = slice.data[row * width + column] ?? NaN;
      const color = colorAt(slice, scale, row, column);
      cells.push(
        element('rect', {
          x: column * cellWidth,
          y: row * cellHeight,
          width: cellWidth,
          height: cellHeight,
          fill: color === null ? 'url(#masked)' : hexOf(color),
          // The number itself, so that the figure can be read by programs too.
          'data-value': isMasked(value) ? 'masked' : exactNumber(value),
        }),
      );
      if (!numbered || color === null) continue;
      const shown = value * (renormalised?.[slice.rows.start + row] ?? 1);
      numbers.push(number(format(shown), color, (column + 0.5) * cellWidth, (row + 0.5) * cellHeight + 4));
    }
    rows.push(element('g', { 'data-row': slice.rows.start + row }, ...cells));
  }
  return joined(
    [
      element(
        'g',
        { 'shape-rendering': 'crispEdges', 'data-columns-from': slice.columns.start },
        joined(rows, '\n'),
      ),
      ...numbers,
    ],
    '\n',
  );
}

function number(words: string, color: Rgb, x: number, y: number): Markup {
  const fill = isLight(color) ? '#1a1a1a' : '#f2f2f2';
  return element('text', { x, y, 'font-size': 11, 'text-anchor': 'middle', fill }, escaped(words));
}

/** Rec. 709; the middle of what the eye takes for light lies below the middle of the numbers. */
function isLight([red, green, blue]: Rgb): boolean {
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 120;
}

function picture(slice: Slice, { scale, cellWidth, cellHeight, theme }: CellStyle): Markup {
  const [height = 0, width = 0] = slice.shape;
  const rgb = pixelsOf(slice, scale, theme);
  return element('image', {
    width: cellWidth * (slice.columns.end - slice.columns.start),
    height: cellHeight * (slice.rows.end - slice.rows.start),
    preserveAspectRatio: 'none',
    style: 'image-rendering: pixelated',
    href: `data:image/png;base64,${base64(encodePng(rgb, width, height))}`,
  });
}

/** A slice's colours, one pixel a number. // (row, column, channel) */
export function pixelsOf(slice: Numbers, scale: ColorScale, theme: FigureTheme): Uint8Array {
  const [height = 0, width = 0] = slice.shape;
  const masked = channelsOf(theme.masked);
  const rgb = new Uint8Array(width * height * 3);
  for (let row = 0; row < height; row += 1) {
    for (let column = 0; column < width; column += 1)
      rgb.set(colorAt(slice, scale, row, column) ?? masked, (row * width + column) * 3);
  }
  return rgb;
}

/** Of "#1f1f1f". */
function channelsOf(hex: string): Rgb {
  const whole = Number.parseInt(hex.slice(1), 16);
  return [(whole >> 16) & 255, (whole >> 8) & 255, whole & 255];
}

/** What masked cells are filled with. */
export function maskedPattern(theme: FigureTheme): Markup {
  return element(
    'pattern',
    { id: 'masked', width: 6, height: 6, patternUnits: 'userSpaceOnUse' },
    element('rect', { width: 6, height: 6, fill: theme.masked }),
    element('path', { d: 'M-1 1L1 -1M0 6L6 0M5 7L7 5', stroke: theme.hatch, 'stroke-width': 0.8 }),
  );
}
