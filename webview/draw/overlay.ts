import type { InspectionSummary, Slice, Span, Step } from '../../src/protocol.js';
import type { Cell, Frame, Viewport } from './viewport.js';
import { standsUpright, visibleSpans } from './viewport.js';
import { resize } from './painter.js';
import type { Theme } from '../theme.js';
import { formatCell } from '../../src/drawing/format.js';
import { axisTitle, hasWords, shortLabel, writtenFrom } from '../../src/drawing/labels.js';
import { AxisLabels, gap, labelFont, labelSize, largestLabel, slant } from './axis-labels.js';
import type { Gutter, Target } from './target.js';

export interface OverlayPicture {
  readonly summary: InspectionSummary;
  readonly step: Step;
  readonly frame: Frame;
  readonly viewport: Viewport;
  readonly gutter: Gutter;
  readonly ratio: number;
  readonly theme: Theme;
  readonly picked: Cell | null;
  readonly target: Target | null;
  readonly emptyRows: Slice['emptyRows'];
  /** How many columns before each are left out; null where none is. */
  readonly leftOut?: Float32Array | null;
  /** A cell's exact number, where it is at hand, and whether its colour is a light one; for large cells. */
  readonly number?: (
    row: number,
    column: number,
  ) => { readonly value: number; readonly light: boolean } | null;
}

const longest = 148;
/** Height of words where most of the time there are none, in CSS pixels along their slant. */
const fewWords = 56;
/** Cells from this size on, in CSS pixels, have room for their number. */
const numbered = 40;
const nothing = 'nothing to attend to';

/** Labels, cross-hair and outlines, drawn over the cells; and the measures that the layout needs. */
export class Overlay {
  readonly canvas = document.createElement('canvas');
  private readonly context = this.canvas.getContext('2d');
  private readonly labels = new AxisLabels(this.context);

  /** Room for the labels of a step; long ones will be cut with an ellipsis. */
  gutter(summary: InspectionSummary, step: Step, theme: Theme, width: number): Gutter {
    const { context } = this;
    if (context === null) return { left: 0, top: 0, right: 0, slant: 0 };
    this.labels.clear();
    context.font = labelFont(theme, largestLabel, true);
    const widest = (side: 'rows' | 'columns'): number => {
      const { axis, size: count } = step[side];
      if (!hasWords(summary, axis)) return context.measureText(String(count)).width;
      let found = 0;
      // Of very many words, those seen first tell enough.
      for (let index = 0; index < Math.min(count, 2048); index += 1) {
        found = Math.max(found, context.measureText(shortLabel(summary, axis, index)).width);
        if (found >= longest) break;
      }
      return found;
    };
    const most = Math.min(longest, width * 0.3);
    const rows = Math.min(most, widest('rows'));
    const wide = widest('columns');
    context.font = this.small(theme);
    const corner = context.measureText(cornerText(step)).width;
    const left = Math.ceil(Math.max(corner + 12, rows) + gap + 6);
    if (!hasWords(summary, step.columns.axis)) return { left, top: 30, right: 18, slant: 0 };
    // Where they are too many to be written, words need no more height than what they are cut to when zoomed in.
    const all = labelSize((width - left) / step.columns.size) !== null;
    const columns = Math.min(all ? most : fewWords, wide);
    const stacked = this.labels.stackedHeight(summary, step);
    const upright = this.labels.uprightFrom(summary, step, theme);
    return {
      left,
      upright,
      top: Math.ceil(Math.max(columns * Math.sin(slant) + 22, Math.min(most, stacked) + 18)),
      right: Math.ceil(columns * Math.cos(slant) + 4),
      slant,
    };
  }

  draw(picture: OverlayPicture): void {
    const { context } = this;
    const { frame, gutter, ratio, viewport } = picture;
    resize(this.canvas, gutter.left + frame.width + gutter.right, gutter.top + frame.height + 6, ratio);
    if (context === null) return;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    context.translate(gutter.left, gutter.top);
    const spans = visibleSpans(viewport, frame);
    this.emptyRows(picture, spans.rows);
    this.numbers(picture, spans);
    this.written(picture);
    this.crossHair(picture);
    const words = hasWords(picture.summary, picture.step.columns.axis);
    this.labels.draw(picture, spans);
    context.font = this.small(picture.theme);
    context.fillStyle = picture.theme.muted;
    context.textAlign = 'right';
    context.textBaseline = 'alphabetic';
    const written = words && labelSize(viewport.scaleX) !== null;
    context.fillText(cornerText(picture.step), written ? -gap : -gap - 12, -9);
  }

