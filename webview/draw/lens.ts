import { perFrame } from '../dom.js';
import type { Gutter, Target } from './target.js';
import { sameTarget, targetAt } from './target.js';
import type { Cell, Frame, Viewport } from './viewport.js';
import { constrain, fitFrame, fitted, pan, reveal, zoomAt, zoomAtCell, zoomLevel } from './viewport.js';

/** What one picture, or several together, look at: which part of their matrices, in which size, and at which cell. */
export class Lens {
  frame: Frame | null = null;
  viewport: Viewport | null = null;
  gutter: Gutter = { left: 0, top: 0, right: 0, slant: 0 };
  target: Target | null = null;
  private readonly draw = perFrame(() => {
    this.events.draw();
  });

  constructor(
    private readonly events: {
      /** Something is to be seen otherwise. */
      draw(): void;
      /** Another part of the matrices is looked at. */
      looked(): void;
    },
  ) {}

  /** Fits matrices of rows × columns into a window; what was zoomed to stays where it can. */
  fit(rows: number, columns: number, width: number, height: number, gutter: Gutter): Frame {
    return this.take(fitFrame(rows, columns, width, height), gutter);
  }

  /** Looks through another frame; what was zoomed to stays where it can. */
  take(frame: Frame, gutter: Gutter): Frame {
    const { frame: before, viewport } = this;
    const same = before !== null && before.rows === frame.rows && before.columns === frame.columns;
    const wasFitted = before === null || viewport === null || zoomLevel(viewport, before) <= 1.001;
    this.gutter = gutter;
    this.frame = frame;
    this.viewport = same && !wasFitted && viewport !== null ? constrain(viewport, frame) : fitted(frame);
    if (!same) this.target = null;
    this.events.looked();
    this.draw();
    return frame;
  }

  /** Forgets all: what is looked at next is looked at as a whole. */
  reset(): void {
    this.frame = null;
    this.viewport = null;
    this.target = null;
  }

  /** Draws in the next frame. */
  ask(): void {
    this.draw();
  }

  /** True where the target is another than before. */
  aim(target: Target | null): boolean {
    if (sameTarget(target, this.target)) return false;
    this.target = target;
    this.draw();
    return true;
  }

  targetAt(x: number, y: number): Target | null {
    const { frame, viewport, gutter } = this;
    return frame === null || viewport === null ? null : targetAt(x, y, frame, viewport, gutter);
  }

  pan(x: number, y: number): void {
    this.change((viewport, frame) => pan(viewport, frame, x, y));
  }

  reveal(cell: Cell): void {
    this.change((viewport, frame) => reveal(viewport, frame, cell));
  }

  /** Zooms about a point of a picture. */
  zoomAt(x: number, y: number, factor: number): void {
    const { left, top } = this.gutter;
    this.change((viewport, frame) => zoomAt(viewport, frame, x - left, y - top, factor));
  }

  /** Zooms about a cell, or the middle. */
  zoom(cell: Cell | null, factor: number): void {
    this.change((viewport, frame) => zoomAtCell(viewport, frame, cell, factor));
  }

  unzoom(): void {
    this.change((_, frame) => fitted(frame));
  }

  /** Rows that Page Up and Page Down move by. */
  get page(): number {
    const { frame, viewport } = this;
    return frame === null || viewport === null ? 1 : Math.max(1, Math.floor(frame.height / viewport.scaleY));
  }

  private change(next: (viewport: Viewport, frame: Frame) => Viewport): void {
    const { frame, viewport } = this;
    if (frame === null || viewport === null) return;
    this.viewport = next(viewport, frame);
    this.events.looked();
    this.draw();
  }
}
