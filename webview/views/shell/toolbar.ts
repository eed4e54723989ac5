import type { Step } from '../../../src/protocol.js';
import { h } from '../../dom.js';
import type { Panel } from '../../panel.js';
import { button, dropdown } from '../../ui.js';
import type { HeatmapView } from '../heatmap/heatmap.js';
import { zoomStep } from '../heatmap/keys.js';

/** Above the matrix: which step's it is, and zoom. */
export class Toolbar {
  private readonly step = h('span', { class: 'toolbar-step' });
  private readonly level = h('span', { class: 'toolbar-level number muted' });
  private readonly zoom: HTMLElement;
  readonly element: HTMLElement;

  constructor(panel: Panel, heatmap: HeatmapView) {
    const tool = (text: string, label: string, press: () => void): HTMLElement =>
      button({ text, label, title: label, look: 'icon', press });
    this.zoom = h(
      'span',
      { class: 'toolbar-zoom' },
      tool('−', 'Zoom out (−)', () => {
        heatmap.zoom(1 / zoomStep);
      }),
      this.level,
      tool('+', 'Zoom in (+)', () => {
        heatmap.zoom(zoomStep);
      }),
      tool('Fit', 'Fit the whole matrix (0)', () => {
        heatmap.fit();
      }),
    );
    this.element = h('div', { class: 'toolbar' }, this.step, this.zoom);
    panel.store.watch(
      ({ content }) => (content.kind === 'inspection' ? content.summary.steps : null),
      (steps) => {
        this.build(panel, steps ?? []);
      },
    );
    panel.store.watch(
      ({ asTable }) => asTable,
      (asTable) => {
        this.zoom.hidden = asTable;
      },
    );
  }

  showLevel(level: number): void {
    this.level.textContent = `${level >= 10 ? level.toFixed(0) : level.toFixed(1)}×`;
  }

  private build(panel: Panel, steps: readonly Step[]): void {
    this.stop();
    if (steps.length === 0) {
      this.step.replaceChildren();
      return;
    }
    const { position } = panel.store.get();
    const chooser = dropdown({
      label: 'Matrix',
      choices: steps.map(({ name, title }, index) => ({ value: name, title: `${index + 1}  ${title}` })),
      value: position.step,
      change: (name) => {
        const step = steps.find((other) => other.name === name);
        if (step !== undefined) panel.openStep(step);
      },
    });
    this.step.replaceChildren(chooser.element);
    this.stop = panel.store.watch(
      (view) => view.position.step,
      (name) => {
        chooser.set(name);
      },
    );
  }

  private stop = (): void => undefined;
}
