import { endStyleProbe } from './style-probe.js';
import {
  provideVSCodeDesignSystem,
  vsCodeButton,
  vsCodeDropdown,
  vsCodeOption,
} from '@vscode/webview-ui-toolkit';
import type { Button, Dropdown } from '@vscode/webview-ui-toolkit';
import { h } from './dom.js';

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
  };
}

export interface MenuOptions {
  readonly text: string;
  readonly items: readonly { readonly text: string; readonly press: () => void }[];
}

/** A button that opens a list of actions; arrow keys, Home, End, Enter and Escape as in any menu. */
export function menu({ text, items }: MenuOptions): HTMLElement {
  const list = h('div', { class: 'menu-list', attributes: { role: 'menu', 'aria-label': text } });
  list.hidden = true;
  const opener = h('button', {
    class: 'menu-button',
    text,
    attributes: { type: 'button', 'aria-haspopup': 'menu', 'aria-expanded': 'false' },
  });
  const entries = items.map((item) => {
    const entry = h('button', {
      class: 'menu-item',
      text: item.text,
      attributes: { type: 'button', role: 'menuitem', tabindex: '-1' },
    });
    entry.addEventListener('click', () => {
      show(false);
      item.press();
    });
    return entry;
  });
  list.append(...entries);

  function show(open: boolean): void {
    list.hidden = !open;
    opener.setAttribute('aria-expanded', String(open));
    if (open) entries[0]?.focus();
    else if (list.contains(document.activeElement)) opener.focus();
  }
  opener.addEventListener('click', () => {
    show(list.hidden !== false);
  });
  opener.addEventListener('keydown', (event) => {
    if (event.key !== 'ArrowDown') return;
    event.preventDefault();
    show(true);
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
