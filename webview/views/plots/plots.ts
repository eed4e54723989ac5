import './plots.css';
import { h, uniqueId } from '../../dom.js';
import { isCancelled, messageOf } from '../../matrices.js';
import type { Panel } from '../../panel.js';
import { button } from '../../ui.js';
import { compareWords, plotWords } from '../../words.js';
import { Figure } from './figure.js';
import { plotTable } from './table.js';

/** A plot of what is open: its curves, and the numbers behind them. */
export class PlotsView {
  private readonly title = h('h2', { class: 'scene-title' });
  private readonly place = h('span', { class: 'scene-aside' });
  private readonly note = h('p', { class: 'plot-note muted' });
  private readonly figure = h('div');
  private readonly problem = h('p', { class: 'problem', attributes: { role: 'alert' } });
  private readonly waiting = h('p', { class: 'plot-waiting muted', attributes: { role: 'status' } });
  private readonly numbers: HTMLElement;
  private readonly toggle: HTMLButtonElement;
  readonly element: HTMLElement;
  private asking: AbortController | null = null;
  private shown: Figure | null = null;

  constructor(private readonly panel: Panel) {
    const id = uniqueId('plot-numbers');
    this.numbers = h('div', {
      class: 'plot-numbers aside',
      attributes: { id, role: 'region', 'aria-label': plotWords.numbers, tabindex: '-1' },
    });
    this.toggle = h('button', {
      class: 'terms-toggle',
      attributes: { type: 'button', 'aria-controls': id, 'aria-expanded': 'false' },
      text: plotWords.show,
    });
    this.toggle.addEventListener('click', () => {
      this.open(this.toggle.getAttribute('aria-expanded') !== 'true');
    });
    this.problem.hidden = true;
    this.element = h(
      'div',
      { class: 'plots' },
      h(
        'div',
        { class: 'scene-bar' },
        this.title,
        this.place,
        h('span', { class: 'spring' }),
        button({
          text: plotWords.close,
          title: plotWords.closeHint,
          press: () => {
            panel.enter({ kind: 'matrix' });
          },
        }),
      ),
      h(
        'div',
        {
          class: 'plot-scroller',
          attributes: { tabindex: '0', role: 'region', 'aria-label': plotWords.curves },
        },
        this.note,
        this.problem,
        this.waiting,
        this.figure,
        this.toggle,
        this.numbers,
      ),
    );
    panel.store.watch(
      ({ scene, content, position }) =>
        scene.kind === 'plot' && content.kind === 'inspection'
          ? JSON.stringify([
              scene.name,
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

  private async show(wanted: string): Promise<void> {
    this.asking?.abort();
    this.asking = null;
    const { summary, store } = this.panel;
    const { scene, position } = store.get();
    if (wanted === '' || summary === null || scene.kind !== 'plot') {
      this.release();
      return;
    }
    const described = summary.plots.find(({ name }) => name === scene.name);
    const { layer, head } = position;
    if (this.title.textContent !== described?.title) this.release();
    this.title.textContent = described?.title ?? '';
    this.place.textContent = compareWords.place(layer, head);
    if (this.shown === null) this.note.textContent = described?.note ?? '';
    this.waiting.textContent = plotWords.waiting;
    const asking = new AbortController();
    this.asking = asking;
    try {
      const request = { inspection: summary.id, layer, head, name: scene.name };
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
      this.problem.textContent = messageOf(error);
      this.problem.hidden = false;
    }
    this.waiting.textContent = '';
  }

  /** Unopened, the numbers are there for those who have them read aloud. */
  private open(open: boolean): void {
    this.toggle.setAttribute('aria-expanded', String(open));
    this.toggle.textContent = open ? plotWords.hide : plotWords.show;
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
