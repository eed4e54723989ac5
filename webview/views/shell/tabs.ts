import { h } from '../../dom.js';

export interface Tab {
  readonly id: string;
  readonly title: string;
  /** The id of the element that the tab opens. */
  readonly panel: string;
}

export interface TabsOptions {
  readonly label: string;
  readonly tabs: readonly Tab[];
  readonly choose: (id: string) => void;
}

/** A row of tabs: one in the tab order, arrow keys between them. */
export class Tabs {
  readonly element: HTMLElement;
  private readonly buttons = new Map<string, HTMLButtonElement>();

  constructor({ label, tabs, choose }: TabsOptions) {
    this.element = h('div', { class: 'tabs', attributes: { role: 'tablist', 'aria-label': label } });
    for (const { id, title, panel } of tabs) {
      const tab = h('button', {
        class: 'tab',
        text: title,
        attributes: { type: 'button', role: 'tab', 'aria-controls': panel },
      });
      tab.addEventListener('click', () => {
        choose(id);
      });
      this.buttons.set(id, tab);
      this.element.append(tab);
    }
    this.element.addEventListener('keydown', (event) => {
      const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (by === undefined) return;
      const shown = [...this.buttons].filter(([, tab]) => !tab.hidden);
      const at = shown.findIndex(([, tab]) => tab === document.activeElement);
      const next = shown.at((at + by) % shown.length);
      if (at < 0 || next === undefined) return;
      event.preventDefault();
      next[1].focus();
      choose(next[0]);
    });
  }

  rename(id: string, title: string): void {
    const tab = this.buttons.get(id);
    if (tab !== undefined && tab.textContent !== title) tab.textContent = title;
  }

  /** Marks a tab as open, or none; only those in `shown` are there. */
  show(open: string | null, shown: readonly string[]): void {
    for (const [id, tab] of this.buttons) {
      tab.hidden = !shown.includes(id);
      tab.setAttribute('aria-selected', String(id === open));
      tab.tabIndex = id === (open ?? shown[0]) ? 0 : -1;
    }
  }
}
