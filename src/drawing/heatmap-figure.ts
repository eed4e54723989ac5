import { headPlace, placeNumber } from '../common/counting.js';
import type { InspectionSummary, Slice, Step } from '../protocol.js';
import { columnLabels, rowLabels, wordsFrom } from './axis-labels.js';
import { colorBar } from './color-bar.js';
import type { ColorScale } from './colors/scale.js';
import type { FigureTheme } from './figure-theme.js';
import { framed, text } from './frame.js';
import { axisTitle, forQuery, hasWords, quantity } from './labels.js';
import { maskedPattern, matrixCells } from './matrix.js';
import { isExact } from './slices.js';
import { element, joined } from './svg.js';

/** The numbers of a heatmap and how they are coloured. */
export interface HeatmapFigure {
  readonly summary: InspectionSummary;
  readonly step: Step;
  /** Counted from 0. */
  readonly layer: number;
  readonly head: number;
  /** Whose matrix it is, of a step that has one for each query. */
  readonly query?: number;
  /** Of the matrix or of a part of it; pooled where it is too large to be drawn cell by cell. */
  readonly slice: Slice;
  readonly scale: ColorScale;
  /** What each row's weights are multiplied by where keys are left out; null where none is. */
  readonly renormalised: Float32Array | null;
  /** Numbers beyond the ends of the scale exist. */
  readonly beyond: boolean;
  readonly perRow: boolean;
  /** What the colours do to the numbers, each a sentence. */
  readonly notes: readonly string[];
  /** Cells are as large as numbers in a table, and have them. */
  readonly table?: true;
  /** What cells without a colour are; null where there are none. */
  readonly without: string | null;
  readonly theme: FigureTheme;
}

/** The longer side of a matrix whose cells are small, in pixels. */
const usual = 520;
const largestCell = 40;
const tableCell = { cellWidth: 64, cellHeight: 24 };

/** A heatmap as an SVG file: cells, labels, legend, and what it is of. */
export function heatmapFigure(figure: HeatmapFigure): string {
  const { summary, step, slice, scale, theme } = figure;
  const { cellWidth, cellHeight } = figure.table === true ? tableCell : cellSize(summary, step, slice);
  const width = cellWidth * (slice.columns.end - slice.columns.start);
  const height = cellHeight * (slice.rows.end - slice.rows.start);
  const rows = rowLabels(summary, { axis: step.rows.axis, span: slice.rows, cell: cellHeight }, theme);
  const columns = columnLabels(
    summary,
    { axis: step.columns.axis, span: slice.columns, cell: cellWidth },
    theme,
  );
  const bar = colorBar(scale, { quantity: quantity(step), ...figure }, theme);
  const { depth: left } = rows;
  const { depth: top } = columns;
  const content = joined(
    [
      element(
        'g',
        { transform: `translate(${Math.ceil(left)} ${Math.ceil(top)})` },
        matrixCells(slice, {
          scale,
          cellWidth,
          cellHeight,
          renormalised: figure.renormalised,
          numbered: figure.table,
          theme,
        }),
        element('rect', { width, height, fill: 'none', stroke: theme.line }),
        ...emptyRows(slice, cellHeight, theme),
        rows.content,
        columns.content,
      ),
      element(
        'g',
        { transform: `translate(${Math.ceil(left)} ${Math.ceil(top + height + 16)})` },
        bar.content,
      ),
    ],
    '\n',
  );
  return framed(
    {
      title: [step.title, placeOf(summary, step, figure)].filter((part) => part !== '').join(' · '),
      lines: [`${summary.title} · ${summary.subtitle}`],
      notes: [...partNotes(step, slice), ...figure.notes],
    },
    {
      width: left + Math.max(width + columns.beyond, bar.width),
      height: top + height + 16 + bar.height,
      content,
      definitions: maskedPattern(theme),
    },
    theme,
  );
}

/** "Layer 3, head 7", or what of it there is. */
export function placeOf(
  { layers, heads }: InspectionSummary,
  step: Pick<Step, 'perHead'>,
  { summary, layer, head, query }: Pick<HeatmapFigure, 'summary' | 'layer' | 'head' | 'query'>,
): string {
  const perHead = step.perHead && heads > 1;
  const place =
    layers > 1 && perHead
      ? headPlace(layer, head)
      : layers > 1
        ? `Layer ${placeNumber(layer)}`
        : perHead
          ? `Head ${placeNumber(head)}`
          : '';
  return [place, query === undefined ? '' : forQuery(summary, query)]
    .filter((part) => part !== '')
    .join(', ');
}

/** Cells are square where both sides count tokens; words have the room that they need. */
function cellSize(
  summary: InspectionSummary,
  { rows, columns }: Step,
  slice: Slice,
): { readonly cellWidth: number; readonly cellHeight: number } {
  const side = (axis: Step['rows']['axis'], count: number): number => {
    const even = Math.min(largestCell, usual / Math.max(1, count));
    return hasWords(summary, axis) && count <= mostWords ? Math.max(wordsFrom + 1, even) : even;
  };
  const height = side(rows.axis, slice.rows.end - slice.rows.start);
  const width = side(columns.axis, slice.columns.end - slice.columns.start);
  const tokens = [rows.axis, columns.axis].every((axis) => axis === 'query' || axis === 'key');
  const both = tokens
    ? Math.min(Math.max(width, height), Math.max(wordsFrom + 1, Math.min(width, height)))
    : 0;
  return {
    cellWidth: whole(tokens ? both : width),
    cellHeight: whole(tokens ? both : height),
  };
}

/** More words than these are not written, so that a figure fits on a page. */
const mostWords = 128;

/** Whole pixels where a cell has some, so that all cells look the same. */
function whole(size: number): number {
  return size >= 4 ? Math.floor(size) : size;
}

/** Which part of a matrix is shown, and what a pixel of a large one stands for. */
function partNotes(step: Step, slice: Slice): string[] {
  const notes: string[] = [];
  const { rows, columns } = slice;
  const parts = (
    [
      [step.rows, rows],
      [step.columns, columns],
    ] as const
  ).flatMap(([{ axis, size }, { start, end }]) =>
    start === 0 && end === size ? [] : [`${axisTitle(axis)} ${start} to ${end - 1} of ${size}`],
  );
  if (parts.length > 0) notes.push(`Part of the matrix: ${parts.join(', ')} (counted from 0).`);
  if (!isExact(slice)) {
    const [height = 1, width = 1] = slice.shape;
    const by = step.scale === 'weights' ? 'largest' : 'mean';
    const each = (count: number, pixels: number): string => (count / pixels).toFixed(1).replace(/\.0$/, '');
    notes.push(
      `Each pixel is the ${by} of ${each(rows.end - rows.start, height)} × ${each(columns.end - columns.start, width)} numbers.`,
    );
  }
  return notes;
}

function emptyRows(
  { emptyRows: empty, rows }: Slice,
  cell: number,
  theme: FigureTheme,
): ReturnType<typeof text>[] {
  if (cell < 11) return [];
  return [...empty]
    .filter((row) => row >= rows.start && row < rows.end)
    .map((row) =>
      text('nothing to attend to', 6, (row - rows.start + 0.5) * cell + 4, { size: 10, fill: theme.muted }),
    );
}
