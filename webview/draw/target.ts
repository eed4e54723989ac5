import type { InspectionSummary, Position, Step } from '../../src/protocol.js';
import type { Cell, Frame, Viewport } from './viewport.js';
import { cellAt, standsUpright } from './viewport.js';
import { formatShape } from '../../src/drawing/format.js';
import { axisTitle, forQuery, longLabel } from '../../src/drawing/labels.js';
import { placeNumber } from '../../src/common/counting.js';

/** What is pointed at: a cell, or a whole row or column by its label. */
export type Target =
  | { readonly kind: 'cell'; readonly cell: Cell }
  | { readonly kind: 'row'; readonly index: number }
  | { readonly kind: 'column'; readonly index: number };

/** Space around the matrix for its labels, in CSS pixels. */
export interface Gutter {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  /** The angle at which words rise above the columns; 0 for numbers, which stand upright. */
  readonly slant: number;
  /** From how many pixels a column on they stand upright all the same; infinite where left out. */
  readonly upright?: number;
}

/** What is under a point, in CSS pixels from the corner of matrix and labels together. */
export function targetAt(
  x: number,
  y: number,
  frame: Frame,
  viewport: Viewport,
  gutter: Gutter,
): Target | null {
  const inX = x - gutter.left;
  const inY = y - gutter.top;
  const cell = cellAt(viewport, frame, inX, inY);
  if (cell !== null) return { kind: 'cell', cell };
  if (inX < 0 && inY >= 0) {
    const beside = cellAt(viewport, frame, 0, inY);
    return beside === null ? null : { kind: 'row', index: beside.row };
  }
  if (inY < 0) {
    const lean = gutter.slant === 0 || standsUpright(viewport, gutter) ? 0 : -inY / Math.tan(gutter.slant);
    const below = cellAt(viewport, frame, inX - lean, 0);
    return below === null ? null : { kind: 'column', index: below.column };
  }
  return null;
}

export function sameTarget(a: Target | null, b: Target | null): boolean {
  if (a === null || b === null) return a === b;
  if (a.kind === 'cell') {
    return b.kind === 'cell' && a.cell.row === b.cell.row && a.cell.column === b.cell.column;
  }
  return b.kind === a.kind && b.index === a.index;
}

/** The word of a row or column that is pointed at by its label, whole; the label may be cut. */
export function wholeLabel(target: Target | null, summary: InspectionSummary, step: Step): string {
  if (target === null || target.kind === 'cell') return '';
  return longLabel(summary, step[target.kind === 'row' ? 'rows' : 'columns'].axis, target.index);
}

/** What the heatmap is, for those who do not see it. */
export function describe(
  summary: InspectionSummary,
  step: Step,
  { position, chosen }: { readonly position: Position; readonly chosen: { readonly query: number } },
): string {
  const { rows, columns } = step;
  const where = `layer ${placeNumber(position.layer)}${step.perHead ? `, head ${placeNumber(position.head)}` : ''}`;
  const query = step.perQuery ? `, ${forQuery(summary, chosen.query)}` : '';
  const sides = `${axisTitle(rows.axis)} by ${axisTitle(columns.axis)} ${formatShape(rows.size, columns.size)}`;
  const keys = 'Arrow keys move, Enter picks, Escape clears, plus and minus zoom.';
  const { cell } = position;
  const picked =
    cell === undefined
      ? ''
      : ` Picked: ${longLabel(summary, rows.axis, cell.row)}, ${longLabel(summary, columns.axis, cell.column)}.`;
  return `${step.title}, ${where}${query}: ${sides}. ${keys}${picked}`;
}
