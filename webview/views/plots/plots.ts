import './plots.css';
import { h, uniqueId } from '../../dom.js';
import { isCancelled } from '../../matrices.js';
import { reasonOf } from '../../../src/common/values.js';
import type { Panel } from '../../panel.js';
import type { OpenView, ViewContext } from '../view.js';
import { button } from '../../controls/ui.js';
import { headPlace } from '../../../src/common/counting.js';
import { plotStrings } from './strings.js';
import { Figure } from './figure.js';
import { plotTable } from './table.js';
import type { PlotsMemory } from './view.js';

/** A plot of what is open: its curves, and the numbers behind them. */
export class PlotsView implements OpenView {
  private readonly title = h('h2', { class: 'whole-title' });
  private readonly place = h('span', { class: 'whole-aside' });
  private readonly note = h('p', { class: 'plot-note muted' });
  private readonly figure = h('div');
  private readonly problem = h('p', { class: 'problem', attributes: { role: 'alert' } });
  private readonly waiting = h('p', { class: 'plot-waiting muted', attributes: { role: 'status' } });
  private readonly numbers: HTMLElement;
  private readonly toggle: HTMLButtonElement;
  readonly element: HTMLElement;
  private asking: AbortController | null = null;
  private shown: Figure | null = null;

  private readonly panel: Panel;
  private readonly stop: () => void;

  constructor(
    private readonly context: ViewContext,
    numbers: boolean,
  ) {
    const { panel } = context;
    this.panel = panel;
    const id = uniqueId('plot-numbers');
    this.numbers = h('div', {
      class: 'plot-numbers aside',
      attributes: { id, role: 'region', 'aria-label': plotStrings.numbers, tabindex: '-1' },
    });
    this.toggle = h('button', {
      class: 'terms-toggle',
      attributes: { type: 'button', 'aria-controls': id, 'aria-expanded': 'false' },
      text: plotStrings.show,
    });
    this.toggle.addEventListener('click', () => {
      this.open(!this.isOpen);
      this.context.changed();
    });
    this.open(numbers);
    this.problem.hidden = true;
    this.element = h(
      'div',
      { class: 'plots' },
      h(
        'div',
        { class: 'whole-bar' },
        this.title,
        this.place,
        h('span', { class: 'spring' }),
        button({
          text: plotStrings.close,
          title: plotStrings.closeHint,
          press: () => {
            panel.cover(null);
          },
        }),
      ),
      h(
        'div',
        {
          class: 'plot-scroller',
          attributes: { tabindex: '0', role: 'region', 'aria-label': plotStrings.curves },
        },
        this.note,
        this.problem,
        this.waiting,
        this.figure,
        this.toggle,
        this.numbers,
      ),
    );
    this.stop = panel.store.watch(
      ({ covering, content, position }) =>
        content.kind === 'inspection'
          ? JSON.stringify([
              covering?.choice,
              content.summary.id,
              content.summary.revision,
              position.layer,
              position.head,
            ])
          : '',
      (wanted) => {
        void this.show(wanted);
      },
    );
  }

  private get isOpen(): boolean {
    return this.toggle.getAttribute('aria-expanded') === 'true';
  }

  remember(): PlotsMemory {
    return { numbers: this.isOpen };
  }

  dispose(): void {
    this.stop();
    this.asking?.abort();
    this.asking = null;
    this.release();
  }

  private async show(wanted: string): Promise<void> {
    this.asking?.abort();
    this.asking = null;
    const { summary, store } = this.panel;
    const { covering, position } = store.get();
    const name = covering?.choice ?? null;
    if (wanted === '' || summary === null || name === null) {
      this.release();
      return;
    }
    const described = summary.plots.find((plot) => plot.name === name);
    const { layer, head } = position;
    if (this.title.textContent !== described?.title) this.release();
    this.title.textContent = described?.title ?? '';
    this.place.textContent = headPlace(layer, head);
    if (this.shown === null) this.note.textContent = described?.note ?? '';
    this.waiting.textContent = plotStrings.waiting;
    const asking = new AbortController();
    this.asking = asking;
    try {
      const request = { inspection: summary.id, layer, head, name };
      const plot = await this.panel.channel.request('plot', request, { signal: asking.signal });
      if (this.asking !== asking) return;
      this.release();
      this.title.textContent = plot.title;
      this.note.textContent = plot.note;
      this.shown = new Figure(plot);
      this.figure.replaceChildren(this.shown.element);
      this.shown.build();
      this.numbers.replaceChildren(plotTable(plot));
      this.toggle.hidden = false;
      this.problem.hidden = true;
    } catch (error) {
      if (isCancelled(error) || this.asking !== asking) return;
      this.release();
      this.problem.textContent = reasonOf(error);
      this.problem.hidden = false;
    }
    this.waiting.textContent = '';
  }

  /** Unopened, the numbers are there for those who have them read aloud. */
  private open(open: boolean): void {
    this.toggle.setAttribute('aria-expanded', String(open));
    this.toggle.textContent = open ? plotStrings.hide : plotStrings.show;
    this.numbers.classList.toggle('aside', !open);
    this.numbers.tabIndex = open ? 0 : -1;
  }

  private release(): void {
    this.shown?.dispose();
    this.shown = null;
    this.figure.replaceChildren();
    this.numbers.replaceChildren();
    this.toggle.hidden = true;
    this.problem.hidden = true;
    this.waiting.textContent = '';
  }
}
