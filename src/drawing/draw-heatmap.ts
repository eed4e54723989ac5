import type { InspectionSummary, Place, Slice, SliceRequest, Span, Step } from '../protocol.js';
import type { LeftOut, ScaleChoice } from './colors/choice.js';
import { leftOutKeys, mapNames, scaleKinds, usualChoice } from './colors/choice.js';
import {
  canLeaveOut,
  leaveOut as weightsLeftOut,
  leftOutColumns,
  offeredLeaveOut,
} from './colors/left-out.js';
import type { LeaveOut } from './colors/matrix-scale.js';
import { matrixScale } from './colors/matrix-scale.js';
import { scaleNotes } from './colors/notes.js';
import { leftOutTitles } from './colors/strings.js';
import type { FigureTheme } from './figure-theme.js';
import { darkTheme, printTheme } from './figure-theme.js';
import { heatmapFigure } from './heatmap-figure.js';
import { mostVectors } from './matrix.js';
import type { SliceSource } from './slices.js';
import { isExact } from './slices.js';

/** How a heatmap is drawn. */
export interface HeatmapOptions {
  /** What the panel's legend offers; what is left out is as there: linear, the maximum found, cividis, no key left out. */
  readonly scale?: Partial<ScaleChoice>;
  /** `print`, on white, where left out. */
  readonly theme?: 'print' | 'dark';
}

/** What the page says besides. */
interface PageOptions extends Omit<HeatmapOptions, 'theme'> {
  readonly theme?: HeatmapOptions['theme'] | FigureTheme;
  /** Cells are as large as numbers in a table. */
  readonly table?: true;
}

/** The part of a step's matrix that is drawn; all of it where no rows and columns are given. */
export interface HeatmapPlace extends Place {
  readonly rows?: Span;
  readonly columns?: Span;
}

/** A picture inside of the file has at most so many pixels a side. */
const mostPixels = 1024;

/**
 * A step's matrix as an SVG file, whose cells carry their numbers as `data-value`.
 * @throws Error where there is no such step, or no such scale
 */
export async function drawHeatmap(
  source: SliceSource,
  summary: InspectionSummary,
  place: HeatmapPlace,
  options: PageOptions,
  signal: AbortSignal,
): Promise<string> {
  const step = summary.steps.find(({ name }) => name === place.step);
  if (step === undefined) {
    const names = summary.steps.map(({ name }) => name).join(', ');
    throw new Error(`There is no step “${place.step}” in “${summary.title}”; there are ${names}.`);
  }
  const choice = checkedChoice(options.scale ?? {});
  const theme = themeNamed(options.theme ?? 'print');
  const slice = await source.slice(wholeRequest(step, place), signal);
  const { rows: _rows, columns: _columns, ...whole } = place;
  const offered = offeredLeaveOut(summary, step).includes(choice.leaveOut);
  const leaveOut = offered ? choice.leaveOut : 'nothing';
  const left = await leftOutOf(source, summary, step, slice, whole, leaveOut, signal);
  const exact = step.scale === 'weights' || isExact(slice);
  const made = matrixScale({
    of: step.scale,
    choice,
    ground: theme.ground,
    overview: slice,
    range: exact ? { minimum: slice.minimum, maximum: slice.maximum } : null,
    leaveOut: left,
  });
  const without = left === null ? '' : leftOutTitles[leaveOut].toLowerCase();
  return heatmapFigure({
    summary,
    step,
    layer: place.layer,
    head: place.head,
    ...(place.query === undefined ? {} : { query: place.query }),
    slice,
    scale: made.scale,
    renormalised: left?.factors ?? null,
    beyond: made.beyond,
    perRow: choice.kind === 'row',
    notes: scaleNotes(summary, step, made, without),
    ...(options.table === undefined ? {} : { table: true }),
    without: made.masked ? (without === '' ? 'masked' : 'masked or left out') : null,
    theme,
  });
}

/** Asks for a matrix or a part of it cell by cell where a file can hold that, else pooled as the panel's pictures are. */
export function wholeRequest(step: Step, place: HeatmapPlace): SliceRequest {
  const count = (span: Span | undefined, size: number): number =>
    span === undefined ? size : span.end - span.start;
  const rows = count(place.rows, step.rows.size);
  const columns = count(place.columns, step.columns.size);
  if (rows * columns <= mostVectors) return place;
  const by = step.scale === 'weights' ? 'max' : 'mean';
  return { ...place, pool: { rows: Math.min(rows, mostPixels), columns: Math.min(columns, mostPixels), by } };
}

async function leftOutOf(
  source: SliceSource,
  summary: InspectionSummary,
  step: Step,
  slice: Slice,
  place: Place,
  which: LeftOut,
  signal: AbortSignal,
): Promise<LeaveOut | null> {
  const columns = canLeaveOut(step) ? leftOutColumns(summary, which) : [];
  if (columns.length === 0) return null;
  // What a row keeps is known from all of its keys, so the whole matrix's columns are asked for.
  const pool = { rows: 1, columns: 1, by: 'max' } as const;
  const wholeMatrix = slice.rows.end - slice.rows.start === step.rows.size && slice.columns.start === 0;
  const overview =
    wholeMatrix && slice.columns.end === step.columns.size
      ? slice
      : await source.slice({ ...place, pool }, signal);
  return weightsLeftOut(columns, overview, place, source, signal);
}

function checkedChoice(given: Partial<ScaleChoice>): ScaleChoice {
  const choice = { ...usualChoice, ...given };
  const check = (name: string, value: string, words: readonly string[]): void => {
    if (!words.includes(value)) throw new Error(`A scale’s ${name} is ${words.join(', ')}, not “${value}”.`);
  };
  check('kind', choice.kind, scaleKinds);
  check('map', choice.map, mapNames);
  check('leaveOut', choice.leaveOut, leftOutKeys);
  const { maximum } = choice;
  if (maximum !== 'automatic' && !(Number.isFinite(maximum) && maximum > 0))
    throw new Error(`A scale’s maximum is “automatic” or a number above 0, not ${String(maximum)}.`);
  return choice;
}

function themeNamed(theme: NonNullable<PageOptions['theme']>): FigureTheme {
  if (typeof theme === 'object') return theme;
  if (theme === 'print') return printTheme;
  if (theme === 'dark') return darkTheme;
  // From plain JavaScript there may be any.
  throw new Error(`There is no theme “${String(theme)}” for pictures; there are print and dark.`);
}
