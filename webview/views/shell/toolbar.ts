import { h } from '../../dom.js';
import type { Panel } from '../../panel.js';
import { shownQuery } from '../../panel.js';
import { button, dropdown } from '../../ui.js';
import { axisTitle, forQuery, ordinal } from '../../words.js';
import type { HeatmapView } from '../heatmap/heatmap.js';
import { stepper } from '../steps/stepper.js';
import { zoomStep } from '../../draw/keys.js';

/** Above the matrix: which step's it is, zoom, and the way to a file. */
export class Toolbar {
  private readonly step = h('span', { class: 'toolbar-step' });
  private readonly query = h('span', { class: 'toolbar-query' });
  private readonly level = h('span', { class: 'toolbar-level number muted' });
  private readonly words = h('span');
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
    const save = button({
      text: 'Export…',
      label: 'Export…',
      title: 'Save numbers or code to a file',
      look: 'icon',
      // The host asks what and where to, and tells of failures itself.
      press: () => void panel.channel.request('export', null).catch(() => undefined),
    });
    const tools = h('span', { class: 'toolbar-tools' }, this.zoom, save);
    this.element = h('div', { class: 'toolbar' }, this.step, this.query, tools);
    panel.store.watch(
      ({ content }) =>
        content.kind === 'inspection'
          ? JSON.stringify(content.summary.steps.map(({ name, title }) => [name, title]))
          : '',
      () => {
        this.build(panel);
      },
    );
    panel.store.watch(shownQuery, (query) => {
      this.showQuery(panel, query);
    });
    panel.store.watch(
      ({ content }) => content,
      () => {
        this.showQuery(panel, shownQuery(panel.store.get()));
      },
    );
    panel.store.watch(
      ({ asTable }) => asTable,
      (asTable) => {
        this.zoom.hidden = asTable;
      },
    );
  }

  /** Of a step that has a matrix for each query: which is shown, and the way to another. */
  private showQuery(panel: Panel, query: number | null): void {
    const { summary } = panel;
    this.query.hidden = query === null || summary === null;
    if (query === null || summary === null) return;
    const field = this.query.querySelector('input');
    this.words.textContent = forQuery(summary, query);
    if (field !== null && Number(field.max) === ordinal(summary.queries.count - 1)) {
      field.value = String(ordinal(query));
      return;
    }
    const choose = stepper({
      label: axisTitle('query'),
      size: summary.queries.count,
      value: query,
      get: () => panel.store.get().chosen.query,
      change: (index) => {
        panel.choosePlace('query', index);
      },
    });
    this.query.replaceChildren(this.words, choose);
  }

  showLevel(level: number): void {
    const text = `${level >= 10 ? level.toFixed(0) : level.toFixed(1)}×`;
    // The same text anew would be laid out anew, with each step of a pan.
    if (this.level.textContent !== text) this.level.textContent = text;
  }

  private build(panel: Panel): void {
    this.stop();
    const steps = panel.summary?.steps ?? [];
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
        const step = panel.summary?.steps.find((other) => other.name === name);
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
