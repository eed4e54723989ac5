import type { InspectionSummary, Span, Step } from '../../src/protocol.js';
import type { Theme } from '../theme.js';
import { hasWords, ordinal, shortLabel } from '../../src/drawing/labels.js';
import type { OverlayPicture } from './overlay.js';
import { labelled, labelStride, standsUpright } from './viewport.js';

/** Sizes of labels, in CSS pixels: they shrink with their cells before any is left out. */
export const largestLabel = 13;
const smallestLabel = 9;
/** Space between labels and the matrix. */
export const gap = 8;
/** Words above columns rise at this angle. */
export const slant = (55 * Math.PI) / 180;
/** Upright columns from this share of words that fit on: the others rise beside them. */
const mostFit = 0.9;
const looked = 2048;

const eastAsian =
  /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\u3001-\u303f\uff01-\uff60ー]+$/u;
const rightToLeft =
  /^[^\p{L}]*[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]/u;

export function labelFont(theme: Theme, size: number, strong: boolean): string {
  return `${strong ? '600 ' : ''}${size}px ${theme.font}`;
}

/** The size of labels that stand so many pixels apart; null where words would have to be left out. */
export function labelSize(scale: number): number | null {
  const size = Math.min(largestLabel, Math.floor(scale - 0.5));
  return size >= smallestLabel ? size : null;
}

/** What is written beside a matrix's rows and above its columns. */
export class AxisLabels {
  private readonly fitted = new Map<string, string>();

  constructor(private readonly context: CanvasRenderingContext2D | null) {}

  clear(): void {
    this.fitted.clear();
  }

  /** From how many pixels a column on words stand upright; infinite where they never do. */
  uprightFrom(summary: InspectionSummary, step: Step, theme: Theme): number {
    const { context } = this;
    const { axis, size } = step.columns;
    if (context === null || size === 0) return Infinity;
    context.font = labelFont(theme, largestLabel, true);
    const widths = Array.from(
      { length: Math.min(size, looked) },
      (_, index) => context.measureText(shortLabel(summary, axis, index)).width,
    ).sort((a, b) => a - b);
    return (widths[Math.ceil(widths.length * mostFit) - 1] ?? Infinity) + 6;
  }

  /** How high words reach that are written one character under the other. */
  stackedHeight(summary: InspectionSummary, { columns }: Step): number {
    let most = 0;
    for (let index = 0; index < Math.min(columns.size, looked); index += 1) {
      const text = shortLabel(summary, columns.axis, index);
      if (eastAsian.test(text)) most = Math.max(most, [...text].length);
    }
    return most * (largestLabel + 1);
  }

  draw(picture: OverlayPicture, spans: { readonly rows: Span; readonly columns: Span }): void {
    const { context } = this;
    if (context === null) return;
    context.save();
    this.side(picture, 'rows', spans.rows);
    this.side(picture, 'columns', spans.columns);
    context.restore();
  }

  /** Words where all of them have room, else ticks with positions: some words alone would read as a sentence that nobody wrote. */
  private side(picture: OverlayPicture, side: 'rows' | 'columns', span: Span): void {
    const { summary, step, viewport, theme } = picture;
    const { axis } = step[side];
    const scale = side === 'rows' ? viewport.scaleY : viewport.scaleX;
    const worded = hasWords(summary, axis);
    const size = worded ? labelSize(scale) : null;
    const marked = markedAt(picture, side);
    if (worded && size !== null) {
      for (let index = span.start; index < span.end; index += 1) {
        if (index !== marked) this.word(picture, side, index, size, false);
      }
    } else {
      this.numbers(picture, side, span, worded, marked);
    }
    if (marked === undefined || marked < span.start || marked >= span.end) return;
    if (worded) this.word(picture, side, marked, size ?? smallestMarked, true);
    else this.number(picture, side, marked, labelFont(theme, largestLabel, true), theme.accent);
  }

  private numbers(
    picture: OverlayPicture,
    side: 'rows' | 'columns',
    span: Span,
    ticks: boolean,
    marked: number | undefined,
  ): void {
    const { context } = this;
    const { step, viewport, theme } = picture;
    if (context === null) return;
    const size = ticks ? 11 : largestLabel;
    const scale = side === 'rows' ? viewport.scaleY : viewport.scaleX;
    context.font = labelFont(theme, largestLabel, true);
    const wide = context.measureText(String(ordinal(step[side].size))).width;
    const least = side === 'rows' ? size + 0.5 : wide + 10;
    const near = side === 'rows' ? size : wide + 6;
    for (const index of labelled(span, labelStride(scale, least))) {
      if (ticks) this.tick(picture, side, index);
      if (marked !== undefined && Math.abs(marked - index) * scale < near) continue;
      this.number(
        picture,
        side,
        index,
        labelFont(theme, size, false),
        ticks ? theme.muted : theme.foreground,
      );
    }
  }

  private tick({ viewport, theme }: OverlayPicture, side: 'rows' | 'columns', index: number): void {
    const { context } = this;
    if (context === null) return;
    context.fillStyle = theme.muted;
    if (side === 'rows')
      context.fillRect(-5, Math.round((index + 0.5 - viewport.top) * viewport.scaleY), 4, 1);
    else context.fillRect(Math.round((index + 0.5 - viewport.left) * viewport.scaleX), -5, 1, 4);
  }

