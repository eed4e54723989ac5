import './compare.css';
import { h } from '../../dom.js';
import { Lifetime } from '../../lifetime.js';
import { Store } from '../../store.js';
import type { Theme } from '../../theme.js';
import { button } from '../../controls/ui.js';
import { headPlace } from '../../../src/common/counting.js';
import { compareStrings } from './strings.js';
import type { OpenView, ViewContext } from '../view.js';
import { Columns } from './columns.js';
import type { CompareMemory } from './view.js';

/** The inspection beside its variants, while that is looked at. */
export class CompareView implements OpenView {
  private readonly place = h('span', { class: 'whole-aside' });
  private readonly running = h('span', { class: 'muted', attributes: { role: 'status' } });
  private readonly add = button({
    text: compareStrings.add,
    title: compareStrings.addHint,
    press: () => {
      this.columns.add();
    },
  });
  private readonly scroller = h('div', {
    class: 'compare-scroller',
    attributes: { tabindex: '0', role: 'region', 'aria-label': compareStrings.region },
  });
  readonly element = h(
    'div',
    { class: 'compare' },
    h(
      'div',
      { class: 'whole-bar' },
      h('h2', { class: 'whole-title', text: compareStrings.title }),
      this.place,
      this.running,
      h('span', { class: 'spring' }),
      h(
        'span',
        { class: 'compare-key muted' },
        h('span', { class: 'compare-mark', text: compareStrings.mark }),
        ` ${compareStrings.legend}`,
      ),
      this.add,
      button({
        text: compareStrings.close,
        title: compareStrings.closeHint,
        press: () => {
          this.context.panel.cover(null);
        },
      }),
    ),
    this.scroller,
  );
  private readonly memory: Store<CompareMemory>;
  private readonly columns: Columns;
  private readonly life = new Lifetime();

  constructor(
    private readonly context: ViewContext,
    recalled: CompareMemory | null,
  ) {
    const { store } = context.panel;
    const opened = recalled?.opened ?? {};
    const same = recalled?.origin === store.get().origin;
    this.memory = new Store({
      origin: store.get().origin,
      variants: same ? recalled.variants : null,
      opened,
    });
    this.columns = new Columns(context, this.memory, {
      progress: (message) => {
        this.running.textContent = message === null ? '' : message === '' ? compareStrings.running : message;
      },
      full: (full) => {
        this.add.toggleAttribute('disabled', full);
        this.add.title = full ? compareStrings.fullHint : compareStrings.addHint;
      },
    });
    this.scroller.append(this.columns.element);
    this.life.add(
      // Another inspection is compared anew; the same one, run again, goes on with what stood beside it.
      store.watch(
        ({ origin }) => origin,
        (origin) => {
          if (origin !== this.memory.get().origin) this.memory.update({ origin, variants: null });
        },
      ),
      this.memory.watch((memory) => memory, context.changed),
      store.watch(
        ({ position }) => headPlace(position.layer, position.head),
        (text) => {
          this.place.textContent = text;
        },
      ),
    );
  }

  attached(): void {
    this.columns.start();
  }

  retheme(theme: Theme): void {
    this.columns.retheme(theme);
  }

  remember(): CompareMemory {
    return this.memory.get();
  }

  dispose(): void {
    this.life.dispose();
    this.columns.dispose();
  }
}
