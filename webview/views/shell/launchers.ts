import { h } from '../../dom.js';
import type { Panel } from '../../panel.js';
import { menu } from '../../controls/ui.js';
import type { RegisteredView } from '../view.js';
import { isOffered } from '../view.js';
import { bring } from './shortcuts.js';

/** In the top bar: a button for each view that stands in place of the matrix, or a menu of what it can show. */
export class Launchers {
  readonly elements: readonly HTMLElement[];

  constructor(
    private readonly panel: Panel,
    views: readonly RegisteredView[],
  ) {
    this.elements = views.map((view) => (view.choices === undefined ? this.toggle(view) : this.menu(view)));
  }

  private toggle(view: RegisteredView): HTMLElement {
    const { store } = this.panel;
    const { id, title, hint, key } = view;
    const button = h('button', {
      class: 'topbar-toggle',
      text: title,
      ...(hint === undefined ? {} : { title: hint }),
      attributes: { type: 'button', ...(key === undefined ? {} : { 'aria-keyshortcuts': key }) },
    });
    button.addEventListener('click', () => {
      bring(this.panel, view);
    });
    store.watch(
      ({ covering }) => covering?.view === id,
      (open) => {
        button.setAttribute('aria-pressed', String(open));
      },
    );
    store.watch(
      ({ content }) => content.kind === 'inspection' && isOffered(view, content.summary),
      (offered) => {
        button.hidden = !offered;
      },
    );
    return button;
  }

  private menu(view: RegisteredView): HTMLElement {
    const slot = h('span', { class: 'topbar-menu' });
    const choices = (): readonly { readonly name: string; readonly title: string }[] => {
      const { summary } = this.panel;
      return summary !== null && isOffered(view, summary) ? (view.choices?.(summary) ?? []) : [];
    };
    this.panel.store.watch(
      () => JSON.stringify(choices()),
      () => {
        const items = choices().map(({ name, title }) => ({
          text: title,
          press: () => {
            this.panel.cover({ view: view.id, choice: name });
          },
        }));
        slot.hidden = items.length === 0;
        slot.replaceChildren(...(items.length === 0 ? [] : [menu({ text: view.title, items })]));
      },
    );
    return slot;
  }
}
