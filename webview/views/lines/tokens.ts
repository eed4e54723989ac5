import type { Span } from '../../../src/protocol.js';
import { h, uniqueId } from '../../dom.js';
import { pitch } from './shapes.js';

/** What a column of tokens shows. */
export interface Tokens {
  readonly count: number;
  word(index: number): string;
  /** Said of it where it is pointed at, and read aloud. */
  title(index: number): string;
}

/** Tokens below each other; only those in view are in the page. */
export class TokenColumn {
  readonly element = h('div', {
    class: 'lines-tokens',
    attributes: { role: 'listbox', tabindex: '0' },
  });
  private readonly id = uniqueId('token');
  private tokens: Tokens = { count: 0, word: () => '', title: () => '' };
  private readonly shown = new Map<number, HTMLElement>();
  private active: number | null = null;
  private locked: number | null = null;

  constructor(events: {
    point(index: number | null): void;
    press(index: number): void;
    key(event: KeyboardEvent): void;
    focus(): void;
  }) {
    const at = ({ target }: Event): number | null => {
      const token = target instanceof Element ? target.closest<HTMLElement>('.lines-token') : null;
      return token === null ? null : Number(token.dataset['index']);
    };
    this.element.addEventListener('pointermove', (event) => {
      events.point(at(event));
    });
    this.element.addEventListener('pointerleave', () => {
      events.point(null);
    });
    this.element.addEventListener('click', (event) => {
      const index = at(event);
      if (index !== null) events.press(index);
    });
    this.element.addEventListener('keydown', (event) => {
      events.key(event);
    });
    this.element.addEventListener('focus', () => {
      if (this.element.matches(':focus-visible')) events.focus();
    });
  }

  show(tokens: Tokens, name: string): void {
    this.tokens = tokens;
    for (const token of this.shown.values()) token.remove();
    this.shown.clear();
    this.element.setAttribute('aria-label', name);
    this.element.style.height = `${tokens.count * pitch}px`;
  }

  /** Which of them are in view. */
  view({ start, end }: Span): void {
    const last = Math.min(end, this.tokens.count);
    for (const [index, token] of this.shown) {
      if (index >= start && index < last) continue;
      token.remove();
      this.shown.delete(index);
    }
    for (let index = start; index < last; index += 1) {
      if (!this.shown.has(index)) this.add(index);
    }
    this.mark();
  }

  /** The token that is pointed at or that the keyboard is at, and the one that is locked. */
  set(active: number | null, locked: number | null): void {
    this.active = active;
    this.locked = locked;
    this.mark();
  }

  private add(index: number): void {
    const token = h('div', {
      class: 'lines-token',
      text: this.tokens.word(index),
      title: this.tokens.title(index),
      attributes: {
        role: 'option',
        id: `${this.id}-${index}`,
        dir: 'auto',
        'data-index': String(index),
        'aria-label': this.tokens.title(index),
        'aria-setsize': String(this.tokens.count),
        'aria-posinset': String(index + 1),
      },
    });
    token.style.top = `${index * pitch}px`;
    this.shown.set(index, token);
    // In their order, for those who go through them without seeing them.
    const next = [...this.shown].filter(([other]) => other > index).sort(([a], [b]) => a - b)[0];
    this.element.insertBefore(token, next?.[1] ?? null);
  }

  private mark(): void {
    for (const [index, token] of this.shown) {
      token.classList.toggle('active', index === this.active);
      token.setAttribute('aria-selected', String(index === this.locked));
    }
    const active = this.active === null ? undefined : this.shown.get(this.active);
    if (active === undefined) this.element.removeAttribute('aria-activedescendant');
    else this.element.setAttribute('aria-activedescendant', active.id);
  }
}
