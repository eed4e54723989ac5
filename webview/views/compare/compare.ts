import './compare.css';
import type { Step } from '../../../src/protocol.js';
import { h } from '../../dom.js';
import type { UseOfWebGL } from '../../draw/painter.js';
import type { Target } from '../../draw/target.js';
import type { Panel } from '../../panel.js';
import type { Theme } from '../../theme.js';
import { button } from '../../ui.js';
import { compareWords } from '../../words.js';
import { Columns } from './columns.js';

export interface CompareEvents {
  /** What is pointed at in the weights; null when nothing is. */
  hover(target: Target | null, step: Step): void;
}

/** The inspection beside its variants. It exists while it is looked at; what it held is let go of when that ends. */
export class CompareView {
  private readonly place = h('span', { class: 'scene-aside' });
  private readonly running = h('span', { class: 'muted', attributes: { role: 'status' } });
  private readonly add = button({
    text: compareWords.add,
    title: compareWords.addHint,
    press: () => {
      this.columns?.add();
    },
  });
  private readonly scroller = h('div', {
    class: 'compare-scroller',
    attributes: { tabindex: '0', role: 'region', 'aria-label': compareWords.region },
  });
  readonly element = h(
    'div',
    { class: 'compare' },
    h(
      'div',
      { class: 'scene-bar' },
      h('h2', { class: 'scene-title', text: compareWords.region }),
      this.place,
      this.running,
      h('span', { class: 'spring' }),
      h(
        'span',
        { class: 'compare-key muted' },
        h('span', { class: 'compare-mark', text: compareWords.mark }),
        ` ${compareWords.legend}`,
      ),
      this.add,
      button({
        text: compareWords.close,
        title: compareWords.closeHint,
        press: () => {
          this.panel.enter({ kind: 'matrix' });
        },
      }),
    ),
    this.scroller,
  );
  private columns: Columns | null = null;

  constructor(
    private readonly panel: Panel,
    private theme: Theme,
    private readonly events: CompareEvents,
    private readonly options: { readonly webgl: UseOfWebGL },
  ) {
    const { store } = panel;
    store.watch(
      ({ scene, content }) => scene.kind === 'compare' && content.kind === 'inspection',
      (open) => {
        if (open) this.open();
        else this.close();
      },
    );
    store.watch(
      ({ position }) => compareWords.place(position.layer, position.head),
      (text) => {
        this.place.textContent = text;
      },
    );
  }

  retheme(theme: Theme): void {
    this.theme = theme;
    this.columns?.retheme(theme);
  }

  private open(): void {
    this.close();
    this.columns = new Columns(
      this.panel,
      this.theme,
      {
        ...this.events,
        progress: (message) => {
          this.running.textContent = message === null ? '' : message === '' ? compareWords.running : message;
        },
        full: (full) => {
          this.add.toggleAttribute('disabled', full);
          this.add.title = full ? compareWords.fullHint : compareWords.addHint;
        },
      },
      this.options,
    );
    this.scroller.replaceChildren(this.columns.element);
    this.columns.start();
  }

  private close(): void {
    this.columns?.dispose();
    this.columns = null;
    this.scroller.replaceChildren();
    this.running.textContent = '';
  }
}
