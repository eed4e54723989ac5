import { h } from '../../dom.js';
import { zoomStep } from '../../draw/keys.js';
import { button } from '../../controls/ui.js';

/** Zoom, above a picture. */
export class HeatmapTools {
  private readonly level = h('span', { class: 'toolbar-level number muted' });
  readonly element: HTMLElement;

  constructor(events: { zoom(factor: number): void; fit(): void }, fitLabel = 'Fit the whole matrix (0)') {
    const tool = (text: string, label: string, press: () => void): HTMLElement =>
      button({ text, label, title: label, look: 'icon', press });
    this.element = h(
      'span',
      { class: 'toolbar-zoom' },
      tool('−', 'Zoom out (−)', () => {
        events.zoom(1 / zoomStep);
      }),
      this.level,
      tool('+', 'Zoom in (+)', () => {
        events.zoom(zoomStep);
      }),
      tool('Fit', fitLabel, events.fit),
    );
  }

  showLevel(level: number): void {
    const text = `${level >= 10 ? level.toFixed(0) : level.toFixed(1)}×`;
    // The same text anew would be laid out anew, with each step of a pan.
    if (this.level.textContent !== text) this.level.textContent = text;
  }
}
