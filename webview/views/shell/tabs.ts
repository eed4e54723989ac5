import { h } from '../../dom.js';

export interface TabsOptions<T extends string> {
  readonly label: string;
  readonly tabs: readonly { readonly name: T; readonly title: string; readonly panel: string }[];
  readonly choose: (name: T) => void;
}

/** A row of tabs: one in the tab order, arrow keys between them. */
export class Tabs<T extends string> {
  readonly element: HTMLElement;
  private readonly buttons = new Map<T, HTMLButtonElement>();

  constructor({ label, tabs, choose }: TabsOptions<T>) {
    this.element = h('div', { class: 'tabs', attributes: { role: 'tablist', 'aria-label': label } });
    for (const { name, title, panel } of tabs) {
      const tab = h('button', {
        class: 'tab',
        text: title,
        attributes: { type: 'button', role: 'tab', 'aria-controls': panel },
      });
      tab.addEventListener('click', () => {
        choose(name);
      });
      this.buttons.set(name, tab);
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

  /** Marks a tab as open, or none; only those named in `shown` are there. */
  show(open: T | null, shown?: readonly T[]): void {
    const [first] = shown ?? [...this.buttons.keys()];
    for (const [name, tab] of this.buttons) {
      tab.hidden = shown !== undefined && !shown.includes(name);
      tab.setAttribute('aria-selected', String(name === open));
      tab.tabIndex = name === (open ?? first) ? 0 : -1;
    }
  }
}
