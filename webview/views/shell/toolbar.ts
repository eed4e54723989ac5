import { h } from '../../dom.js';
import type { Panel } from '../../panel.js';
import { shownQuery } from '../../panel.js';
import type { Pictures } from '../../pictures.js';
import { dropdown, menu } from '../../controls/ui.js';
import { exportItems, exportStrings } from './export-menu.js';
import { axisTitle, forQuery, ordinal } from '../../../src/drawing/labels.js';
import { stepper } from '../steps/stepper.js';

/** Above the matrix: which step's it is, what the view that shows it has to offer, and the way to a file. */
export class Toolbar {
  private readonly step = h('span', { class: 'toolbar-step' });
  private readonly query = h('span', { class: 'toolbar-query' });
  private readonly words = h('span');
  private readonly tools = h('span', { class: 'toolbar-tools' });
  readonly element = h('div', { class: 'toolbar' }, this.step, this.query, this.tools);

  constructor(panel: Panel, pictures: Pictures) {
    this.element.append(
      menu({ text: exportStrings.title, items: () => Promise.resolve(exportItems(panel, pictures)) }),
    );
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

  showTools(tools: HTMLElement | null): void {
    this.tools.hidden = tools === null;
    if (tools?.parentElement !== this.tools) this.tools.replaceChildren(...(tools === null ? [] : [tools]));
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