  private crossHair({ picked, target, frame, viewport, theme }: OverlayPicture): void {
    const { context } = this;
    if (context === null) return;
    const row = target === null ? picked?.row : target.kind === 'cell' ? target.cell.row : rowOf(target);
    const column =
      target === null ? picked?.column : target.kind === 'cell' ? target.cell.column : columnOf(target);
    context.save();
    context.beginPath();
    context.rect(0, 0, frame.width, frame.height);
    context.clip();
    context.strokeStyle = theme.dark ? 'rgba(255, 255, 255, 0.62)' : 'rgba(0, 0, 0, 0.5)';
    context.lineWidth = 1;
    const x = (index: number): number => Math.round((index - viewport.left) * viewport.scaleX);
    const y = (index: number): number => Math.round((index - viewport.top) * viewport.scaleY);
    if (row !== undefined) {
      context.strokeRect(0.5, y(row) + 0.5, frame.width - 1, Math.max(1, y(row + 1) - y(row) - 1));
    }
    if (column !== undefined) {
      context.strokeRect(x(column) + 0.5, 0.5, Math.max(1, x(column + 1) - x(column) - 1), frame.height - 1);
    }
    context.restore();
    if (picked !== null) {
      context.save();
      context.beginPath();
      context.rect(-3, -3, frame.width + 6, frame.height + 6);
      context.clip();
      const left = x(picked.column);
      const top = y(picked.row);
      const width = Math.max(4, x(picked.column + 1) - left);
      const height = Math.max(4, y(picked.row + 1) - top);
      context.strokeStyle = theme.background;
      context.lineWidth = 1;
      context.strokeRect(left + 1.5, top + 1.5, width - 3, height - 3);
      context.strokeStyle = theme.accent;
      context.lineWidth = theme.highContrast ? 3 : 2.5;
      context.strokeRect(left - 0.25, top - 0.25, width + 0.5, height + 0.5);
      context.restore();
    }
  }

  /** What the model wrote itself: a tint behind its labels, and a rule before the first. */
  private written({ summary, step, viewport, frame, gutter, theme }: OverlayPicture): void {
    const { context } = this;
    if (context === null) return;
    const rule = (from: number | null, first: number, scale: number, end: number): number | null => {
      const at = from === null ? end : Math.round((from - first) * scale);
      return at >= end ? null : Math.max(0, at);
    };
    const row = rule(writtenFrom(summary, step.rows.axis), viewport.top, viewport.scaleY, frame.height);
    const column = rule(writtenFrom(summary, step.columns.axis), viewport.left, viewport.scaleX, frame.width);
    context.fillStyle = theme.line;
    if (row !== null) {
      context.globalAlpha = 0.45;
      context.fillRect(-gutter.left, row, gutter.left - 2, frame.height - row);
      context.globalAlpha = 1;
      context.fillStyle = theme.muted;
      context.fillRect(-gutter.left, row, gutter.left + frame.width, 1);
    }
    if (column !== null) {
      // Labels lean to the right as they rise, and their tint with them.
      const lean =
        gutter.slant === 0 || standsUpright(viewport, gutter) ? 0 : (gutter.top - 4) / Math.tan(gutter.slant);
      context.fillStyle = theme.line;
      context.globalAlpha = 0.45;
      context.beginPath();
      context.moveTo(column, -2);
      context.lineTo(frame.width, -2);
      context.lineTo(frame.width + lean, 2 - gutter.top);
      context.lineTo(column + lean, 2 - gutter.top);
      context.fill();
      context.globalAlpha = 1;
      context.strokeStyle = theme.muted;
      context.lineWidth = 1;
      context.beginPath();
      context.moveTo(column + lean + 0.5, 2 - gutter.top);
      context.lineTo(column + 0.5, -2);
      context.lineTo(column + 0.5, frame.height);
      context.stroke();
    }
  }

  /** The numbers themselves, in cells that are large enough for them. */
  private numbers(
    { number, viewport, frame, theme }: OverlayPicture,
    spans: { rows: Span; columns: Span },
  ): void {
    const { context } = this;
    if (context === null || number === undefined) return;
    if (Math.min(viewport.scaleX, viewport.scaleY) < numbered) return;
    context.save();
    context.beginPath();
    context.rect(0, 0, frame.width, frame.height);
    context.clip();
    context.font = this.small(theme);
    context.textAlign = 'center';
    context.textBaseline = 'middle';
    for (let row = spans.rows.start; row < spans.rows.end; row += 1) {
      for (let column = spans.columns.start; column < spans.columns.end; column += 1) {
        const shown = number(row, column);
        if (shown === null) continue;
        context.fillStyle = shown.light ? 'rgba(0, 0, 0, 0.82)' : 'rgba(255, 255, 255, 0.88)';
        const x = (column + 0.5 - viewport.left) * viewport.scaleX;
        const y = (row + 0.5 - viewport.top) * viewport.scaleY;
        context.fillText(formatCell(shown.value), x, y + 0.5, viewport.scaleX - 4);
      }
    }
    context.restore();
  }

  private emptyRows(
    { emptyRows, frame, viewport, theme }: OverlayPicture,
    rows: { start: number; end: number },
  ): void {
    const { context } = this;
    if (context === null || viewport.scaleY < 12 || emptyRows.length === 0) return;
    context.font = this.small(theme);
    context.fillStyle = theme.foreground;
    context.textAlign = 'left';
    context.textBaseline = 'middle';
    const width = context.measureText(nothing).width;
    if (width + 2 * gap > frame.width) return;
    for (const row of emptyRows) {
      if (row < rows.start || row >= rows.end) continue;
      const y = (row + 0.5 - viewport.top) * viewport.scaleY;
      context.fillStyle = theme.background;
      context.fillRect(4, y - 8, width + gap, 16);
      context.fillStyle = theme.muted;
      context.fillText(nothing, 8, y + 0.5);
    }
  }

  private small(theme: Theme): string {
    return `11px ${theme.font}`;
  }
}

function cornerText(step: Step): string {
  return `${axisTitle(step.rows.axis)} ↓  ${axisTitle(step.columns.axis)} →`;
}

function rowOf(target: Target): number | undefined {
  return target.kind === 'row' ? target.index : undefined;
}

function columnOf(target: Target): number | undefined {
  return target.kind === 'column' ? target.index : undefined;
}
