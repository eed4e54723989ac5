import './popup.css';
import { h, uniqueId } from '../dom.js';

export interface PopupOptions {
  /** What the popup is called. */
  readonly title: string;
  readonly button: HTMLElement;
  /** Called before it is shown. */
  readonly opening?: () => void;
  /** What has the focus first; the first control where left out. */
  readonly focus?: string;
}

/** A button that opens controls below it; Escape, a press elsewhere and leaving it close them. */
export class Popup {
  readonly body: HTMLElement;
  private readonly button: HTMLElement;
  readonly element: HTMLElement;

  constructor(private readonly options: PopupOptions) {
    const { title, button } = options;
    this.button = button;
    this.body = h('div', { class: 'popup', attributes: { role: 'dialog', 'aria-label': title } });
    this.body.hidden = true;
    this.body.id = uniqueId('popup');
    button.setAttribute('aria-haspopup', 'dialog');
    button.setAttribute('aria-expanded', 'false');
    button.setAttribute('aria-controls', this.body.id);
    this.element = h('div', { class: 'popup-control' }, button, this.body);
    button.addEventListener('click', () => {
      this.open(!this.isOpen);
    });
    this.element.addEventListener('keydown', (event) => {
      if (event.key !== 'Escape' || !this.isOpen) return;
      event.stopPropagation();
      event.preventDefault();
      this.open(false);
    });
    this.element.addEventListener('focusout', (event) => {
      const to = event.relatedTarget;
      if (to instanceof Node && !this.element.contains(to)) this.open(false, false);
    });
    document.addEventListener('pointerdown', this.outside);
    window.addEventListener('resize', this.away);
  }

  get isOpen(): boolean {
    return this.body.hidden === false;
  }

  dispose(): void {
    document.removeEventListener('pointerdown', this.outside);
    window.removeEventListener('resize', this.away);
  }

  private readonly outside = (event: PointerEvent): void => {
    if (this.isOpen && event.target instanceof Node && !this.element.contains(event.target)) {
      this.open(false, false);
    }
  };

  private readonly away = (): void => {
    this.open(false, false);
  };

  private open(open: boolean, refocus = true): void {
    if (open === this.isOpen) return;
    if (open) this.options.opening?.();
    this.body.hidden = !open;
    this.button.setAttribute('aria-expanded', String(open));
    if (open) {
      this.place();
      const first = this.body.querySelector<HTMLElement>(this.options.focus ?? 'input, button, select');
      first?.focus({ preventScroll: true });
    } else if (refocus) this.button.focus();
  }

  /** Below the button, so that the picture stays in sight; above it where there is no room. */
  private place(): void {
    const { style, offsetWidth, offsetHeight } = this.body;
    const { left, top, bottom, width } = this.button.getBoundingClientRect();
    const edge = 8;
    const x = left + (width - offsetWidth) / 2;
    style.left = `${Math.max(edge, Math.min(window.innerWidth - offsetWidth - edge, x))}px`;
    const below = bottom + 4;
    const fits = below + offsetHeight <= window.innerHeight - edge;
    style.top = `${Math.max(edge, fits ? below : top - 4 - offsetHeight)}px`;
  }
}
