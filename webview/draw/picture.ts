import './picture.css';
import type { InspectionSummary, Slice, Step } from '../../src/protocol.js';
import { h } from '../dom.js';
import type { Theme } from '../theme.js';
import type { ColorScale } from '../../src/drawing/colors/scale.js';
import { canvasPainter } from './heatmap-canvas.js';
import { glPainter } from './heatmap-gl.js';
import type { OverlayPicture } from './overlay.js';
import { Overlay } from './overlay.js';
import type { Layer, Painter, UseOfWebGL } from './painter.js';
import type { Gutter } from './target.js';
import type { Frame } from './viewport.js';

/** A matrix as a picture: coloured cells, and over them the labels and the cross-hair. What it shows, it is told. */
export class MatrixPicture {
  readonly element = h('div', {
    class: 'stage',
    attributes: { tabindex: '0', role: 'application', 'aria-roledescription': 'heatmap' },
  });
  private readonly painter: Painter;
  private readonly overlay = new Overlay();

  /** `repaint` is asked for when a lost graphics context has come back. */
  constructor({ webgl }: { readonly webgl: UseOfWebGL }, repaint: () => void) {
    this.painter = (webgl === 'never' ? null : glPainter(webgl, repaint)) ?? canvasPainter();
    this.painter.canvas.className = 'cells';
    this.overlay.canvas.className = 'overlay';
    this.element.append(this.painter.canvas, this.overlay.canvas);
  }

  /** Longest side of a slice that can be set. */
  get largest(): number {
    return this.painter.largest;
  }

  set(layer: Layer, slice: Slice | null): void {
    this.painter.set(layer, slice);
  }

  /** Room for the labels of a step's matrix in a window of some width. */
  gutter(summary: InspectionSummary, step: Step, theme: Theme, width: number): Gutter {
    return this.overlay.gutter(summary, step, theme, width);
  }

  place(frame: Frame, { left, top, right }: Gutter): void {
    const { canvas } = this.painter;
    canvas.style.left = `${left}px`;
    canvas.style.top = `${top}px`;
    this.element.style.width = `${left + frame.width + right}px`;
    this.element.style.height = `${top + frame.height + 6}px`;
  }

  /** Without a scale there are no cells yet: labels alone. */
  draw(picture: OverlayPicture, scale: ColorScale | null): void {
    const { frame, viewport, ratio, theme } = picture;
    this.painter.canvas.hidden = scale === null;
    if (scale !== null) {
      const { maskedRgb, hatchRgb } = theme;
      this.painter.paint({ frame, viewport, scale, ratio, masked: maskedRgb, hatch: hatchRgb });
    }
    this.overlay.draw(picture);
  }

  dispose(): void {
    this.painter.dispose();
    this.element.remove();
  }
}
