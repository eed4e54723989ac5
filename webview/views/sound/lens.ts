import type { Interval } from '../../../src/protocol.js';
import { perFrame } from '../../dom.js';

/** What can be looked at, and in which size. */
export interface LensFrame {
  /** All that there is on the time axis, in seconds. */
  readonly extent: Interval;
  /** What is seen at first. */
  readonly home: Interval;
  /** The shortest time that is looked at. */
  readonly least: number;
  /** Rows of the matrix under the time axis, and how many of them are seen at first. */
  readonly rows: number;
  readonly homeRows: number;
  /** Of the pictures, and of the matrix, in CSS pixels. */
  readonly width: number;
  readonly height: number;
}

/** Rows are not drawn higher than this, in CSS pixels. */
const highest = 72;

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), Math.max(low, high));
}

/** The time axis that all pictures of a recording share, and the rows of the matrix that lies along it. */
export class SoundLens {
  frame: LensFrame | null = null;
  shown: Interval = { start: 0, end: 1 };
  /** The row at the upper edge, in fractions of rows, and pixels a row. */
  top = 0;
  scaleY = 1;
  private readonly draw = perFrame(() => {
    this.events.draw();
  });

  constructor(private readonly events: { draw(): void; looked(): void }) {}

  /** Looks through another frame; what was zoomed to stays where it is the same recording. */
  take(frame: LensFrame): void {
    const { frame: before } = this;
    const wasHome = before === null || this.isHome(before);
    const same =
      before?.extent.start === frame.extent.start &&
      before.extent.end === frame.extent.end &&
      before.home.start === frame.home.start &&
      before.home.end === frame.home.end;
    this.frame = frame;
    if (!same || wasHome) this.shown = frame.home;
    const sameRows = same && before.rows === frame.rows;
    if (!sameRows || wasHome) {
      this.top = 0;
      this.scaleY = frame.height / frame.homeRows;
    }
    this.settle();
  }

  /** Draws in the next frame. */
  ask(): void {
    this.draw();
  }

  xAt(time: number): number {
    return ((time - this.shown.start) / (this.shown.end - this.shown.start)) * (this.frame?.width ?? 0);
  }

  timeAt(x: number): number {
    const { width = 1 } = this.frame ?? {};
    return this.shown.start + (x / width) * (this.shown.end - this.shown.start);
  }

  /** The row under so many pixels below the matrix's upper edge; null outside. */
  rowAt(y: number): number | null {
    const { frame } = this;
    if (frame === null || y < 0 || y >= frame.height) return null;
    const row = Math.floor(this.top + y / this.scaleY);
    return row < frame.rows ? row : null;
  }

  /** Zooms so that the moment at x stays there; rows too where y is one of the matrix. */
  zoomAt(x: number, y: number | null, factor: number): void {
    const { frame } = this;
    if (frame === null) return;
    const { extent, least, width } = frame;
    const length = clamp((this.shown.end - this.shown.start) / factor, least, extent.end - extent.start);
    const start = this.timeAt(x) - (x / width) * length;
    this.shown = { start, end: start + length };
    if (y !== null) {
      const row = this.top + y / this.scaleY;
      this.scaleY = this.boundedScale(frame, this.scaleY * factor);
      this.top = row - y / this.scaleY;
    }
    this.settle();
  }

  /** Zooms about the middle, or about a moment that is in sight. */
  zoom(factor: number, about: number | null): void {
    const { frame } = this;
    if (frame === null) return;
    const x = about === null ? frame.width / 2 : this.xAt(about);
    this.zoomAt(x >= 0 && x <= frame.width ? x : frame.width / 2, frame.height / 2, factor);
  }

  /** Moves the pictures by pixels. */
  pan(x: number, y: number): void {
    const { frame } = this;
    if (frame === null) return;
    const shift = (x / frame.width) * (this.shown.end - this.shown.start);
    this.shown = { start: this.shown.start - shift, end: this.shown.end - shift };
    this.top -= y / this.scaleY;
    this.settle();
  }

  /** The nearest view in which an interval, and a row, are seen. */
  reveal({ start, end }: Interval, row: number | null): void {
    const length = this.shown.end - this.shown.start;
    const from = clamp(this.shown.start, end - length, start);
    if (start < this.shown.start || end > this.shown.end) this.shown = { start: from, end: from + length };
    const { frame } = this;
    if (frame !== null && row !== null) {
      const seen = frame.height / this.scaleY;
      this.top = clamp(this.top, row + 1 - seen, row);
    }
    this.settle();
  }

  /** Brings an interval into sight; one that is narrower than so many pixels is made wide. */
  enlarge(interval: Interval, { narrow, wide }: { readonly narrow: number; readonly wide: number }): void {
    const width = this.xAt(interval.end) - this.xAt(interval.start);
    this.reveal(interval, null);
    if (width <= 0 || width >= narrow) return;
    this.zoomAt((this.xAt(interval.start) + this.xAt(interval.end)) / 2, null, wide / width);
    this.reveal(interval, null);
  }

  /** Shows a moment at the left edge, as if a page were turned. */
  turnTo(moment: number): void {
    const length = this.shown.end - this.shown.start;
    this.shown = { start: moment, end: moment + length };
    this.settle();
  }

  unzoom(): void {
    const { frame } = this;
    if (frame === null) return;
    this.shown = frame.home;
    this.top = 0;
    this.scaleY = frame.height / frame.homeRows;
    this.settle();
  }

  /** 1 where what was heard fills the pictures. */
  get level(): number {
    const { frame } = this;
    if (frame === null) return 1;
    return (frame.home.end - frame.home.start) / (this.shown.end - this.shown.start);
  }

  private isHome(frame: LensFrame): boolean {
    return this.shown.start === frame.home.start && this.shown.end === frame.home.end && this.top === 0;
  }

  private boundedScale({ rows, height }: LensFrame, scale: number): number {
    const fit = height / rows;
    return clamp(scale, fit, Math.max(fit, highest));
  }

  private settle(): void {
    const { frame } = this;
    if (frame === null) return;
    const { extent } = frame;
    const length = Math.min(this.shown.end - this.shown.start, extent.end - extent.start);
    const start = clamp(this.shown.start, extent.start, extent.end - length);
    // Untouched where it fits already: rounding would make it another interval.
    if (start !== this.shown.start || start + length < this.shown.end)
      this.shown = { start, end: start + length };
    this.scaleY = this.boundedScale(frame, this.scaleY);
    this.top = clamp(this.top, 0, frame.rows - frame.height / this.scaleY);
    this.events.looked();
    this.draw();
  }
}
