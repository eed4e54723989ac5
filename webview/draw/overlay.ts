import type { InspectionSummary, Slice, Step } from '../../src/protocol.js';
import type { Cell, Frame, Viewport } from './viewport.js';
import { labelled, labelStride, visibleSpans } from './viewport.js';
import { resize } from './painter.js';
import type { Theme } from '../theme.js';
import { axisTitle, hasWords, shortLabel } from '../labels.js';
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
}

const size = 13;
const gap = 8;
/** Words above columns rise at this angle. */
const slant = (55 * Math.PI) / 180;
const longest = 148;
const apart = 13.5;
const nothing = 'nothing to attend to';

/** Labels, cross-hair and outlines, drawn over the cells; and the measures that the layout needs. */
export class Overlay {
  readonly canvas = document.createElement('canvas');
  private readonly context = this.canvas.getContext('2d');
  private readonly fitted = new Map<string, string>();

  /** Room for the labels of a step; long ones will be cut with an ellipsis. */
  gutter(summary: InspectionSummary, step: Step, theme: Theme, width: number): Gutter {
    const { context } = this;
    if (context === null) return { left: 0, top: 0, right: 0, slant: 0 };
    this.fitted.clear();
    context.font = this.font(theme, true);
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
    const columns = Math.min(most, widest('columns'));
    context.font = this.small(theme);
    const corner = context.measureText(cornerText(step)).width;
    const left = Math.ceil(Math.max(corner, rows) + gap + 6);
    if (!hasWords(summary, step.columns.axis)) return { left: left + 12, top: 30, right: 18, slant: 0 };
    return {
      left,
      top: Math.ceil(columns * Math.sin(slant) + 22),
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
    this.crossHair(picture);
    this.rowLabels(picture, labelled(spans.rows, labelStride(viewport.scaleY, apart)));
    const words = hasWords(picture.summary, picture.step.columns.axis);
    const least = words ? apart : this.numberWidth(picture) + 10;
    this.columnLabels(picture, labelled(spans.columns, labelStride(viewport.scaleX, least)), words);
    context.font = this.small(picture.theme);
    context.fillStyle = picture.theme.muted;
    context.textAlign = 'right';
    context.textBaseline = 'alphabetic';
    context.fillText(cornerText(picture.step), words ? -gap : -gap - 12, -9);
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

  private rowLabels(picture: OverlayPicture, indices: readonly number[]): void {
    const { context } = this;
    const { summary, step, viewport, theme, frame, gutter } = picture;
    if (context === null) return;
    const marked = markedRows(picture);
    context.textAlign = 'right';
    context.textBaseline = 'middle';
    const put = (index: number, strong: boolean): void => {
      const y = Math.min(Math.max((index + 0.5 - viewport.top) * viewport.scaleY, 0), frame.height);
      const text = this.fit(shortLabel(summary, step.rows.axis, index), gutter.left - gap - 4, theme, strong);
      context.fillText(text, -gap, y + 1);
    };
    for (const index of indices) {
      if (marked.some((mark) => Math.abs(mark - index) * viewport.scaleY < apart)) continue;
      context.font = this.font(theme, false);
      context.fillStyle = theme.foreground;
      put(index, false);
    }
    for (const index of marked) {
      if ((index + 1 - viewport.top) * viewport.scaleY <= 0) continue;
      if ((index - viewport.top) * viewport.scaleY >= frame.height) continue;
      context.font = this.font(theme, true);
      context.fillStyle = theme.accent;
      put(index, true);
    }
  }

  private columnLabels(picture: OverlayPicture, indices: readonly number[], words: boolean): void {
    const { context } = this;
    const { summary, step, viewport, theme, frame, gutter } = picture;
    if (context === null) return;
    const marked = markedColumns(picture);
    const room = words ? (gutter.top - 16) / Math.sin(slant) : Infinity;
    const near = words ? apart : this.numberWidth(picture) + 6;
    const put = (index: number, strong: boolean): void => {
      const x = Math.min(Math.max((index + 0.5 - viewport.left) * viewport.scaleX, 0), frame.width);
      const text = this.fit(shortLabel(summary, step.columns.axis, index), room, theme, strong);
      context.save();
      context.translate(x, -gap);
      if (words) {
        context.rotate(-slant);
        context.textAlign = 'left';
        context.textBaseline = 'middle';
        context.fillText(text, 2, 1);
      } else {
        context.textAlign = 'center';
        context.textBaseline = 'alphabetic';
        context.fillText(text, 0, -1);
      }
      context.restore();
    };
    for (const index of indices) {
      if (marked.some((mark) => Math.abs(mark - index) * viewport.scaleX < near)) continue;
      context.font = this.font(theme, false);
      context.fillStyle = theme.foreground;
      put(index, false);
    }
    for (const index of marked) {
      if ((index + 1 - viewport.left) * viewport.scaleX <= 0) continue;
      if ((index - viewport.left) * viewport.scaleX >= frame.width) continue;
      context.font = this.font(theme, true);
      context.fillStyle = theme.accent;
      put(index, true);
    }
  }

  /** A label cut to its room, remembered: measuring is slow. */
  private fit(text: string, room: number, theme: Theme, strong: boolean): string {
    const { context } = this;
    if (context === null) return text;
    const key = `${strong ? 'b' : 'n'}${Math.round(room)} ${text}`;
    const known = this.fitted.get(key);
    if (known !== undefined) return known;
    if (this.fitted.size > 4096) this.fitted.clear();
    context.font = this.font(theme, strong);
    let shown = text;
    if (context.measureText(text).width > room) {
      const characters = [...text].slice(0, 64);
      while (characters.length > 1 && context.measureText(`${characters.join('')}…`).width > room) {
        characters.pop();
      }
      shown = `${characters.join('')}…`;
    }
    this.fitted.set(key, shown);
    return shown;
  }

  private numberWidth({ step, theme }: OverlayPicture): number {
    const { context } = this;
    if (context === null) return 24;
    context.font = this.font(theme, true);
    return context.measureText(String(step.columns.size)).width;
  }

  private font(theme: Theme, strong: boolean): string {
    return `${strong ? '600 ' : ''}${size}px ${theme.font}`;
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

function markedRows({ target, picked }: OverlayPicture): number[] {
  const at = target?.kind === 'cell' ? target.cell.row : target?.kind === 'row' ? target.index : picked?.row;
  return at === undefined ? [] : [at];
}

function markedColumns({ target, picked }: OverlayPicture): number[] {
  const at =
    target?.kind === 'cell' ? target.cell.column : target?.kind === 'column' ? target.index : picked?.column;
  return at === undefined ? [] : [at];
}