  private number(
    { viewport, frame }: OverlayPicture,
    side: 'rows' | 'columns',
    index: number,
    font: string,
    color: string,
  ): void {
    const { context } = this;
    if (context === null) return;
    context.font = font;
    context.fillStyle = color;
    const text = String(ordinal(index));
    if (side === 'rows') {
      context.textAlign = 'right';
      context.textBaseline = 'middle';
      context.fillText(text, -gap, clamp((index + 0.5 - viewport.top) * viewport.scaleY, frame.height) + 1);
    } else {
      context.textAlign = 'center';
      context.textBaseline = 'alphabetic';
      context.fillText(text, clamp((index + 0.5 - viewport.left) * viewport.scaleX, frame.width), -gap - 1);
    }
  }

  private word(
    picture: OverlayPicture,
    side: 'rows' | 'columns',
    index: number,
    size: number,
    strong: boolean,
  ): void {
    const { context } = this;
    const { summary, step, theme, leftOut = null } = picture;
    if (context === null) return;
    const text = shortLabel(summary, step[side].axis, index);
    const gone = side === 'columns' && leftOut !== null && (leftOut[index + 1] ?? 0) > (leftOut[index] ?? 0);
    context.font = labelFont(theme, size, strong);
    context.fillStyle = strong ? theme.accent : gone ? theme.muted : theme.foreground;
    context.direction = rightToLeft.test(text) ? 'rtl' : 'ltr';
    if (side === 'rows') this.rowWord(picture, index, text, size, strong);
    else this.columnWord(picture, index, text, size, { strong, gone });
    context.direction = 'ltr';
  }

  private rowWord(picture: OverlayPicture, index: number, text: string, size: number, strong: boolean): void {
    const { context } = this;
    const { viewport, frame, gutter, theme } = picture;
    if (context === null) return;
    const y = clamp((index + 0.5 - viewport.top) * viewport.scaleY, frame.height);
    const room = gutter.left - gap - 4;
    context.textAlign = 'right';
    context.textBaseline = 'middle';
    if (!strong) {
      context.fillText(this.fit(text, room, theme, size, false), -gap, y + 1);
      return;
    }
    // What is pointed at is whole, also where that covers what is beside it.
    const width = context.measureText(text).width;
    const right = Math.max(-gap, width + 4 - gutter.left);
    this.plate(right - width - 3, y - size / 2 - 2, width + 6, size + 4, theme);
    context.fillText(text, right, y + 1);
  }

  private columnWord(
    picture: OverlayPicture,
    index: number,
    text: string,
    size: number,
    { strong, gone }: { readonly strong: boolean; readonly gone: boolean },
  ): void {
    const { context } = this;
    const { viewport, frame, gutter, theme } = picture;
    if (context === null) return;
    const x = clamp((index + 0.5 - viewport.left) * viewport.scaleX, frame.width);
    const width = context.measureText(text).width;
    const high = gutter.top - 16;
    const points = [...text];
    context.save();
    if (standsUpright(viewport, gutter) && width + 2 <= viewport.scaleX) {
      context.textAlign = 'center';
      context.textBaseline = 'alphabetic';
      context.fillText(text, x, -gap);
      if (gone) context.fillRect(x - width / 2, -gap - size * 0.35, width, 1);
    } else if (eastAsian.test(text) && points.length * (size + 1) <= high) {
      // Upright, one under the other, the last nearest to the matrix.
      context.textAlign = 'center';
      context.textBaseline = 'alphabetic';
      for (const [at, point] of points.toReversed().entries())
        context.fillText(point, x, -gap - at * (size + 1));
    } else if (strong && (width > high / Math.sin(slant) || size !== (labelSize(viewport.scaleX) ?? 0))) {
      // There is no room for it along the slant, or for the ticks beneath it: it lies above the matrix.
      const left = Math.max(3 - gutter.left, Math.min(x - width / 2, frame.width + gutter.right - width - 3));
      this.plate(left - 3, -gap - size - 1, width + 6, size + 5, theme);
      context.textAlign = 'left';
      context.textBaseline = 'alphabetic';
      context.fillText(text, left, -gap);
    } else {
      const shown = this.fit(text, high / Math.sin(slant), theme, size, strong);
      context.translate(x, -gap);
      context.rotate(-slant);
      context.textAlign = 'left';
      context.textBaseline = 'middle';
      context.fillText(shown, 2, 1);
      if (gone) context.fillRect(2, 0, context.measureText(shown).width, 1);
    }
    context.restore();
  }

  private plate(x: number, y: number, width: number, height: number, theme: Theme): void {
    const { context } = this;
    if (context === null) return;
    const { fillStyle } = context;
    context.fillStyle = theme.background;
    context.fillRect(x, y, width, height);
    context.fillStyle = fillStyle;
  }

  /** A label cut to its room, remembered: measuring is slow. */
  private fit(text: string, room: number, theme: Theme, size: number, strong: boolean): string {
    const { context } = this;
    if (context === null) return text;
    const key = `${strong ? 'b' : 'n'}${size} ${Math.round(room)} ${text}`;
    const known = this.fitted.get(key);
    if (known !== undefined) return known;
    if (this.fitted.size > 4096) this.fitted.clear();
    context.font = labelFont(theme, size, strong);
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
}

/** What is pointed at is legible also where the others are too many to be written. */
const smallestMarked = 12;

function clamp(place: number, end: number): number {
  return Math.min(Math.max(place, 0), end);
}

/** The row or column that is pointed at, or else picked. */
function markedAt({ target, picked }: OverlayPicture, side: 'rows' | 'columns'): number | undefined {
  const own = side === 'rows' ? 'row' : 'column';
  if (target === null) return picked?.[own];
  if (target.kind === 'cell') return target.cell[own];
  return target.kind === own ? target.index : picked?.[own];
}
