import { endStyleProbe } from '../style-probe.js';
import {
  provideVSCodeDesignSystem,
  vsCodeButton,
  vsCodeDropdown,
  vsCodeOption,
} from '@vscode/webview-ui-toolkit';
import type { Button, Dropdown } from '@vscode/webview-ui-toolkit';
import { h } from '../dom.js';

/**
 * The toolkit's widgets, under a prefix of our own so that no other library's elements can collide with them.
 * Nothing else imports the toolkit: it is archived, and this is the one place to replace it.
 */
const prefix = 'attention';
endStyleProbe();
provideVSCodeDesignSystem().withPrefix(prefix).register(vsCodeButton(), vsCodeDropdown(), vsCodeOption());

export interface ButtonOptions {
  readonly text: string;
  readonly title?: string;
  readonly look?: 'primary' | 'secondary' | 'icon';
  /** Where the text is a sign rather than words. */
  readonly label?: string;
  readonly press: () => void;
}

export function button({ text, title, look = 'secondary', label, press }: ButtonOptions): HTMLElement {
  // The tag is registered above: what is made is the toolkit's button.
  const element = document.createElement(`${prefix}-button`) as Button;
  element.textContent = text;
  if (title !== undefined) element.title = title;
  // Before the look: an icon button without a name would be given a poor one.
  if (label !== undefined) element.setAttribute('aria-label', label);
  element.setAttribute('appearance', look);
  element.addEventListener('click', press);
  return element;
}

export interface DropdownControl {
  readonly element: HTMLElement;
  set(value: string): void;
  /** Whether one of the choices is there. */
  offer(value: string, offered: boolean): void;
}

export interface DropdownOptions {
  readonly label: string;
  readonly choices: readonly { readonly value: string; readonly title: string }[];
  readonly value: string;
  readonly change: (value: string) => void;
}

export function dropdown({ label, choices, value, change }: DropdownOptions): DropdownControl {
  // The tag is registered above: what is made is the toolkit's dropdown.
  const element = document.createElement(`${prefix}-dropdown`) as Dropdown;
  element.setAttribute('aria-label', label);
  let shown = value;
  for (const choice of choices) {
    const option = document.createElement(`${prefix}-option`);
    option.setAttribute('value', choice.value);
    if (choice.value === value) option.setAttribute('selected', '');
    option.textContent = choice.title;
    element.append(option);
  }
  element.addEventListener('change', () => {
    if (element.value === shown) return;
    shown = element.value;
    change(shown);
  });
  return {
    element,
    set: (next) => {
      shown = next;
      if (element.value !== next) element.value = next;
    },
    offer: (choice, offered) => {
      const option = [...element.children].find((each) => each.getAttribute('value') === choice);
      option?.toggleAttribute('hidden', !offered);
      option?.toggleAttribute('disabled', !offered);
    },
  };
}

export interface MenuItem {
  readonly text: string;
  /** Said beside it, in muted ink. */
  readonly detail?: string;
  /** Set in a list of which one is chosen. */
  readonly checked?: boolean;
  readonly press: () => void;
}

export interface MenuOptions {
  readonly text: string;
  /** Where the text is a sign rather than words, or none. */
  readonly label?: string;
  /** What there is to choose, or how it is asked for each time the menu opens: nothing opens where that fails. */
  readonly items: readonly MenuItem[] | (() => Promise<readonly MenuItem[]>);
}

/** A button that opens a list of actions; arrow keys, Home, End, Enter and Escape as in any menu. */
export function menu({ text, label = text, items }: MenuOptions): HTMLElement {
  const list = h('div', { class: 'menu-list', attributes: { role: 'menu', 'aria-label': label } });
  list.hidden = true;
  const opener = h('button', {
    class: 'menu-button',
    text,
    attributes: { type: 'button', 'aria-haspopup': 'menu', 'aria-expanded': 'false', 'aria-label': label },
  });
  let entries: readonly HTMLElement[] = [];
  let asked = 0;

  function fill(all: readonly MenuItem[]): void {
    entries = all.map((item) => {
      const entry = h(
        'button',
        {
          class: 'menu-item',
          text: item.text,
          attributes: {
            type: 'button',
            role: item.checked === undefined ? 'menuitem' : 'menuitemradio',
            tabindex: '-1',
            ...(item.checked === undefined ? {} : { 'aria-checked': String(item.checked) }),
          },
        },
        ...(item.detail === undefined ? [] : [h('span', { class: 'muted', text: item.detail })]),
      );
      entry.addEventListener('click', () => {
        show(false);
        item.press();
      });
      return entry;
    });
    list.replaceChildren(...entries);
  }
  if (typeof items !== 'function') fill(items);

  function show(open: boolean): void {
    list.hidden = !open;
    opener.setAttribute('aria-expanded', String(open));
    if (open) (entries.find((each) => each.ariaChecked === 'true') ?? entries[0])?.focus();
    else if (list.contains(document.activeElement)) opener.focus();
  }
  function open(): void {
    if (typeof items !== 'function') {
      show(true);
      return;
    }
    const number = ++asked;
    void items().then(
      (all) => {
        if (number !== asked || !opener.isConnected) return;
        fill(all);
        show(true);
      },
      // Who is asked says why.
      () => undefined,
    );
  }
  opener.addEventListener('click', () => {
    if (list.hidden) open();
    else show(false);
  });
  opener.addEventListener('keydown', (event) => {
    if (event.key !== 'ArrowDown') return;
    event.preventDefault();
    open();
  });
  list.addEventListener('keydown', (event) => {
    const at = entries.findIndex((entry) => entry === document.activeElement);
    const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 }[event.key];
    if (next !== undefined) entries.at(next % entries.length)?.focus();
    else if (event.key === 'Escape') {
      show(false);
      opener.focus();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  });
  const root = h('div', { class: 'menu' }, opener, list);
  root.addEventListener('focusout', (event) => {
    if (!(event.relatedTarget instanceof Node) || !root.contains(event.relatedTarget)) show(false);
  });
  return root;
}
